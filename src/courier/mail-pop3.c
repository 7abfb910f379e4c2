/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that take mail from an address that has just signed in to a mailbox (SMTP-27): the
 * sign-in, of which no messages are read. A server lets one session at a time into a mailbox, so
 * tasks for the same one wait for each other, and what was done a moment ago is not repeated.
 * Others do not wait: nothing is locked while a server is talked to.
 */
#include "base/error.h"
#include "base/ip-range.h"
#include "courier/fetch-pop3-private.h"

enum {
    FRESH_SECONDS = 60, /* servers remember it for minutes */
    ANSWER_SECONDS = 60,
    WHOLE_SECONDS = 120,
    KNOWN_MAX = 1000,
};

typedef struct {
    gboolean busy; /* somebody signs in */
    gint64 since;  /* when it was done, monotonic; 0: never */
} Mailbox;

struct KxPop3Before {
    KxMutex lock;
    KxCond changed;    /* a mailbox is not busy any more */
    GHashTable *known; /* server and login -> Mailbox */
};

KxPop3Before *kx_pop3_before_new(void)
{
    KxPop3Before *before = g_new0(KxPop3Before, 1);
    kx_mutex_init(&before->lock);
    kx_cond_init(&before->changed);
    before->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return before;
}

void kx_pop3_before_free(KxPop3Before *before)
{
    if (!before)
        return;
    g_hash_table_unref(before->known);
    kx_cond_clear(&before->changed);
    kx_mutex_clear(&before->lock);
    g_free(before);
}

/* ---- one sign-in ---- */

static gboolean connect_to(KxFetch *fetch, const KxMailTask *task, GError **error)
{
    g_auto(KxHostAnswer) answer = {0};
    guint port = task->pop3_port                 ? task->pop3_port
                 : task->tls == KX_MAIL_TLS_WRAP ? kx_fetch_pop3.tls_port
                                                 : kx_fetch_pop3.port;
    if (kx_resolver_addresses(fetch->tools->resolver, fetch->host, &answer) != KX_DNS_FOUND)
        return kx_fail(error, KX_ERR_NOT_FOUND, "its name leads to no address");
    for (guint i = 0; i < answer.addresses->len && !fetch->conn; i++) {
        g_clear_error(error);
        fetch->conn = kx_smtp_conn_open(&g_array_index(answer.addresses, KxHostAddress, i), port,
                                        task->source, fetch->task.timeout, error);
    }
    return fetch->conn != NULL;
}

/* A password is never sent in the clear, but to this host itself (SMTP-28). */
static guint protection(const KxFetch *fetch, const KxMailTask *task)
{
    if (task->tls == KX_MAIL_TLS_WRAP)
        return KX_FETCH_TLS;
    gboolean clear =
        task->tls <= KX_MAIL_TLS_MAY && kx_ip_is_loopback(kx_smtp_conn_ip(fetch->conn));
    return clear ? KX_FETCH_CLEAR : KX_FETCH_STARTTLS;
}

static gboolean sign_in(KxFetch *fetch, const KxMailTask *task, GError **error)
{
    if (!connect_to(fetch, task, error))
        return FALSE;
    fetch->task.tls = protection(fetch, task);
    return (fetch->task.tls != KX_FETCH_TLS || kx_fetch_start_tls(fetch, error)) &&
           kx_fetch_pop3.sign_in(fetch, error) && kx_fetch_pop3.end(fetch, error);
}

static gboolean visit(const KxMailTools *tools, const KxMailTask *task, GError **error)
{
    KxFetch fetch = {
        .protocol = &kx_fetch_pop3,
        .tools = tools,
        .channel = -1,
        .host = task->pop3_host,
        .login = task->user,
        .password = task->password,
        .task = {.timeout = ANSWER_SECONDS,
                 .any_certificate = task->tls < KX_MAIL_TLS_VERIFY,
                 .auth = KX_FETCH_AUTH_AUTO},
        .deadline = g_get_monotonic_time() + (gint64)WHOLE_SECONDS * G_USEC_PER_SEC,
    };
    gboolean ok = sign_in(&fetch, task, error);
    kx_smtp_conn_free(fetch.conn);
    if (fetch.greeting)
        g_string_free(fetch.greeting, TRUE);
    if (fetch.capabilities)
        g_string_free(fetch.capabilities, TRUE);
    kx_scram_client_free(fetch.scram);
    return ok;
}

/* ---- for a task ---- */

static gboolean is_fresh(const Mailbox *mailbox)
{
    return mailbox->since > 0 &&
           g_get_monotonic_time() - mailbox->since < (gint64)FRESH_SECONDS * G_USEC_PER_SEC;
}

static gboolean is_stale(gpointer key G_GNUC_UNUSED, gpointer value, gpointer data G_GNUC_UNUSED)
{
    const Mailbox *mailbox = value;
    return !mailbox->busy && !is_fresh(mailbox);
}

/* With the lock: nobody signs in to it when this returns. */
static Mailbox *wait_for(KxPop3Before *before, const char *key)
{
    for (;;) {
        Mailbox *mailbox = g_hash_table_lookup(before->known, key);
        if (mailbox && !mailbox->busy)
            return mailbox;
        if (mailbox) {
            kx_cond_wait(&before->changed, &before->lock);
            continue;
        }
        if (g_hash_table_size(before->known) >= KNOWN_MAX)
            g_hash_table_foreach_remove(before->known, is_stale, NULL);
        mailbox = g_new0(Mailbox, 1);
        g_hash_table_insert(before->known, g_strdup(key), mailbox);
        return mailbox;
    }
}

static gboolean sign_in_once(const KxMailTools *tools, const KxMailTask *task, const char *key,
                             GError **error)
{
    KxPop3Before *before = tools->pop3;
    kx_mutex_lock(&before->lock);
    Mailbox *mailbox = wait_for(before, key);
    gboolean ok = is_fresh(mailbox);
    mailbox->busy = !ok;
    kx_mutex_unlock(&before->lock);
    if (ok)
        return TRUE;
    ok = visit(tools, task, error); /* a busy one stays where it is */
    kx_mutex_lock(&before->lock);
    mailbox->busy = FALSE;
    mailbox->since = ok ? g_get_monotonic_time() : 0;
    kx_cond_broadcast(&before->changed);
    kx_mutex_unlock(&before->lock);
    return ok;
}

gboolean kx_pop3_before_mail(const KxMailTools *tools, KxMailTask *task)
{
    if (!*task->user || !*task->pop3_host)
        return TRUE;
    g_autoptr(GError) error = NULL;
    g_autofree char *key = g_strdup_printf("%s %u %s %u %s", task->pop3_host, task->pop3_port,
                                           task->user, g_str_hash(task->password), task->source);
    if (sign_in_once(tools, task, key, &error))
        return TRUE;
    g_autofree char *said = kx_fetch_quote(KX_SLICE_STR(error->message));
    g_autofree char *status = g_strdup_printf(
        "4.7.8 Signing in over POP3 at %s before the mail is sent: %s", task->pop3_host, said);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers that take mail from an address that has just signed in to a mailbox (SMTP-27): the
 * sign-in, of which no messages are read. A server lets one session at a time into a mailbox, so
 * tasks for the same one wait for each other, and what was done a moment ago is not repeated.
 */
#include "base/error.h"
#include "courier/fetch-pop3-private.h"

enum {
    FRESH_SECONDS = 60, /* servers remember it for minutes */
    ANSWER_SECONDS = 60,
    WHOLE_SECONDS = 120,
    KNOWN_MAX = 1000,
};

struct KxPop3Before {
    KxMutex lock;      /* held during a sign-in */
    GHashTable *known; /* mailbox -> gint64: when it was signed in to, monotonic */
};

KxPop3Before *kx_pop3_before_new(void)
{
    KxPop3Before *before = g_new0(KxPop3Before, 1);
    kx_mutex_init(&before->lock);
    before->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return before;
}

void kx_pop3_before_free(KxPop3Before *before)
{
    if (!before)
        return;
    g_hash_table_unref(before->known);
    kx_mutex_clear(&before->lock);
    g_free(before);
}

/* ---- one sign-in ---- */

static gboolean is_loopback(const char *ip)
{
    return g_str_has_prefix(ip, "127.") || g_str_equal(ip, "::1");
}

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
    gboolean clear = task->tls <= KX_MAIL_TLS_MAY && is_loopback(kx_smtp_conn_ip(fetch->conn));
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

/* With the lock. */
static gboolean is_fresh(KxPop3Before *before, const char *key)
{
    const gint64 *since = g_hash_table_lookup(before->known, key);
    return since && g_get_monotonic_time() - *since < (gint64)FRESH_SECONDS * G_USEC_PER_SEC;
}

/* With the lock. */
static void note(KxPop3Before *before, const char *key)
{
    gint64 now = g_get_monotonic_time();
    if (g_hash_table_size(before->known) >= KNOWN_MAX)
        g_hash_table_remove_all(before->known);
    g_hash_table_replace(before->known, g_strdup(key), g_memdup2(&now, sizeof now));
}

gboolean kx_pop3_before_mail(const KxMailTools *tools, KxMailTask *task)
{
    if (!*task->user || !*task->pop3_host)
        return TRUE;
    g_autoptr(GError) error = NULL;
    g_autofree char *key = g_strdup_printf("%s %u %s %u %s", task->pop3_host, task->pop3_port,
                                           task->user, g_str_hash(task->password), task->source);
    kx_mutex_lock(&tools->pop3->lock);
    gboolean ok = is_fresh(tools->pop3, key) || visit(tools, task, &error);
    if (ok && !is_fresh(tools->pop3, key))
        note(tools->pop3, key);
    kx_mutex_unlock(&tools->pop3->lock);
    if (ok)
        return TRUE;
    g_autofree char *said = kx_fetch_quote(KX_SLICE_STR(error->message));
    g_autofree char *status = g_strdup_printf(
        "4.7.8 Signing in over POP3 at %s before the mail is sent: %s", task->pop3_host, said);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

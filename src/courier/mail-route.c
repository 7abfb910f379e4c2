/* SPDX-License-Identifier: Apache-2.0 */
/* From a next hop to hosts and their addresses (RFC 5321 section 5.1, RFC 7505). */
#include <arpa/inet.h>

#include "courier/mail-task.h"

enum {
    HOSTS_MAX = 10,     /* of a domain that are tried */
    ADDRESSES_MAX = 10, /* of all of them together */
};

char *kx_mail_route_key(const KxMailTask *task)
{
    return g_strdup_printf("%s %u %s %d %u %d %u %s %s %s",
                           task->kind == KX_MAIL_MESSAGE ? "" : "?", task->seconds, task->route,
                           task->mx, task->port, task->tls,
                           task->flags & (KX_SMTP_REQUIRETLS | KX_SMTP_TLS_OPTIONAL), task->user,
                           task->pop3_host, task->source);
}

static void fail(KxMailTask *task, guint code, const char *text, const char *name)
{

    g_autofree char *status = g_strconcat(text, name, NULL);
    kx_mail_task_result(task, code, status);
}

/* ---- hosts ---- */

/* This server's own name in the list: neither it nor what comes after may be tried, or the message
 * would go round. */
static void cut_at_self(GPtrArray *mx, const char *self)
{
    for (guint i = 0; i < mx->len; i++) {
        const KxMx *one = mx->pdata[i];
        if (g_ascii_strcasecmp(one->name, self) != 0)
            continue;
        guint first = i;
        while (first > 0 && ((KxMx *)mx->pdata[first - 1])->preference == one->preference)
            first--;
        g_ptr_array_set_size(mx, (int)first);
        return;
    }
}

static gboolean is_null_mx(const GPtrArray *mx)
{
    return mx->len == 1 && *((const KxMx *)mx->pdata[0])->name == '\0';
}

static gboolean take_mx(GPtrArray *mx, const KxMailTools *tools, KxMailTask *task,
                        KxMailHosts *hosts)
{
    if (is_null_mx(mx)) {
        fail(task, 556, "5.1.10 This domain takes no mail: ", task->route);
        return FALSE;
    }
    cut_at_self(mx, tools->helo);
    if (mx->len == 0) {
        fail(task, 550, "5.4.6 The mail would come back to this server, which has no such domain: ",
             task->route);
        return FALSE;
    }
    for (guint i = 0; i < mx->len && i < HOSTS_MAX; i++)
        g_ptr_array_add(hosts->names, g_strdup(((KxMx *)mx->pdata[i])->name));
    return TRUE;
}

gboolean kx_mail_find_hosts(const KxMailTools *tools, KxMailTask *task, KxMailHosts *hosts)
{
    g_autoptr(GPtrArray) mx = NULL;
    hosts->secure = TRUE; /* a host that was given needs nobody to vouch for it */
    KxDnsAnswer answer =
        task->mx ? kx_resolver_mx(tools->resolver, task->route, &mx, &hosts->secure) : KX_DNS_NONE;
    if (answer == KX_DNS_FAILED) {
        fail(task, 451, "4.4.3 DNS does not answer for the domain ", task->route);
        return FALSE;
    }
    if (answer == KX_DNS_FOUND)
        return take_mx(mx, tools, task, hosts);
    g_ptr_array_add(hosts->names, g_strdup(task->route)); /* implicit MX, or a host */
    return TRUE;
}

/* ---- delivery ---- */

static void note_session(KxMailTask *task, const KxMailSession *session)
{
    g_free(task->host);
    g_free(task->ip);
    g_free(task->protection);
    task->host = g_strdup(session->host);
    task->ip = g_strdup(kx_smtp_conn_ip(session->conn));
    task->protection = g_strdup(kx_smtp_conn_tls(session->conn));
}

static gboolean is_over(const KxMailTask *task)
{
    return task->committed || task->needs_7bit || kx_mail_task_is_settled(task) ||
           g_atomic_int_get(&task->cancelled) != 0;
}

/* The session if it can carry more. */
static KxMailSession *use_session(KxMailTask *task, KxMailSession *session)
{
    static gboolean (*const dialogues[KX_MAIL_KINDS])(KxMailSession *, KxMailTask *) = {
        [KX_MAIL_MESSAGE] = kx_mail_send,
        [KX_MAIL_VERIFY] = kx_mail_verify,
        [KX_MAIL_ETRN] = kx_mail_etrn,
    };
    note_session(task, session);
    kx_mail_task_progress(task, KX_MAIL_PHASE_TALKS, 0, session->host);
    if (dialogues[task->kind](session, task))
        return session;
    kx_mail_session_free(session);
    return NULL;
}

/* Who offers TLS and then cannot do it gets the mail in the clear, where that is allowed: the
 * second connection is the same but for that (SMTP-28). */
static KxMailSession *try_address(const KxMailTools *tools, KxMailTask *task, const char *host,
                                  const KxHostAddress *address, KxMailGuard *guard)
{
    if (!kx_pop3_before_mail(tools, task))
        return NULL;
    KxMailSession *session = kx_mail_session_open(tools, task, host, address, guard);
    kx_mail_note(task, host, guard);
    if (session || !guard->broken || guard->tls != KX_MAIL_TLS_MAY)
        return session;
    guard->tls = KX_MAIL_TLS_NEVER;
    session = kx_mail_session_open(tools, task, host, address, guard);
    guard->tls = KX_MAIL_TLS_MAY;
    return session;
}

static void fail_host(KxMailTask *task, const char *host, KxDnsAnswer answer)
{
    if (task->code == 0 || answer == KX_DNS_FAILED)
        fail(task, answer == KX_DNS_FAILED ? 451 : 550,
             answer == KX_DNS_FAILED ? "4.4.3 DNS does not answer for the host "
                                     : "5.1.2 There is no such host or domain: ",
             host);
}

static KxMailSession *try_host(const KxMailTools *tools, KxMailTask *task, const char *host,
                               const KxMailHosts *hosts, guint *tries)
{
    g_auto(KxHostAnswer) found = {0};
    g_auto(KxMailGuard) guard = {0};
    KxDnsAnswer answer = kx_resolver_addresses(tools->resolver, host, &found);
    if (answer != KX_DNS_FOUND) {
        fail_host(task, host, answer);
        return NULL;
    }
    if (!kx_mail_guard_find(tools, task, host, &found, hosts->secure, hosts->policy, &guard))
        return NULL;
    for (guint i = 0; i < found.addresses->len && *tries < ADDRESSES_MAX; i++, ++*tries) {
        const KxHostAddress *address = &g_array_index(found.addresses, KxHostAddress, i);
        kx_mail_task_progress(task, KX_MAIL_PHASE_CONNECTS, 0, host);
        if (kx_mail_ask_address(task, address))
            continue;
        KxMailSession *session = try_address(tools, task, host, address, &guard);
        if (session)
            session = use_session(task, session);
        if (session || is_over(task))
            return session;
    }
    return NULL;
}

/* What no mail server is asked. */
static gboolean ask_no_server(const KxMailTools *tools, KxMailTask *task)
{
    static void (*const asks[KX_MAIL_KINDS])(const KxMailTools *, KxMailTask *) = {
        [KX_MAIL_POST] = kx_mail_post,         [KX_MAIL_EXPLAIN] = kx_mail_explain,
        [KX_MAIL_DOMAIN] = kx_mail_ask_domain, [KX_MAIL_WEB] = kx_mail_web,
        [KX_MAIL_OCSP] = kx_mail_web,          [KX_MAIL_TEXTS] = kx_mail_ask_texts,
        [KX_MAIL_SPF] = kx_mail_ask_spf,
    };
    if (!asks[task->kind])
        return FALSE;
    asks[task->kind](tools, task);
    return TRUE;
}

KxMailSession *kx_mail_deliver(const KxMailTools *tools, KxMailTask *task, KxMailSession *session)
{
    if (session) {
        session->used = TRUE;
        session = use_session(task, session);
        if (session || task->code != 0 || is_over(task))
            return session;
    }
    if (ask_no_server(tools, task))
        return NULL;
    kx_mail_task_progress(task, KX_MAIL_PHASE_LOOKS_UP, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(KxStsPolicy) policy = NULL;
    KxMailHosts hosts = {names, FALSE, NULL};
    gboolean gone = kx_mail_find_hosts(tools, task, &hosts); /* no host of them exists */
    if (gone) {
        kx_mail_note_begin(tools, task);
        hosts.policy = policy = kx_mail_guard_policy(tools, task);
    }
    guint tries = 0;
    for (guint i = 0; i < names->len && !session; i++) {
        session = try_host(tools, task, names->pdata[i], &hosts, &tries);
        gone = gone && tries == 0 && task->code / 100 == 5;
        if (is_over(task) && !gone)
            break;
    }
    if (!session)
        kx_mail_task_settle_unsafe(task);
    return session;
}

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
    return g_strdup_printf("%s %u %s %d %u %d %s %s", task->kind == KX_MAIL_MESSAGE ? "" : "?",
                           task->seconds, task->route, task->mx, task->port, task->tls, task->user,
                           task->source);
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

static GPtrArray *take_mx(GPtrArray *mx, const KxMailTools *tools, KxMailTask *task)
{
    g_autoptr(GPtrArray) owned = mx;
    if (is_null_mx(mx)) {
        fail(task, 556, "5.1.10 This domain takes no mail: ", task->route);
        return NULL;
    }
    cut_at_self(mx, tools->helo);
    if (mx->len == 0) {
        fail(task, 550, "5.4.6 The mail would come back to this server, which has no such domain: ",
             task->route);
        return NULL;
    }
    GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < mx->len && i < HOSTS_MAX; i++)
        g_ptr_array_add(hosts, g_strdup(((KxMx *)mx->pdata[i])->name));
    return hosts;
}

/* Names in the order in which they are to be tried; NULL: the task has its result. */
static GPtrArray *find_hosts(const KxMailTools *tools, KxMailTask *task)
{
    GPtrArray *mx = NULL;
    KxDnsAnswer answer = task->mx ? kx_resolver_mx(tools->resolver, task->route, &mx) : KX_DNS_NONE;
    if (answer == KX_DNS_FAILED) {
        fail(task, 451, "4.4.3 DNS does not answer for the domain ", task->route);
        return NULL;
    }
    if (answer == KX_DNS_FOUND)
        return take_mx(mx, tools, task);
    GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(hosts, g_strdup(task->route)); /* implicit MX, or a host */
    return hosts;
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
    return task->committed || kx_mail_task_is_settled(task) ||
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
    if (dialogues[task->kind](session, task))
        return session;
    kx_mail_session_free(session);
    return NULL;
}

static KxMailSession *try_host(const KxMailTools *tools, KxMailTask *task, const char *host,
                               guint *tries)
{
    GArray *found = NULL;
    KxDnsAnswer answer = kx_resolver_addresses(tools->resolver, host, &found);
    if (answer != KX_DNS_FOUND) {
        if (task->code == 0 || answer == KX_DNS_FAILED)
            fail(task, answer == KX_DNS_FAILED ? 451 : 550,
                 answer == KX_DNS_FAILED ? "4.4.3 DNS does not answer for the host "
                                         : "5.1.2 There is no such host or domain: ",
                 host);
        return NULL;
    }
    g_autoptr(GArray) addresses = found;
    for (guint i = 0; i < addresses->len && *tries < ADDRESSES_MAX; i++, ++*tries) {
        if (kx_mail_ask_address(task, &g_array_index(addresses, KxHostAddress, i)))
            continue;
        KxMailSession *session =
            kx_mail_session_open(tools, task, host, &g_array_index(addresses, KxHostAddress, i));
        if (session)
            session = use_session(task, session);
        if (session || is_over(task))
            return session;
    }
    return NULL;
}

KxMailSession *kx_mail_deliver(const KxMailTools *tools, KxMailTask *task, KxMailSession *session)
{
    if (session) {
        session->used = TRUE;
        session = use_session(task, session);
        if (session || task->code != 0 || is_over(task))
            return session;
    }
    g_autoptr(GPtrArray) hosts = find_hosts(tools, task);
    gboolean gone = TRUE; /* no host of them exists */
    guint tries = 0;
    for (guint i = 0; hosts && i < hosts->len && !session; i++) {
        session = try_host(tools, task, hosts->pdata[i], &tries);
        gone = gone && tries == 0 && task->code / 100 == 5;
        if (is_over(task) && !gone)
            break;
    }
    return session;
}

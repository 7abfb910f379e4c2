/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to protect the connection to a host: what the task asks for at least, and what the
 * host's domain says in TLSA records (RFC 7672), which DNSSEC vouches for all along the way: from
 * the MX records to the addresses to the TLSA records.
 */
#include "courier/mail-task.h"

void kx_mail_guard_clear(KxMailGuard *guard)
{
    g_clear_pointer(&guard->host, g_free);
    for (guint i = 0; i < G_N_ELEMENTS(guard->names); i++)
        g_clear_pointer(&guard->names[i], g_free);
    g_clear_pointer(&guard->tlsa, g_ptr_array_unref);
}

/* ---- DANE ---- */

/* Where the host is an alias, the records of the name it stands for come first (RFC 7672
 * section 2.2.2). */
static KxDnsAnswer find_tlsa(const KxMailTools *tools, const KxMailTask *task, const char *host,
                             const KxHostAnswer *answer, KxMailGuard *guard)
{
    const char *names[] = {answer->canonical ? answer->canonical : host, host};
    KxDnsAnswer found = KX_DNS_NONE;
    for (guint i = 0; i < (answer->canonical ? 2 : 1) && found == KX_DNS_NONE; i++) {
        found = kx_resolver_tlsa(tools->resolver, names[i], task->port, &guard->tlsa);
        if (found != KX_DNS_FOUND)
            continue;
        g_free(guard->host);
        guard->host = g_strdup(names[i]);
    }
    return found;
}

/* Records that nothing can be done with still say that the server has TLS (RFC 7672 section 2.2).
 */
static void use_tlsa(KxMailGuard *guard, const KxMailTask *task, const char *host)
{
    if (kx_tlsa_usable(guard->tlsa) == 0) {
        g_clear_pointer(&guard->tlsa, g_ptr_array_unref);
        guard->tls = MAX(guard->tls, KX_MAIL_TLS_MUST);
        return;
    }
    guard->tls = KX_MAIL_TLS_VERIFY;
    guard->names[0] = g_strdup(host); /* for DANE-TA (RFC 7672 section 3.2.2) */
    guard->names[1] = g_strdup(task->route);
}

static gboolean uses_dane(const KxMailTools *tools, const KxMailTask *task, gboolean secure)
{
    return tools->dane && secure && task->tls != KX_MAIL_TLS_NEVER && task->tls != KX_MAIL_TLS_WRAP;
}

gboolean kx_mail_guard_find(const KxMailTools *tools, KxMailTask *task, const char *host,
                            const KxHostAnswer *answer, gboolean secure, KxMailGuard *ret_guard)
{
    *ret_guard = (KxMailGuard){.tls = task->tls, .host = g_strdup(host)};
    if (!uses_dane(tools, task, secure && answer->secure))
        return TRUE;
    KxDnsAnswer found = find_tlsa(tools, task, host, answer, ret_guard);
    if (found == KX_DNS_FOUND)
        use_tlsa(ret_guard, task, host);
    if (found != KX_DNS_FAILED)
        return TRUE;
    /* Without an answer nobody knows what protection there has to be (RFC 7672 section 2.1.2). */
    g_autofree char *status =
        g_strdup_printf("4.7.5 DNS does not answer for the TLSA records of %s", host);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

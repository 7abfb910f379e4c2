/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to protect the connection to a host: what the task asks for at least, and what the
 * host's domain says in TLSA records (RFC 7672), which DNSSEC vouches for all along the way: from
 * the MX records to the addresses to the TLSA records. Where there are none, the policy of MTA-STS
 * counts (RFC 8461).
 */
#include "courier/mail-task.h"
#include "settings/checks.h"

void kx_mail_guard_clear(KxMailGuard *guard)
{
    g_clear_pointer(&guard->host, g_free);
    for (guint i = 0; i < G_N_ELEMENTS(guard->names); i++)
        g_clear_pointer(&guard->names[i], g_free);
    g_clear_pointer(&guard->tlsa, g_ptr_array_unref);
    g_clear_pointer(&guard->ip, g_free);
    g_clear_pointer(&guard->source, g_free);
    g_clear_pointer(&guard->reason, g_free);
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
 * FALSE: they are such. */
static gboolean use_tlsa(KxMailGuard *guard, const KxMailTask *task, const char *host)
{
    if (kx_tlsa_usable(guard->tlsa) == 0) {
        g_clear_pointer(&guard->tlsa, g_ptr_array_unref);
        guard->tls = MAX(guard->tls, KX_MAIL_TLS_MUST);
        return FALSE;
    }
    guard->tls = KX_MAIL_TLS_VERIFY;
    guard->type = KX_TLS_TLSA;
    guard->names[0] = g_strdup(host); /* for DANE-TA (RFC 7672 section 3.2.2) */
    guard->names[1] = g_strdup(task->route);
    return TRUE;
}

/* "TLS-Required: No" (RFC 8689 section 4.2.2) counts against what the domain asks for, not against
 * what the administrator does. */
static gboolean is_optional(const KxMailTask *task)
{
    return (task->flags & KX_SMTP_TLS_OPTIONAL) != 0;
}

static KxMailTls least_tls(const KxMailTask *task)
{
    return kx_mail_task_requires_tls(task) ? MAX(task->tls, KX_MAIL_TLS_VERIFY) : task->tls;
}

static gboolean uses_dane(const KxMailTools *tools, const KxMailTask *task, gboolean secure)
{
    KxMailTls tls = least_tls(task);
    return tools->dane && secure && !is_optional(task) && tls != KX_MAIL_TLS_NEVER &&
           tls != KX_MAIL_TLS_WRAP;
}

/* ---- MTA-STS ---- */

KxStsPolicy *kx_mail_guard_policy(const KxMailTools *tools, KxMailTask *task)
{
    if (!tools->sts || !task->mx || least_tls(task) == KX_MAIL_TLS_NEVER || is_optional(task) ||
        !kx_check_hostname(task->route, NULL)) /* what is no name must not get into a URL */
        return NULL;
    return kx_sts_cache_find(tools->sts, tools->resolver, task->route, tools->sts_port,
                             &task->sts_problem);
}

/* A policy that is only tested changes nothing (RFC 8461 section 5.2), but is reported. */
static gboolean use_policy(KxMailTask *task, const char *host, const KxStsPolicy *policy,
                           KxMailGuard *guard)
{
    if (!policy || policy->mode == KX_STS_NONE)
        return TRUE;
    guard->type = KX_TLS_STS;
    guard->policy = policy;
    guard->unnamed = !kx_sts_policy_names(policy, host);
    if (policy->mode != KX_STS_ENFORCE)
        return TRUE;
    guard->tls = MAX(guard->tls, KX_MAIL_TLS_VERIFY);
    if (!guard->unnamed)
        return TRUE;
    guard->tried = TRUE; /* and found to be nothing */
    kx_mail_note(task, host, guard);
    g_autofree char *status = g_strdup_printf(
        "4.7.5 The MTA-STS policy of %s does not name its host %s", task->route, host);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

gboolean kx_mail_guard_find(const KxMailTools *tools, KxMailTask *task, const char *host,
                            const KxHostAnswer *answer, gboolean secure, const KxStsPolicy *policy,
                            KxMailGuard *ret_guard)
{
    KxDnsAnswer found = KX_DNS_NONE;
    *ret_guard = (KxMailGuard){.tls = least_tls(task), .host = g_strdup(host)};
    if (uses_dane(tools, task, secure && answer->secure))
        found = find_tlsa(tools, task, host, answer, ret_guard);
    if (found == KX_DNS_FOUND && use_tlsa(ret_guard, task, host))
        return TRUE; /* the host's own words count before the domain's (RFC 8461 section 2) */
    if (found != KX_DNS_FAILED)
        return use_policy(task, host, policy, ret_guard);
    ret_guard->type = KX_TLS_TLSA;
    ret_guard->result = KX_TLS_DNSSEC_INVALID;
    ret_guard->tried = TRUE;
    kx_mail_note(task, host, ret_guard);
    /* Without an answer nobody knows what protection there has to be (RFC 7672 section 2.1.2). */
    g_autofree char *status =
        g_strdup_printf("4.7.5 DNS does not answer for the TLSA records of %s", host);
    kx_mail_task_result(task, 451, status);
    return FALSE;
}

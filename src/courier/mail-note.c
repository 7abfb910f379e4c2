/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of connections for reports (RFC 8460 section 4): of mail that goes where DNS says, as long
 * as the domain's wishes are obeyed; reports themselves do not count, as they need no TLS. */
#include "courier/mail-task.h"
#include "settings/checks.h"

void kx_mail_note_begin(const KxMailTools *tools, KxMailTask *task)
{
    if (tools->reports && task->kind == KX_MAIL_MESSAGE && task->mx && !task->rua &&
        task->tls != KX_MAIL_TLS_NEVER && !(task->flags & KX_SMTP_TLS_OPTIONAL) &&
        kx_check_hostname(task->route, NULL))
        task->rua = kx_tls_rua(tools->resolver, task->route);
}

static char *policy_text(const KxMailGuard *guard)
{
    char *text = guard->policy ? kx_sts_policy_format(guard->policy)
                 : guard->tlsa ? kx_tls_format_tlsa(guard->tlsa)
                               : g_strdup("");
    if (strlen(text) > KX_TLS_POLICY_MAX)
        text[KX_TLS_POLICY_MAX] = '\0';
    return text;
}

static KxTlsNote *new_note(const char *host, const KxMailGuard *guard, const KxMailTask *task)
{
    KxTlsNote *note = g_new0(KxTlsNote, 1);
    gboolean lost = guard->type == KX_TLS_NO_POLICY && task->sts_problem != KX_TLS_GOOD;
    note->type = lost ? KX_TLS_STS : guard->type;
    note->result = lost ? task->sts_problem : guard->result;
    note->policy = policy_text(guard);
    note->mx = g_strdup(host);
    note->ip = g_strdup(guard->ip ? guard->ip : "");
    note->source = g_strdup(guard->source ? guard->source : "");
    if (note->result == KX_TLS_GOOD && guard->unnamed) {
        note->result = KX_TLS_VALIDATION;
        note->reason = g_strdup("the policy does not name the host");
    } else {
        note->reason = g_strndup(guard->reason ? guard->reason : "", 200);
    }
    return note;
}

void kx_mail_note(KxMailTask *task, const char *host, const KxMailGuard *guard)
{
    if (task->rua && guard->tried && task->notes->len < KX_TLS_NOTES_MAX)
        g_ptr_array_add(task->notes, new_note(host, guard, task));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* MAIL and RCPT with what the server knows of what the sender wanted (RFC 1870, 2852, 3030, 3461,
 * 6152, 6531, 6710, 8689). */
#include "courier/mail-task.h"

enum { BY_MOST = 999999999 }; /* RFC 2852 section 4 */

gint64 kx_mail_time_left(const KxMailTask *task)
{
    gint64 left = task->deliver_by - g_get_real_time() / G_USEC_PER_SEC;
    return CLAMP(left, -BY_MOST, BY_MOST);
}

static void append_deadline(GString *line, const KxMailSession *session, const KxMailTask *task)
{
    if (!(session->features & KX_MAIL_HAS_DELIVERBY) || task->deliver_by == 0)
        return;
    g_string_append_printf(line, " BY=%" G_GINT64_FORMAT ";%s%s", kx_mail_time_left(task),
                           task->flags & KX_SMTP_BY_RETURN ? "R" : "N",
                           task->flags & KX_SMTP_BY_TRACE ? "T" : "");
}

gboolean kx_mail_say_mail(KxMailSession *session, const KxMailTask *task, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "MAIL FROM:<%s>", task->from);
    if (session->features & KX_MAIL_HAS_SIZE)
        g_string_append_printf(line, " SIZE=%" G_GUINT64_FORMAT, kx_mail_task_length(task));
    if (task->flags & KX_SMTP_BINARYMIME && session->features & KX_MAIL_HAS_BINARYMIME)
        g_string_append(line, " BODY=BINARYMIME");
    else if (task->flags & KX_SMTP_8BITMIME && session->features & KX_MAIL_HAS_8BITMIME)
        g_string_append(line, " BODY=8BITMIME");
    if (task->flags & KX_SMTP_UTF8 && session->features & KX_MAIL_HAS_SMTPUTF8)
        g_string_append(line, " SMTPUTF8");
    if (kx_mail_task_requires_tls(task))
        g_string_append(line, " REQUIRETLS");
    if (session->features & KX_MAIL_HAS_DSN && *task->ret)
        g_string_append_printf(line, " RET=%s", task->ret);
    if (session->features & KX_MAIL_HAS_DSN && *task->envid)
        g_string_append_printf(line, " ENVID=%s", task->envid);
    append_deadline(line, session, task);
    if (session->features & KX_MAIL_HAS_PRIORITY && task->priority > 0)
        g_string_append_printf(line, " MT-PRIORITY=%d", (int)task->priority - KX_PRIORITY_BASE);
    return kx_smtp_conn_printf(session->conn, error, "%s\r\n", line->str);
}

static void append_notify(GString *line, guint notify)
{
    static const struct {
        guint flag;
        const char *word;
    } words[] = {{KX_NOTIFY_NEVER, "NEVER"},
                 {KX_NOTIFY_SUCCESS, "SUCCESS"},
                 {KX_NOTIFY_FAILURE, "FAILURE"},
                 {KX_NOTIFY_DELAY, "DELAY"}};
    const char *separator = " NOTIFY=";
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!(notify & words[i].flag))
            continue;
        g_string_append_printf(line, "%s%s", separator, words[i].word);
        separator = ",";
    }
}

gboolean kx_mail_say_rcpt(KxMailSession *session, const KxMailRecipient *recipient, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "RCPT TO:<%s>", recipient->address);
    if (session->features & KX_MAIL_HAS_DSN) {
        append_notify(line, recipient->notify);
        if (*recipient->orcpt)
            g_string_append_printf(line, " ORCPT=%s", recipient->orcpt);
    }
    return kx_smtp_conn_printf(session->conn, error, "%s\r\n", line->str);
}

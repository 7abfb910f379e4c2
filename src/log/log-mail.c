/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-mail.h"

#include "log/log-value.h"

#define TO_LIST_MAX 4096

static void append_recipients(GString *line, const char *const *to)
{
    size_t start = line->len;
    for (guint i = 0; to && to[i]; i++) {
        if (line->len - start > TO_LIST_MAX) {
            g_string_append_printf(line, " and %u more", g_strv_length((GStrv)to + i));
            break;
        }
        if (i > 0)
            g_string_append(line, ", ");
        kx_log_append_address(line, to[i]);
    }
}

static void append_field(GString *line, const char *key, const char *value)
{
    if (!value)
        return;
    g_string_append_printf(line, ", %s: ", key);
    kx_log_append_plain(line, value);
}

void kx_log_mail_recv(KxLogger *logger, const KxLogMailRecv *recv)
{
    g_autoptr(GString) line = g_string_new("Recv: Queue-ID: ");
    kx_log_append_plain(line, recv->queue_id);
    append_field(line, "Service", recv->service);
    g_string_append(line, ", From: ");
    kx_log_append_address(line, recv->from);
    g_string_append(line, ", To: ");
    append_recipients(line, recv->to);
    g_string_append_printf(line, ", Size: %" G_GUINT64_FORMAT, recv->size);
    append_field(line, "User", recv->user);
    append_field(line, "Sender-Host", recv->sender_host);
    append_field(line, "Report", recv->report);
    if (!recv->report)
        append_field(line, "SSL", recv->secure ? "yes" : "no");
    kx_log(logger, KX_LOG_MAIL, "%s", line->str);
}

void kx_log_mail_sent(KxLogger *logger, const KxLogMailSent *sent)
{
    g_autoptr(GString) line = g_string_new("Sent: Queue-ID: ");
    kx_log_append_plain(line, sent->queue_id);
    g_string_append(line, ", Recipient: ");
    kx_log_append_address(line, sent->recipient);
    append_field(line, "Result", sent->result);
    append_field(line, "Status", sent->status);
    kx_log(logger, KX_LOG_MAIL, "%s", line->str);
}

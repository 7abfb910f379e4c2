/* SPDX-License-Identifier: Apache-2.0 */
/* From the logs to the courier. */
#include <unistd.h>

#include "ipc/channel.h"
#include "log/syslog-format.h"
#include "server/core-private.h"

void kx_core_tell_courier(KxCoreProcess *process, KxMessageType type, const void *body)
{
    char bytes[KX_MESSAGE_MAX];
    size_t len = kx_message_pack(type, 0, body, bytes, sizeof bytes);
    /* When the courier cannot follow, lines are dropped here, not mail. */
    kx_mutex_lock(&process->courier_lock);
    if (len > 0 && process->courier >= 0)
        kx_channel_send_packed(process->courier, bytes, len, -1);
    kx_mutex_unlock(&process->courier_lock);
}

static void send_line(KxCoreProcess *process, const char *server, guint port, guint transport,
                      GString *text)
{
    KxMsgSyslog line = {server, port, transport, {text->str, text->len}};
    kx_core_tell_courier(process, KX_MSG_SYSLOG, &line);
}

gboolean kx_core_send_courier(gpointer data, KxMessageType type, guint32 session, const void *body,
                              int fd)
{
    KxCoreProcess *process = data;
    kx_mutex_lock(&process->courier_lock);
    gboolean sent =
        process->courier >= 0 && kx_channel_send(process->courier, type, session, body, fd);
    kx_mutex_unlock(&process->courier_lock);
    return sent;
}

void kx_core_log_sink(gpointer data, const KxLogRecord *record)
{
    KxCoreProcess *process = data;
    const KxLogConfig *config = record->config;
    gboolean to_server = config->syslog_enabled && config->syslog_server && *config->syslog_server;
    if (!process->core.directory || (!to_server && !config->journald))
        return;
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    KxSyslogOrigin origin = {kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), getpid()};
    g_autoptr(GString) text = g_string_sized_new(512);
    if (to_server) {
        kx_syslog_render(record, &origin, text);
        send_line(process, config->syslog_server, config->syslog_port, config->syslog_transport,
                  text);
    }
    if (config->journald) {
        g_string_truncate(text, 0);
        kx_journald_render(record, &origin, text);
        send_line(process, "", 0, KX_SYSLOG_TO_JOURNAL, text);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* From the logs to the courier. */
#include <unistd.h>

#include "ipc/channel.h"
#include "log/syslog-format.h"
#include "server/core-private.h"

static void send_line(int fd, const char *server, guint port, guint transport, GString *text)
{
    KxMsgSyslog line = {server, port, transport, {text->str, text->len}};
    char bytes[KX_MESSAGE_MAX];
    size_t len = kx_message_pack(KX_MSG_SYSLOG, 0, &line, bytes, sizeof bytes);
    /* The channel does not block: when the courier cannot follow, lines are dropped here, not mail. */
    if (len > 0)
        kx_channel_send_packed(fd, bytes, len, -1);
}

void kx_core_log_sink(gpointer data, const KxLogRecord *record)
{
    KxCoreProcess *process = data;
    int fd = g_atomic_int_get(&process->courier);
    if (fd < 0 || !process->core.directory)
        return;
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    KxSyslogOrigin origin = {kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), getpid()};
    const KxLogConfig *config = record->config;
    g_autoptr(GString) text = g_string_sized_new(512);
    if (config->syslog_enabled && config->syslog_server && *config->syslog_server) {
        kx_syslog_render(record, &origin, text);
        send_line(fd, config->syslog_server, config->syslog_port, config->syslog_transport, text);
    }
    if (config->journald) {
        g_string_truncate(text, 0);
        kx_journald_render(record, &origin, text);
        send_line(fd, "", 0, KX_SYSLOG_TO_JOURNAL, text);
    }
}

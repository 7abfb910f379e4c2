/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-settings.h"

/* Position of a word in "a|b|c". The settings table has checked that it is one of them. */
static guint choice(const KxSettings *settings, KxSettingId id)
{
    g_auto(GStrv) words = g_strsplit(kx_setting_row(id)->choices, "|", -1);
    const char *value = kx_settings_text(settings, id);
    for (guint i = 0; words[i]; i++)
        if (g_str_equal(words[i], value))
            return i;
    return 0;
}

static KxLogConfig config_of(const KxSettings *settings, KxLogId log)
{
#define ROW(name) kx_setting_of_log(log, KX_LOG_ROW_##name)
    return (KxLogConfig){
        .file_enabled = kx_settings_bool(settings, ROW(FILE)),
        .file_name = kx_settings_text(settings, ROW(FILE_NAME)),
        .rotate = choice(settings, ROW(ROTATE)),
        .max_size_kb = (guint64)kx_settings_int(settings, ROW(MAX_SIZE)) / 1024,
        .keep = (guint)kx_settings_int(settings, ROW(KEEP)),
        .syslog_enabled = kx_settings_bool(settings, ROW(SYSLOG)),
        .syslog_server = kx_settings_text(settings, ROW(SYSLOG_SERVER)),
        .syslog_port = (guint16)kx_settings_int(settings, ROW(SYSLOG_PORT)),
        .syslog_transport = choice(settings, ROW(SYSLOG_TRANSPORT)),
        .syslog_format = choice(settings, ROW(SYSLOG_FORMAT)),
        .facility = choice(settings, ROW(SYSLOG_FACILITY)),
        .severity = choice(settings, ROW(SYSLOG_SEVERITY)),
        .journald = kx_settings_bool(settings, KX_SET_LOG_JOURNALD),
    };
#undef ROW
}

void kx_log_apply_settings(KxLogger *logger, const KxSettings *settings)
{
    for (guint log = 0; log < KX_LOG_COUNT; log++) {
        KxLogConfig config = config_of(settings, log);
        g_autoptr(GError) error = NULL;
        if (!kx_logger_configure(logger, log, &config, &error))
            kx_log(logger, KX_LOG_ERROR, "The settings of the %s log are not used: %s",
                   kx_log_title(log), error->message);
    }
    guint64 mask = 0;
    const char *const *topic = kx_settings_list(settings, KX_SET_LOG_DEBUG_TOPICS);
    for (; topic && *topic; topic++) {
        KxDebugTopic id;
        if (kx_debug_topic_from_slug(*topic, &id))
            mask |= KX_DEBUG_BIT(id);
    }
    kx_logger_set_debug(logger, mask);
}

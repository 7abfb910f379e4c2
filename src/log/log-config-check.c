/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults, validation and copies of a log's configuration. */
#include "base/error.h"
#include "log/log-private.h"

#define NAME_MAX_LEN   200
#define SERVER_MAX_LEN 255
#define SIZE_MAX_KB    (1024 * 1024 * 1024)
#define FACILITY_MAIL  2

typedef struct LogDefaults {
    const char *file_name;
    guint severity;
    guint64 max_size_kb;
    guint keep;
} LogDefaults;

static const LogDefaults DEFAULTS[KX_LOG_COUNT] = {
#define X(id, slug, title, severity, kb, keep) {slug ".log", severity, kb, keep},
    KX_LOG_LIST(X)
#undef X
};

void kx_log_config_defaults(KxLogId log, KxLogConfig *ret_config)
{
    const LogDefaults *defaults = &DEFAULTS[log];
    *ret_config = (KxLogConfig){
        .file_enabled = TRUE,
        .file_name = defaults->file_name,
        .rotate = KX_LOG_ROTATE_NEVER,
        .max_size_kb = defaults->max_size_kb,
        .keep = defaults->keep,
        .syslog_server = "",
        .syslog_port = 514,
        .syslog_transport = KX_SYSLOG_UDP,
        .syslog_format = KX_SYSLOG_RFC5424,
        .facility = FACILITY_MAIL,
        .severity = defaults->severity,
    };
}

/* Names that rotation or the index would use themselves. */
static gboolean is_reserved(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot)
        return FALSE;
    return g_str_equal(dot, ".idx") || (dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1));
}

static gboolean is_file_name(const char *name)
{
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || len > NAME_MAX_LEN || !g_utf8_validate(name, -1, NULL) || is_reserved(name))
        return FALSE;
    for (const char *at = name; *at; at++)
        if (g_ascii_iscntrl(*at))
            return FALSE;
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (char **part = parts; *part; part++)
        if (**part == '\0' || **part == '.')
            return FALSE;
    return TRUE;
}

gboolean kx_log_config_check(const KxLogConfig *config, GError **error)
{
    if (!is_file_name(config->file_name))
        return kx_fail(error, KX_ERR_INVALID,
                       "the file name of a log is a path inside the log directory, without parts "
                       "that begin with a dot, and does not end in .idx or a number");
    if ((guint)config->rotate > KX_LOG_ROTATE_MONTHLY || config->max_size_kb > SIZE_MAX_KB)
        return kx_fail(error, KX_ERR_INVALID, "unknown rotation, or a size beyond %d KB",
                       SIZE_MAX_KB);
    if (config->keep < 1 || config->keep > KX_LOG_KEEP_MAX)
        return kx_fail(error, KX_ERR_INVALID, "the number of log files to keep is 1 to %d",
                       KX_LOG_KEEP_MAX);
    if (config->facility > 23 || config->severity > 7)
        return kx_fail(error, KX_ERR_INVALID, "syslog facility is 0 to 23, severity 0 to 7");
    if ((guint)config->syslog_transport > KX_SYSLOG_TLS ||
        (guint)config->syslog_format > KX_SYSLOG_RFC5424)
        return kx_fail(error, KX_ERR_INVALID, "unknown syslog transport or format");
    size_t server = config->syslog_server ? strlen(config->syslog_server) : 0;
    if (server > SERVER_MAX_LEN ||
        (config->syslog_enabled && (server == 0 || config->syslog_port == 0)))
        return kx_fail(error, KX_ERR_INVALID,
                       "syslog needs the name or address of a server (%d bytes at most) and a port",
                       SERVER_MAX_LEN);
    return TRUE;
}

KxLogHeldConfig *kx_log_config_copy(const KxLogConfig *config)
{
    KxLogHeldConfig *copy = g_new0(KxLogHeldConfig, 1);
    const char *server = config->syslog_server ? config->syslog_server : "";
    copy->values = *config;
    copy->values.file_name = g_strdup(config->file_name);
    copy->values.syslog_server = g_strdup(server);
    atomic_init(&copy->holders, 1);
    return copy;
}

KxLogHeldConfig *kx_log_config_hold(KxLogHeldConfig *config)
{
    atomic_fetch_add(&config->holders, 1);
    return config;
}

void kx_log_config_drop(KxLogHeldConfig *config)
{
    if (atomic_fetch_sub(&config->holders, 1) > 1)
        return;
    g_free((char *)config->values.file_name);
    g_free((char *)config->values.syslog_server);
    g_free(config);
}

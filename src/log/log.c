/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log.h"

#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"
#include "log/log-private.h"

#define TEXT_MAX (KX_LOG_LINE_MAX - KX_LOG_STAMP_LEN - 1)

/* Room for the stamp, the text, and newline or NUL. */
typedef struct Line {
    char bytes[KX_LOG_LINE_MAX + 1];
    size_t text_len;
} Line;

static gint64 system_clock(gpointer data)
{
    return g_get_real_time();
}

static gint64 now_seconds(KxLogger *logger)
{
    return logger->clock(logger->clock_data) / G_USEC_PER_SEC;
}

KxLogger *kx_logger_open(const KxLoggerOptions *options, GError **error)
{
    if (!kx_mkdir_durable(options->directory, error))
        return NULL;
    KxLogger *logger = g_new0(KxLogger, 1);
    logger->directory = g_strdup(options->directory);
    logger->external = options->external;
    logger->external_data = options->external_data;
    logger->clock = options->clock ? options->clock : system_clock;
    logger->clock_data = options->clock_data;
    pthread_mutex_init(&logger->configure_lock, NULL);
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++) {
        KxLogSlot *slot = &logger->slots[id];
        KxLogConfig config;
        kx_log_config_defaults(id, &config);
        slot->config = kx_log_config_copy(&config);
        pthread_mutex_init(&slot->lock, NULL);
        g_autofree char *path = g_build_filename(logger->directory, config.file_name, NULL);
        kx_log_file_init(&slot->file);
        kx_log_file_configure(&slot->file, path, &config);
    }
    return logger;
}

void kx_logger_close(KxLogger *logger)
{
    if (!logger)
        return;
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++) {
        KxLogSlot *slot = &logger->slots[id];
        kx_log_file_free(&slot->file);
        kx_log_config_drop(slot->config);
        pthread_mutex_destroy(&slot->lock);
    }
    pthread_mutex_destroy(&logger->configure_lock);
    g_free(logger->directory);
    g_free(logger);
}

/* Under the configure lock no slot's configuration changes. */
static gboolean file_is_free(KxLogger *logger, KxLogId log, const char *name)
{
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++)
        if (id != log && g_str_equal(logger->slots[id].config->values.file_name, name))
            return FALSE;
    return TRUE;
}

static void replace_config(KxLogger *logger, KxLogSlot *slot, const KxLogConfig *config)
{
    KxLogHeldConfig *copy = kx_log_config_copy(config);
    g_autofree char *path = g_build_filename(logger->directory, config->file_name, NULL);
    pthread_mutex_lock(&slot->lock);
    KxLogHeldConfig *old = slot->config;
    slot->config = copy;
    kx_log_file_configure(&slot->file, path, &copy->values);
    pthread_mutex_unlock(&slot->lock);
    kx_log_config_drop(old);
}

gboolean kx_logger_configure(KxLogger *logger, KxLogId log, const KxLogConfig *config,
                             GError **error)
{
    if (!kx_log_config_check(config, error))
        return FALSE;
    pthread_mutex_lock(&logger->configure_lock);
    gboolean is_free = file_is_free(logger, log, config->file_name);
    if (is_free)
        replace_config(logger, &logger->slots[log], config);
    pthread_mutex_unlock(&logger->configure_lock);
    return is_free
               ? TRUE
               : kx_fail(error, KX_ERR_IN_USE, "another log is written to %s", config->file_name);
}

void kx_logger_tick(KxLogger *logger)
{
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++) {
        KxLogSlot *slot = &logger->slots[id];
        pthread_mutex_lock(&slot->lock);
        if (slot->config->values.file_enabled)
            kx_log_file_tick(&slot->file, now_seconds(logger));
        pthread_mutex_unlock(&slot->lock);
    }
}

gboolean kx_log_clear(KxLogger *logger, KxLogId log, GError **error)
{
    KxLogSlot *slot = &logger->slots[log];
    pthread_mutex_lock(&slot->lock);
    gboolean ok = kx_log_file_clear(&slot->file, now_seconds(logger), error);
    if (!slot->config->values.file_enabled)
        kx_log_file_close(&slot->file);
    pthread_mutex_unlock(&slot->lock);
    return ok;
}

static gboolean is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((guchar)text[i] < 0x20 || (guchar)text[i] >= 0x7f)
            return FALSE;
    return TRUE;
}

/* Shortens to `max` bytes with "..." at the end, not inside a character. */
static size_t cut(char *text, size_t max)
{
    size_t len = max - 3;
    while (len > 0 && ((guchar)text[len] & 0xc0) == 0x80)
        len--;
    memcpy(text + len, "...", 3);
    return len + 3;
}

static void format_line(Line *line, const char *format, va_list args)
{
    char *text = line->bytes + KX_LOG_STAMP_LEN;
    int n = vsnprintf(text, TEXT_MAX + 1, format, args);
    size_t len = MIN((size_t)MAX(n, 0), TEXT_MAX);
    if (n > TEXT_MAX)
        len = cut(text, TEXT_MAX);
    if (!is_plain(text, len)) {
        g_autofree char *escaped = kx_escape_for_log(text, (gssize)len, len);
        size_t escaped_len = strlen(escaped);
        len = MIN(escaped_len, TEXT_MAX);
        memcpy(text, escaped, len);
        if (escaped_len > TEXT_MAX)
            len = cut(text, TEXT_MAX);
    }
    line->text_len = len;
    text[len] = '\n';
}

static void send_out(KxLogger *logger, KxLogId log, gint64 time_us, const KxLogConfig *config,
                     Line *line)
{
    char *text = line->bytes + KX_LOG_STAMP_LEN;
    text[line->text_len] = '\0';
    logger->external(logger->external_data, &(KxLogRecord){log, time_us, text, config});
}

static void write_line(KxLogger *logger, KxLogId log, Line *line)
{
    KxLogSlot *slot = &logger->slots[log];
    KxLogHeldConfig *config = NULL;
    pthread_mutex_lock(&slot->lock);
    gint64 time_us =
        logger->clock(logger->clock_data); /* under the lock, so that lines are in order */
    if (slot->config->values.file_enabled)
        kx_log_file_write(&slot->file, time_us / G_USEC_PER_SEC, line->bytes,
                          KX_LOG_STAMP_LEN + line->text_len + 1);
    if (logger->external && (slot->config->values.syslog_enabled || slot->config->values.journald))
        config = kx_log_config_hold(slot->config);
    pthread_mutex_unlock(&slot->lock);
    if (config) {
        send_out(logger, log, time_us, &config->values, line);
        kx_log_config_drop(config);
    }
}

void kx_log(KxLogger *logger, KxLogId log, const char *format, ...)
{
    Line line;
    va_list args;
    if (!logger)
        return;
    va_start(args, format);
    format_line(&line, format, args);
    va_end(args);
    write_line(logger, log, &line);
}

void kx_debug_write(KxLogger *logger, KxDebugTopic topic, const char *format, ...)
{
    char text[KX_LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    kx_log(logger, KX_LOG_DEBUG, "{%s} %s", kx_debug_topic_info(topic)->slug, text);
}

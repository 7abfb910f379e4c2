/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eight logs of the server (LOG-01 to LOG-20, LOG-64, LOG-65).
 *
 * One KxLogger belongs to the process that owns the data directory; nobody else writes the files.
 * Each event is exactly one line, "[DD/Mon/YYYY HH:MM:SS] text\n" in local time, written with one
 * write(2) in append mode and not synced. A line is at most KX_LOG_LINE_MAX bytes; a longer one is
 * cut and ends in "...". Control characters and invalid UTF-8 are written as \xHH wherever they
 * come from, so a caller may pass bytes of a client as they are.
 *
 * Beside each file lies its index, "<file>.idx" (log-index.h). Rotation turns mail.log into
 * mail.log.1, mail.log.1 into mail.log.2 and so on, with their indexes.
 *
 * Logging has no result: when a file cannot be written, that is said once on stderr, the log goes
 * on trying, and the first line after recovery tells how many lines were lost.
 *
 * Threads: everything here may be called from any thread, except open and close.
 */
#pragma once

#include <glib.h>

#include "log/debug-topics.h"
#include "log/log-list.h"

#define KX_LOG_LINE_MAX  8192 /* bytes, with time and newline */
#define KX_LOG_KEEP_MAX  999  /* files of one log */
#define KX_LOG_STAMP_LEN 23   /* bytes of "[DD/Mon/YYYY HH:MM:SS] " */

typedef enum {
#define X(id, slug, title, severity, kb, keep) KX_LOG_##id,
    KX_LOG_LIST(X)
#undef X
        KX_LOG_COUNT
} KxLogId;

typedef enum {
#define X(id, slug, title, group) KX_DEBUG_##id,
    KX_DEBUG_TOPICS(X)
#undef X
        KX_DEBUG_COUNT
} KxDebugTopic;

/* At local-time boundaries: full hour, midnight, Monday's midnight, midnight of the first. */
typedef enum {
    KX_LOG_ROTATE_NEVER,
    KX_LOG_ROTATE_HOURLY,
    KX_LOG_ROTATE_DAILY,
    KX_LOG_ROTATE_WEEKLY,
    KX_LOG_ROTATE_MONTHLY,
} KxLogRotate;

typedef enum {
    KX_SYSLOG_UDP,
    KX_SYSLOG_TCP,
    KX_SYSLOG_TLS,
} KxSyslogTransport;

typedef enum {
    KX_SYSLOG_RFC3164,
    KX_SYSLOG_RFC5424,
} KxSyslogFormat;

/* How one log is kept. File, syslog and journal are independent of each other (LOG-19). */
typedef struct KxLogConfig {
    gboolean file_enabled;
    const char
        *file_name; /* relative to the log directory; no "..", not ending in .idx or .<digits> */
    KxLogRotate rotate;
    guint64 max_size_kb; /* rotate before the file exceeds this; 0: do not rotate on size */
    guint keep; /* files of this log at most, the live one included; 1 to KX_LOG_KEEP_MAX */

    gboolean syslog_enabled;
    const char *syslog_server; /* host name or address; the logger only passes it on */
    guint16 syslog_port;
    KxSyslogTransport syslog_transport;
    KxSyslogFormat syslog_format;
    guint facility; /* 0 to 23, RFC 5424 table 1 */
    guint severity; /* 0 to 7, RFC 5424 table 2; also the journal's PRIORITY */
    gboolean journald;
} KxLogConfig;

/* One event on its way to syslog or the journal; everything is valid during the callback only. */
typedef struct KxLogRecord {
    KxLogId log;
    gint64 time_us;   /* microseconds since the epoch */
    const char *text; /* one line without time and newline, valid UTF-8 */
    const KxLogConfig *config;
} KxLogRecord;

/* Called from the thread that logs, outside all locks, for logs with syslog or journal on. Must not
 * block and must not log. */
typedef void (*KxLogSink)(gpointer data, const KxLogRecord *record);

typedef struct KxLoggerOptions {
    const char *directory; /* made if absent */
    KxLogSink external;    /* may be NULL */
    gpointer external_data;
    gint64 (*clock)(gpointer data); /* microseconds since the epoch; NULL: the system's clock */
    gpointer clock_data;
} KxLoggerOptions;

typedef struct KxLogger KxLogger;

/* All logs start with their default configuration. Fails only if the directory cannot be made. */
KxLogger *kx_logger_open(const KxLoggerOptions *options, GError **error);
void kx_logger_close(KxLogger *logger); /* NULL is accepted; no other thread may still log */

void kx_log_config_defaults(KxLogId log, KxLogConfig *ret_config); /* strings are static */

/* Applies a configuration at once; strings are copied. KX_ERR_INVALID: a value out of range or a
 * bad file name; KX_ERR_IN_USE: another log has that file. Nothing changes on error. */
gboolean kx_logger_configure(KxLogger *logger, KxLogId log, const KxLogConfig *config,
                             GError **error);

/* To be called about once a second: rotates quiet logs at their time, writes indexes out, notices
 * files that were moved away, retries after failures. */
void kx_logger_tick(KxLogger *logger);

/* Writes one line. A NULL logger swallows it, for tools and tests that have no log. */
void kx_log(KxLogger *logger, KxLogId log, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Empties the live file and its index (LOG-20); rotated files stay. */
gboolean kx_log_clear(KxLogger *logger, KxLogId log, GError **error);

const char *kx_log_slug(KxLogId log);
const char *kx_log_title(KxLogId log);
gboolean kx_log_from_slug(const char *slug, KxLogId *ret_log);

/*
 * Debug topics: bit n of the mask is topic n; a change counts from the next line on, without
 * restart. Lines are "[time] {slug} text" in the Debug log. What is written regardless of topics
 * (start, stop, listeners, LOG-64) goes through kx_log(logger, KX_LOG_DEBUG, ...).
 */
#define KX_DEBUG_BIT(topic) (G_GUINT64_CONSTANT(1) << (topic))
#define KX_DEBUG_ALL        (KX_DEBUG_BIT(KX_DEBUG_COUNT) - 1)

typedef struct KxDebugTopicInfo {
    const char *slug;
    const char *title;
    const char *group;
} KxDebugTopicInfo;

const KxDebugTopicInfo *kx_debug_topic_info(KxDebugTopic topic);
gboolean kx_debug_topic_from_slug(const char *slug, KxDebugTopic *ret_topic);

void kx_logger_set_debug(KxLogger *logger, guint64 mask); /* unknown bits are ignored */
guint64 kx_logger_get_debug(const KxLogger *logger);

gboolean kx_debug_on(const KxLogger *logger, KxDebugTopic topic); /* one atomic load */
void kx_debug_write(KxLogger *logger, KxDebugTopic topic, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Evaluates its arguments only if the topic is on. */
#define kx_debug(logger, topic, ...)                                                               \
    do {                                                                                           \
        if (kx_debug_on(logger, topic))                                                            \
            kx_debug_write(logger, topic, __VA_ARGS__);                                            \
    } while (0)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxLogger, kx_logger_close)

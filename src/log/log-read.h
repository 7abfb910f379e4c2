/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a log file back: lines by number, the end, a moment, and search (LOG-08).
 *
 * A reader sees the lines there were when it was opened; open it for one request and close it.
 * Rotation does not disturb it; if the log is cleared or changed by somebody else meanwhile,
 * reading ends with KX_ERR_IN_USE. Lines are numbered from 0, come without newline, and are valid
 * UTF-8 whatever the file holds (LOG-13). A line that somebody else made longer than
 * KX_LOG_READ_LINE_MAX is cut.
 *
 * Not thread-safe: a reader belongs to one thread. It must be closed before the logger.
 */
#pragma once

#include <glib.h>

#include "log/log.h"

#define KX_LOG_READ_MAX       10000              /* lines of one answer */
#define KX_LOG_READ_BYTES_MAX (16 * 1024 * 1024) /* after which an answer ends early */
#define KX_LOG_READ_LINE_MAX  32768              /* bytes */
#define KX_LOG_SEARCH_MAX     1024               /* bytes of a search text */

typedef struct KxLogReader KxLogReader;

/* generation: 0 the live file, n the n-th rotated one. KX_ERR_NOT_FOUND if there is no such. */
KxLogReader *kx_log_reader_open(KxLogger *logger, KxLogId log, guint generation, GError **error);
void kx_log_reader_close(KxLogReader *reader);

guint64 kx_log_reader_count(const KxLogReader *reader);

/* Up to `count` lines from `from` on, KX_LOG_READ_MAX at most; empty past the end. Free with
 * g_strfreev(). The last N lines begin at count - N. */
char **kx_log_reader_lines(KxLogReader *reader, guint64 from, guint64 count, GError **error);

/* The first line written at or after the time; the number of lines if there is none. */
guint64 kx_log_reader_find_time(KxLogReader *reader, gint64 unix_seconds);

typedef struct KxLogSearch {
    const char *text;
    gboolean regex; /* PCRE; else a plain substring */
    gboolean match_case;
    gboolean up;  /* towards the beginning */
    guint64 from; /* first line looked at */
} KxLogSearch;

typedef enum {
    KX_LOG_SEARCH_FAILED, /* see error */
    KX_LOG_SEARCH_FOUND,  /* *ret_line is the line */
    KX_LOG_SEARCH_END,    /* no such line from there on */
    KX_LOG_SEARCH_PAUSED, /* a second has passed; go on from *ret_line */
} KxLogSearchResult;

/* KX_ERR_INVALID: the expression is wrong or too long; KX_ERR_TOO_BIG: matching it takes too many
 * steps. */
KxLogSearchResult kx_log_reader_search(KxLogReader *reader, const KxLogSearch *search,
                                       guint64 *ret_line, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxLogReader, kx_log_reader_close)

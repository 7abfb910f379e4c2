/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log file with its index: opening, appending, rotation, clearing, and what happens when the
 * disk refuses. Private to the log folder. Not thread-safe: the log's lock is held. Times are Unix
 * seconds.
 */
#pragma once

#include <glib.h>

#include "log/log-index.h"
#include "log/log.h"

typedef struct KxLogFile {
    char *path; /* of the live file */
    KxLogRotate rotate;
    guint64 max_size; /* bytes; 0: no limit */
    guint keep;

    int fd; /* -1: not open */
    guint64 size;
    gint64 first_time; /* of the oldest line; 0: the file is empty */
    gint64 rotate_at;
    KxLogIndex index;
    gboolean indexed; /* FALSE: the index lags behind and is completed later */

    gint64 checked_at; /* last look whether the path still leads to this file */
    gint64 retry_at;   /* of opening, after a failure */
    gint64 index_retry_at;
    gint64 rotate_retry_at;
    gboolean failing; /* the failure was reported */
    guint64 lost;     /* lines since */
    int reason;       /* errno */

    char stamp[KX_LOG_STAMP_LEN + 1];
    gint64 stamp_time;
} KxLogFile;

void kx_log_file_init(KxLogFile *file);
void kx_log_file_close(KxLogFile *file); /* writes the index out; the path stays */
void kx_log_file_free(KxLogFile *file);

/* Takes over path, rotation and retention; removes rotated files beyond the new number. */
void kx_log_file_configure(KxLogFile *file, const char *path, const KxLogConfig *config);

/* Appends a line whose first KX_LOG_STAMP_LEN bytes are left for the time; rotates first if due. */
void kx_log_file_write(KxLogFile *file, gint64 now, char *line, size_t len);

void kx_log_file_tick(KxLogFile *file, gint64 now);
gboolean kx_log_file_clear(KxLogFile *file, gint64 now, GError **error);

/* Before a reader opens the index: everything known is in the index file, or the index is given up
 * and completed later, so that no line is ever entered twice. */
void kx_log_file_settle_index(KxLogFile *file, gint64 now);

/* The path of the n-th rotated file, of the live one for 0. */
char *kx_log_file_path(const char *path, guint generation);
char *kx_log_file_index_path(const char *path, guint generation);

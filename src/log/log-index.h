/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The companion of a log file, "<file>.idx" (TECH-24): where each line begins and when it was
 * written, so that line N or a moment is found without reading the log.
 *
 * Format, all numbers little-endian:
 *   - a header: 8 bytes "KXLOGIX1", 4 bytes size of a record (16), 4 bytes zero;
 *   - for each line, in order, a record: 8 bytes offset of its first byte, 8 bytes Unix time.
 *
 * Offsets grow from 0. Times never go back: a line written after the clock was set back carries the
 * time of the line before it.
 *
 * The index is derived: open checks it against the log (header, first record, the last and some
 * others must sit right behind a newline), adds the lines it lacks, and builds it anew if it does
 * not fit. Records are collected in memory and written in groups, so after a crash the tail is
 * missing, and is added at the next open. If the index file cannot be written, records stay in
 * memory.
 *
 * Private to the log folder. Not thread-safe: the log's lock is held.
 */
#pragma once

#include <glib.h>

#define KX_LOG_INDEX_HEADER  16
#define KX_LOG_INDEX_RECORD  16
#define KX_LOG_INDEX_BLOCK   512     /* records read at once */
#define KX_LOG_INDEX_PENDING 64      /* records collected before they are written */
#define KX_LOG_INDEX_MEMORY  1000000 /* most records held while the file cannot be written */

typedef struct KxLogIndexEntry {
    guint64 offset; /* little-endian in the file and in memory; see kx_log_index_get() */
    guint64 time;
} KxLogIndexEntry;

typedef struct KxLogIndex {
    int fd;                                    /* -1: memory only */
    guint64 stored;                            /* records in the file */
    gint64 last_time;                          /* of the newest line */
    GArray *pending;                           /* KxLogIndexEntry not yet in the file */
    KxLogIndexEntry block[KX_LOG_INDEX_BLOCK]; /* a cached part of the file */
    guint64 block_from;
    guint64 block_count;
} KxLogIndex;

/* Opens, checks and completes the index of the log behind log_fd, whose first `log_size` bytes
 * count. FALSE with errno set if the log cannot be read, or EFBIG past KX_LOG_INDEX_MEMORY. */
gboolean kx_log_index_open(KxLogIndex *index, const char *path, int log_fd, guint64 log_size);
void kx_log_index_close(KxLogIndex *index); /* without writing */

guint64 kx_log_index_count(const KxLogIndex *index);
gboolean kx_log_index_get(KxLogIndex *index, guint64 line, guint64 *ret_offset, gint64 *ret_time);

/* Notes a line; writes the collected records out when there are enough of them. */
void kx_log_index_add(KxLogIndex *index, guint64 offset, gint64 unix_seconds);

gboolean kx_log_index_flush(KxLogIndex *index); /* FALSE: records stay in memory */
gboolean kx_log_index_clear(KxLogIndex *index); /* the log was emptied */

/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-index.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsutil.h"
#include "log/log-time.h"

static const guchar HEADER[KX_LOG_INDEX_HEADER] = {
    'K', 'X', 'L', 'O', 'G', 'I', 'X', '1', KX_LOG_INDEX_RECORD};
#define SAMPLES    16
#define SCAN_BLOCK 65536

guint64 kx_log_index_count(const KxLogIndex *index)
{
    return index->stored + index->pending->len;
}

gboolean kx_log_index_flush(KxLogIndex *index)
{
    if (index->pending->len == 0)
        return TRUE;
    if (index->fd < 0)
        return FALSE;
    size_t bytes = index->pending->len * sizeof(KxLogIndexEntry);
    if (!kx_write_all(index->fd, index->pending->data, bytes, NULL)) {
        /* A record cut short would shift all later ones. */
        off_t good = (off_t)(KX_LOG_INDEX_HEADER + index->stored * KX_LOG_INDEX_RECORD);
        if (ftruncate(index->fd, good) < 0) {
            close(index->fd);
            index->fd = -1;
        }
        return FALSE;
    }
    index->stored += index->pending->len;
    g_array_set_size(index->pending, 0);
    return TRUE;
}

void kx_log_index_add(KxLogIndex *index, guint64 offset, gint64 unix_seconds)
{
    if (unix_seconds > index->last_time)
        index->last_time = unix_seconds;
    KxLogIndexEntry entry = {GUINT64_TO_LE(offset), GUINT64_TO_LE((guint64)index->last_time)};
    g_array_append_val(index->pending, entry);
    if (index->pending->len % KX_LOG_INDEX_PENDING == 0)
        kx_log_index_flush(index);
}

static gboolean load_block(KxLogIndex *index, guint64 line)
{
    guint64 from = line / KX_LOG_INDEX_BLOCK * KX_LOG_INDEX_BLOCK;
    size_t want = MIN(index->stored - from, KX_LOG_INDEX_BLOCK) * sizeof(KxLogIndexEntry);
    off_t at = (off_t)(KX_LOG_INDEX_HEADER + from * KX_LOG_INDEX_RECORD);
    index->block_count = 0;
    if (pread(index->fd, index->block, want, at) != (ssize_t)want)
        return FALSE;
    index->block_from = from;
    index->block_count = want / sizeof(KxLogIndexEntry);
    return TRUE;
}

gboolean kx_log_index_get(KxLogIndex *index, guint64 line, guint64 *ret_offset, gint64 *ret_time)
{
    const KxLogIndexEntry *entry;
    if (line >= kx_log_index_count(index))
        return FALSE;
    if (line >= index->stored) {
        entry = &g_array_index(index->pending, KxLogIndexEntry, line - index->stored);
    } else {
        if ((line < index->block_from || line >= index->block_from + index->block_count) &&
            !load_block(index, line))
            return FALSE;
        entry = &index->block[line - index->block_from];
    }
    *ret_offset = GUINT64_FROM_LE(entry->offset);
    *ret_time = (gint64)GUINT64_FROM_LE(entry->time);
    return TRUE;
}

gboolean kx_log_index_clear(KxLogIndex *index)
{
    g_array_set_size(index->pending, 0);
    index->stored = 0;
    index->block_count = 0;
    index->last_time = 0;
    if (index->fd >= 0 &&
        (ftruncate(index->fd, 0) < 0 || !kx_write_all(index->fd, HEADER, sizeof HEADER, NULL))) {
        close(index->fd);
        index->fd = -1;
    }
    return index->fd >= 0;
}

static gboolean fits_log(KxLogIndex *index, guint64 line, int log_fd, guint64 log_size)
{
    guint64 offset;
    gint64 time;
    char before;
    if (!kx_log_index_get(index, line, &offset, &time) || offset >= log_size)
        return FALSE;
    if (line == 0)
        return offset == 0;
    return offset > 0 && pread(log_fd, &before, 1, (off_t)offset - 1) == 1 && before == '\n';
}

/* Takes over what the file holds, if it describes this log. */
static gboolean adopt(KxLogIndex *index, int log_fd, guint64 log_size)
{
    guchar header[KX_LOG_INDEX_HEADER];
    struct stat st;
    if (fstat(index->fd, &st) < 0 || st.st_size < KX_LOG_INDEX_HEADER ||
        pread(index->fd, header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header, HEADER, sizeof header) != 0)
        return FALSE;
    off_t rest = (st.st_size - KX_LOG_INDEX_HEADER) % KX_LOG_INDEX_RECORD;
    if (rest > 0 && ftruncate(index->fd, st.st_size - rest) < 0)
        return FALSE;
    index->stored = (guint64)(st.st_size - KX_LOG_INDEX_HEADER) / KX_LOG_INDEX_RECORD;
    if (index->stored == 0)
        return TRUE;
    for (guint i = 0; i < SAMPLES; i++)
        if (!fits_log(index, (index->stored - 1) / SAMPLES * i, log_fd, log_size))
            return FALSE;
    guint64 offset;
    return fits_log(index, index->stored - 1, log_fd, log_size) &&
           kx_log_index_get(index, index->stored - 1, &offset, &index->last_time);
}

/* Where the lines begin that the index lacks. */
static gboolean find_tail(KxLogIndex *index, int log_fd, guint64 log_size, guint64 *ret_offset)
{
    char block[4096];
    guint64 at = 0;
    gint64 time;
    if (index->stored == 0) {
        *ret_offset = 0;
        return TRUE;
    }
    if (!kx_log_index_get(index, index->stored - 1, &at, &time))
        return FALSE;
    while (at < log_size) {
        ssize_t n = pread(log_fd, block, MIN(sizeof block, log_size - at), (off_t)at);
        if (n <= 0)
            return FALSE;
        const char *end = memchr(block, '\n', (size_t)n);
        at += end ? (guint64)(end - block) + 1 : (guint64)n;
        if (end)
            break;
    }
    *ret_offset = at;
    return TRUE;
}

/* Adds the lines of the log from `at` on. */
static gboolean add_tail(KxLogIndex *index, int log_fd, guint64 log_size, guint64 at)
{
    g_autofree char *block = g_malloc(SCAN_BLOCK);
    KxLogTimeParser parser = {0};
    gboolean fresh = TRUE; /* a line begins at `at` */
    while (at < log_size) {
        ssize_t n = pread(log_fd, block, MIN(SCAN_BLOCK, log_size - at), (off_t)at);
        if (n <= 0)
            return FALSE;
        const char *end = memrchr(block, '\n', (size_t)n);
        gboolean more = at + (guint64)n < log_size;
        size_t whole = end && more ? (size_t)(end - block) + 1 : (size_t)n;
        for (size_t line = 0; line < whole;) {
            const char *eol = memchr(block + line, '\n', whole - line);
            if (fresh)
                kx_log_index_add(index, at + line,
                                 kx_log_time_parse(&parser, block + line, whole - line));
            fresh = eol != NULL;
            line = eol ? (size_t)(eol - block) + 1 : whole;
        }
        if (index->pending->len > KX_LOG_INDEX_MEMORY) {
            errno = EFBIG;
            return FALSE;
        }
        at += whole;
    }
    return TRUE;
}

gboolean kx_log_index_open(KxLogIndex *index, const char *path, int log_fd, guint64 log_size)
{
    index->pending = g_array_new(FALSE, FALSE, sizeof(KxLogIndexEntry));
    index->stored = index->block_count = 0;
    index->last_time = 0;
    index->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (index->fd < 0 || !adopt(index, log_fd, log_size))
        kx_log_index_clear(index);
    guint64 at = 0;
    gboolean ok = find_tail(index, log_fd, log_size, &at) && add_tail(index, log_fd, log_size, at);
    if (ok) {
        kx_log_index_flush(index);
        return TRUE;
    }
    int saved = errno;
    kx_log_index_close(index);
    errno = saved;
    return FALSE;
}

void kx_log_index_close(KxLogIndex *index)
{
    if (index->fd >= 0)
        close(index->fd);
    index->fd = -1;
    g_clear_pointer(&index->pending, g_array_unref);
}

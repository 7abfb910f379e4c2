/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"
#include "log/log-rotate.h"
#include "log/log-time.h"

#define OPEN_RETRY   5 /* seconds */
#define INDEX_RETRY  60
#define ROTATE_RETRY 60

char *kx_log_file_path(const char *path, guint generation)
{
    return generation == 0 ? g_strdup(path) : g_strdup_printf("%s.%u", path, generation);
}

char *kx_log_file_index_path(const char *path, guint generation)
{
    return generation == 0 ? g_strdup_printf("%s.idx", path)
                           : g_strdup_printf("%s.%u.idx", path, generation);
}

void kx_log_file_init(KxLogFile *file)
{
    *file = (KxLogFile){.fd = -1, .index.fd = -1, .keep = 1, .stamp_time = G_MININT64};
}

static void close_index(KxLogFile *file)
{
    if (file->indexed)
        kx_log_index_close(&file->index);
    file->indexed = FALSE;
}

void kx_log_file_close(KxLogFile *file)
{
    if (file->indexed)
        kx_log_index_flush(&file->index);
    close_index(file);
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->retry_at = file->index_retry_at = 0;
}

void kx_log_file_free(KxLogFile *file)
{
    kx_log_file_close(file);
    g_clear_pointer(&file->path, g_free);
}

/* An empty file is not rotated. */
static gint64 boundary(const KxLogFile *file)
{
    return file->first_time == 0 ? G_MAXINT64
                                 : kx_log_time_boundary(file->first_time, file->rotate);
}

void kx_log_file_configure(KxLogFile *file, const char *path, const KxLogConfig *config)
{
    if (!config->file_enabled || g_strcmp0(file->path, path) != 0)
        kx_log_file_close(file);
    g_free(file->path);
    file->path = g_strdup(path);
    file->rotate = config->rotate;
    file->max_size = config->max_size_kb * 1024;
    file->keep = config->keep;
    file->rotate_at = boundary(file);
    file->rotate_retry_at = 0;
    kx_log_rotate_trim(path, config->keep);
}

/* Says once that the log cannot be written. The logs themselves are not the place. */
static void fail(KxLogFile *file, const char *what)
{
    file->reason = errno;
    if (!file->failing)
        fprintf(stderr, "keryx: cannot %s log %s: %s; trying again until it works\n", what,
                file->path, g_strerror(file->reason));
    file->failing = TRUE;
}

/* TRUE while a retry has to wait; a clock that was set back does not prolong it. */
static gboolean waiting(gint64 now, gint64 until, gint64 pause)
{
    return now < until && until - now <= pause;
}

static void open_index(KxLogFile *file, gint64 now)
{
    if (waiting(now, file->index_retry_at, INDEX_RETRY))
        return;
    g_autofree char *path = kx_log_file_index_path(file->path, 0);
    file->indexed = kx_log_index_open(&file->index, path, file->fd, file->size);
    if (file->indexed && file->index.fd < 0)
        close_index(file);
    if (!file->indexed)
        file->index_retry_at = now + INDEX_RETRY;
    kx_log_file_settle_index(file, now);
}

void kx_log_file_settle_index(KxLogFile *file, gint64 now)
{
    if (file->indexed && !kx_log_index_flush(&file->index)) {
        close_index(file);
        file->index_retry_at = now + INDEX_RETRY;
    }
}

/* A line torn by a crash of the machine must not swallow the next one. */
static gboolean end_last_line(KxLogFile *file)
{
    char last;
    if (file->size == 0)
        return TRUE;
    if (pread(file->fd, &last, 1, (off_t)file->size - 1) != 1)
        return FALSE;
    if (last == '\n')
        return TRUE;
    if (!kx_write_all(file->fd, "\n", 1, NULL))
        return FALSE;
    file->size++;
    return TRUE;
}

static gboolean open_file(KxLogFile *file, gint64 now)
{
    struct stat st;
    g_autofree char *dir = g_path_get_dirname(file->path);
    kx_mkdir_durable(dir, NULL); /* if it fails, so does open, and errno says why */
    file->fd = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0 || fstat(file->fd, &st) < 0)
        goto failed;
    file->size = (guint64)st.st_size;
    if (!end_last_line(file))
        goto failed;
    file->first_time = 0;
    file->index_retry_at = 0;
    open_index(file, now);
    guint64 offset;
    if (file->size > 0 &&
        (!file->indexed || !kx_log_index_get(&file->index, 0, &offset, &file->first_time) ||
         file->first_time == 0))
        file->first_time = now;
    file->rotate_at = boundary(file);
    file->checked_at = now;
    return TRUE;
failed:
    fail(file, "open");
    kx_log_file_close(file);
    file->retry_at = now + OPEN_RETRY;
    return FALSE;
}

/* Somebody may have moved or removed the file, its index, or the directory. */
static gboolean still_there(KxLogFile *file)
{
    struct stat by_path, by_fd;
    return stat(file->path, &by_path) == 0 && fstat(file->fd, &by_fd) == 0 &&
           by_path.st_dev == by_fd.st_dev && by_path.st_ino == by_fd.st_ino &&
           (guint64)by_fd.st_size == file->size &&
           (!file->indexed || (fstat(file->index.fd, &by_fd) == 0 && by_fd.st_nlink > 0));
}

static gboolean make_ready(KxLogFile *file, gint64 now)
{
    if (file->fd >= 0 && now != file->checked_at) {
        file->checked_at = now;
        if (!still_there(file))
            kx_log_file_close(file);
    }
    if (file->fd < 0)
        return !waiting(now, file->retry_at, OPEN_RETRY) && open_file(file, now);
    if (!file->indexed)
        open_index(file, now);
    return TRUE;
}

static gboolean rotation_due(const KxLogFile *file, gint64 now, size_t more)
{
    return file->size > 0 && !waiting(now, file->rotate_retry_at, ROTATE_RETRY) &&
           (now >= file->rotate_at || (file->max_size > 0 && file->size + more > file->max_size));
}

static gboolean rotate_if_due(KxLogFile *file, gint64 now, size_t more)
{
    if (!rotation_due(file, now, more))
        return TRUE;
    kx_log_file_settle_index(file, now);
    if (!kx_log_rotate_files(file->path, file->keep)) {
        fail(file, "rotate");
        file->rotate_retry_at = now + ROTATE_RETRY;
        return TRUE; /* better one long file than lost lines */
    }
    file->rotate_retry_at = 0;
    kx_log_file_close(file);
    return open_file(file, now);
}

static const char *stamp(KxLogFile *file, gint64 now)
{
    if (now != file->stamp_time) {
        char text[21];
        kx_format_log_time(now, text);
        g_snprintf(file->stamp, sizeof file->stamp, "[%s] ", text);
        file->stamp_time = now;
    }
    return file->stamp;
}

static gboolean append(KxLogFile *file, gint64 now, char *line, size_t len)
{
    memcpy(line, stamp(file, now), KX_LOG_STAMP_LEN);
    if (!kx_write_all(file->fd, line, len, NULL)) {
        fail(file, "write");
        if (ftruncate(file->fd, (off_t)file->size) < 0)
            kx_log_file_close(file); /* opening again ends the torn line */
        return FALSE;
    }
    if (file->indexed) {
        kx_log_index_add(&file->index, file->size, now);
        if (file->index.pending->len >= KX_LOG_INDEX_PENDING)
            kx_log_file_settle_index(file, now);
    }
    file->size += len;
    if (file->first_time == 0) {
        file->first_time = now;
        file->rotate_at = boundary(file);
    }
    return TRUE;
}

static gboolean report_lost(KxLogFile *file, gint64 now)
{
    char line[256];
    int n = g_snprintf(line + KX_LOG_STAMP_LEN, sizeof line - KX_LOG_STAMP_LEN,
                       "%" G_GUINT64_FORMAT " lines of this log were lost: %s\n", file->lost,
                       g_strerror(file->reason));
    if (!append(file, now, line, KX_LOG_STAMP_LEN + (size_t)n))
        return FALSE;
    file->lost = 0;
    return TRUE;
}

void kx_log_file_write(KxLogFile *file, gint64 now, char *line, size_t len)
{
    if (!make_ready(file, now) || !rotate_if_due(file, now, len) ||
        (file->lost > 0 && !report_lost(file, now)) || !append(file, now, line, len)) {
        file->lost++;
        return;
    }
    if (file->rotate_retry_at == 0)
        file->failing = FALSE;
}

void kx_log_file_tick(KxLogFile *file, gint64 now)
{
    if (!make_ready(file, now) || !rotate_if_due(file, now, 0))
        return;
    if (file->lost > 0)
        report_lost(file, now);
    kx_log_file_settle_index(file, now);
}

gboolean kx_log_file_clear(KxLogFile *file, gint64 now, GError **error)
{
    gboolean ready = make_ready(file, now);
    if (!ready)
        errno = file->reason;
    if (!ready || ftruncate(file->fd, 0) < 0)
        return kx_error_errno(error, "cannot clear log %s", file->path);
    file->size = 0;
    file->first_time = 0;
    file->rotate_at = G_MAXINT64;
    if (file->indexed && !kx_log_index_clear(&file->index))
        close_index(file);
    return TRUE;
}

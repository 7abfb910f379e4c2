/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "log/log-private.h"

#define WINDOW_SIZE  131072
#define SEARCH_TIME  G_USEC_PER_SEC
#define MATCH_LIMITS "(*LIMIT_MATCH=200000)(*LIMIT_DEPTH=2000)(*LIMIT_HEAP=4096)"

struct KxLogReader {
    int fd;
    guint64 size;
    KxLogIndex index;
    char *window; /* a part of the file */
    guint64 window_from;
    size_t window_len;
};

/* Under the log's lock: opening completes the index. */
static KxLogReader *open_files(KxLogFile *file, guint generation, gint64 now, GError **error)
{
    g_autofree char *path = kx_log_file_path(file->path, generation);
    g_autofree char *index_path = kx_log_file_index_path(file->path, generation);
    struct stat st;
    kx_log_file_settle_index(file, now);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no log file %s", path);
        return NULL;
    }
    g_autofree KxLogReader *reader = g_new0(KxLogReader, 1);
    if (fd < 0 || fstat(fd, &st) < 0 ||
        !kx_log_index_open(&reader->index, index_path, fd, (guint64)st.st_size)) {
        kx_error_errno(error, "cannot read log %s", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    reader->fd = fd;
    reader->size = (guint64)st.st_size;
    reader->window = g_malloc(WINDOW_SIZE);
    return g_steal_pointer(&reader);
}

KxLogReader *kx_log_reader_open(KxLogger *logger, KxLogId log, guint generation, GError **error)
{
    KxLogSlot *slot = &logger->slots[log];
    if (generation >= KX_LOG_KEEP_MAX) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no rotated log file %u", generation);
        return NULL;
    }
    pthread_mutex_lock(&slot->lock);
    gint64 now = logger->clock(logger->clock_data) / G_USEC_PER_SEC;
    KxLogReader *reader = open_files(&slot->file, generation, now, error);
    pthread_mutex_unlock(&slot->lock);
    return reader;
}

void kx_log_reader_close(KxLogReader *reader)
{
    if (!reader)
        return;
    kx_log_index_close(&reader->index);
    close(reader->fd);
    g_free(reader->window);
    g_free(reader);
}

guint64 kx_log_reader_count(const KxLogReader *reader)
{
    return kx_log_index_count(&reader->index);
}

static gboolean changed(GError **error)
{
    return kx_fail(error, KX_ERR_IN_USE, "the log changed while it was read; read it again");
}

/* Puts the bytes from `start` to `end` into the window, with as much around them as fits: a search
 * goes either way. */
static gboolean load_window(KxLogReader *reader, guint64 start, guint64 end, GError **error)
{
    guint64 half = (WINDOW_SIZE - (end - start)) / 2;
    reader->window_from = start > half ? start - half : 0;
    size_t want = (size_t)MIN(WINDOW_SIZE, reader->size - reader->window_from);
    ssize_t n = pread(reader->fd, reader->window, want, (off_t)reader->window_from);
    reader->window_len = n > 0 ? (size_t)n : 0;
    if (n < 0)
        return kx_error_errno(error, "cannot read the log");
    return (size_t)n == want ? TRUE : changed(error);
}

static char *to_text(const char *bytes, size_t len)
{
    return g_utf8_validate_len(bytes, len, NULL) ? g_strndup(bytes, len)
                                                 : g_utf8_make_valid(bytes, (gssize)len);
}

static char *read_line(KxLogReader *reader, guint64 line, GError **error)
{
    guint64 start, end = reader->size;
    gint64 time;
    if (!kx_log_index_get(&reader->index, line, &start, &time) ||
        (line + 1 < kx_log_reader_count(reader) &&
         !kx_log_index_get(&reader->index, line + 1, &end, &time)) ||
        end <= start || end > reader->size) {
        changed(error);
        return NULL;
    }
    gboolean cut = end - start > KX_LOG_READ_LINE_MAX;
    /* The newline in front proves that a line starts here. */
    guint64 before = start > 0 ? start - 1 : 0;
    guint64 stop = cut ? start + KX_LOG_READ_LINE_MAX : end;
    if ((before < reader->window_from || stop > reader->window_from + reader->window_len) &&
        !load_window(reader, before, stop, error))
        return NULL;
    const char *bytes = reader->window + (start - reader->window_from);
    size_t len = (size_t)(stop - start);
    if (!cut && bytes[len - 1] == '\n')
        len--;
    if (memchr(bytes, '\n', len) || (start > 0 && bytes[-1] != '\n')) {
        changed(error);
        return NULL;
    }
    return to_text(bytes, len);
}

char **kx_log_reader_lines(KxLogReader *reader, guint64 from, guint64 count, GError **error)
{
    guint64 total = kx_log_reader_count(reader);
    guint64 end = from < total ? from + MIN(MIN(count, KX_LOG_READ_MAX), total - from) : from;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    size_t bytes = 0;
    for (guint64 line = from; line < end && bytes < KX_LOG_READ_BYTES_MAX; line++) {
        char *text = read_line(reader, line, error);
        if (!text)
            return NULL;
        bytes += strlen(text);
        g_ptr_array_add(lines, text);
    }
    g_ptr_array_add(lines, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}

guint64 kx_log_reader_find_time(KxLogReader *reader, gint64 unix_seconds)
{
    guint64 low = 0, high = kx_log_reader_count(reader), offset;
    gint64 time;
    while (low < high) {
        guint64 middle = low + (high - low) / 2;
        if (!kx_log_index_get(&reader->index, middle, &offset, &time) || time >= unix_seconds)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static GRegex *compile(const KxLogSearch *search, GError **error)
{
    g_autofree char *literal = NULL;
    g_autoptr(GError) cause = NULL;
    if (strlen(search->text) > KX_LOG_SEARCH_MAX || !g_utf8_validate(search->text, -1, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "the search text is UTF-8 of at most %d bytes",
                KX_LOG_SEARCH_MAX);
        return NULL;
    }
    if (!search->regex)
        literal = g_regex_escape_string(search->text, -1);
    g_autofree char *pattern = g_strconcat(MATCH_LIMITS, literal ? literal : search->text, NULL);
    GRegex *regex = g_regex_new(pattern, search->match_case ? 0 : G_REGEX_CASELESS, 0, &cause);
    if (!regex)
        kx_fail(error, KX_ERR_INVALID, "the regular expression is wrong: %s", cause->message);
    return regex;
}

/* 1 a match, 0 none, -1 error. */
static int match_line(KxLogReader *reader, const GRegex *regex, guint64 line, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = read_line(reader, line, error);
    if (!text)
        return -1;
    gboolean found = g_regex_match_full(regex, text, -1, 0, 0, NULL, &cause);
    if (!cause)
        return found;
    kx_fail(error, KX_ERR_TOO_BIG, "the regular expression takes too many steps: %s",
            cause->message);
    return -1;
}

KxLogSearchResult kx_log_reader_search(KxLogReader *reader, const KxLogSearch *search,
                                       guint64 *ret_line, GError **error)
{
    guint64 total = kx_log_reader_count(reader);
    gint64 deadline = g_get_monotonic_time() + SEARCH_TIME;
    g_autoptr(GRegex) regex = compile(search, error);
    if (!regex)
        return KX_LOG_SEARCH_FAILED;
    if (total == 0 || (!search->up && search->from >= total))
        return KX_LOG_SEARCH_END;
    guint64 line = MIN(search->from, total - 1);
    for (guint64 seen = 0; line < total; seen++, line += search->up ? (guint64)-1 : 1) {
        if (seen > 0 && g_get_monotonic_time() > deadline) {
            *ret_line = line;
            return KX_LOG_SEARCH_PAUSED;
        }
        int found = match_line(reader, regex, line, error);
        if (found < 0)
            return KX_LOG_SEARCH_FAILED;
        if (found) {
            *ret_line = line;
            return KX_LOG_SEARCH_FOUND;
        }
    }
    return KX_LOG_SEARCH_END;
}

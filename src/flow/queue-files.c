/* SPDX-License-Identifier: Apache-2.0 */
/* The queue on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"
#include "flow/queue-private.h"

enum {
    NOTES_MAX = 16 * 1024 /* bytes of a file to which envelopes are appended, or four of these */
};

/* What is written leaves room in what is read for notes of all recipients that have it. */
#define WRITTEN_MAX (KX_ENVELOPE_FILE_MAX - 2 * 1024 * 1024)
/* Earlier versions noted up to four envelopes of the greatest size. */
#define READ_MAX     (5 * (size_t)KX_ENVELOPE_FILE_MAX)
#define BAD_DIR      KX_QUEUE_DIR "/bad"
#define COUNTER_FILE KX_QUEUE_DIR "/counter"

char *kx_queue_path(const char *id, const char *suffix)
{
    return g_strconcat(KX_QUEUE_DIR "/", id, suffix, NULL);
}

/* Replaces the envelope atomically; durable when the directory is synced too. It is synced before
 * it takes the place of another, or some file systems would leave an empty one there after a power
 * cut. */
static gboolean write_envelope(const KxEnvelope *envelope, const char *text, GError **error)
{
    g_autofree char *path = kx_queue_path(envelope->id, ".env");
    g_autofree char *temp = kx_queue_path(envelope->id, ".new");
    if (strlen(text) > WRITTEN_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "its envelope has more than %d bytes", WRITTEN_MAX);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return kx_error_errno(error, "cannot create %s", temp);
    gboolean ok = kx_write_all(fd, text, strlen(text), error);
    if (ok && fsync(fd) < 0)
        ok = kx_error_errno(error, "cannot sync %s", temp);
    close(fd);
    if (ok && rename(temp, path) < 0)
        ok = kx_error_errno(error, "cannot rename %s", temp);
    if (!ok)
        unlink(temp);
    return ok;
}

gboolean kx_queue_write(const KxEnvelope *envelope, KxIncoming *incoming, GError **error)
{
    g_autofree char *message = kx_queue_path(envelope->id, ".eml");
    g_autofree char *text = kx_envelope_format(envelope);
    if (write_envelope(envelope, text, error) &&
        (!incoming || kx_incoming_link(incoming, message, error)) &&
        kx_sync_dir(KX_QUEUE_DIR, error))
        return TRUE;
    if (incoming)
        kx_queue_delete(envelope->id, NULL);
    return FALSE;
}

/* Behind what is there, which stays whatever becomes of this. KX_ERR_TOO_BIG: the file would have
 * more than `most` bytes. */
static gboolean append(const char *id, const char *text, guint64 most, GError **error)
{
    g_autofree char *path = kx_queue_path(id, ".env");
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
    if (size < 0) {
        kx_error_errno(error, "cannot open %s", path);
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    gboolean fits = (guint64)size + strlen(text) <= most ||
                    kx_fail(error, KX_ERR_TOO_BIG, "there is no room in %s", path);
    gboolean ok = fits && kx_write_all(fd, text, strlen(text), error);
    if (fits && !ok && ftruncate(fd, size) < 0)
        g_prefix_error(error, "%s is cut short: ", path);
    close(fd);
    return ok;
}

gboolean kx_queue_note(const KxEnvelope *envelope, GError **error)
{
    g_autofree char *text = kx_envelope_format(envelope);
    g_autoptr(GError) problem = NULL;
    guint64 most = MAX((guint64)NOTES_MAX, 4 * (guint64)strlen(text));
    if (append(envelope->id, text, MIN(most, (guint64)WRITTEN_MAX), &problem))
        return TRUE;
    if (g_error_matches(problem, KX_ERROR, KX_ERR_TOO_BIG))
        return write_envelope(envelope, text, error);
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

gboolean kx_queue_note_done(const char *id, const GArray *places, GError **error)
{
    g_autofree char *line = kx_envelope_done_line(places);
    return append(id, line, KX_ENVELOPE_FILE_MAX, error);
}

KxEnvelope *kx_queue_read(const char *id, GError **error)
{
    g_autofree char *path = kx_queue_path(id, ".env");
    g_autofree char *text = NULL;
    size_t len;
    if (!kx_read_file(path, READ_MAX, &text, &len, error))
        return NULL;
    KxEnvelope *envelope = kx_envelope_parse(text, len, error);
    if (!envelope) {
        g_prefix_error(error, "%s: ", path);
    } else if (!g_str_equal(envelope->id, id)) {
        kx_fail(error, KX_ERR_CORRUPT, "%s: it is the envelope of %s", path, envelope->id);
        g_clear_pointer(&envelope, kx_envelope_free);
    }
    return envelope;
}

/* Reading behind the end of the file would end in a signal. */
char *kx_queue_map(int fd, guint64 size, GError **error)
{
    struct stat info;
    if (fstat(fd, &info) < 0 || (guint64)info.st_size < size) {
        kx_fail(error, KX_ERR_CORRUPT, "the message is shorter than it should be");
        return NULL;
    }
    char *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        kx_error_errno(error, "cannot read the message");
        return NULL;
    }
    return data;
}

gboolean kx_queue_delete(const char *id, GError **error)
{
    g_autofree char *message = kx_queue_path(id, ".eml");
    g_autofree char *envelope = kx_queue_path(id, ".env");
    if (unlink(message) < 0 && errno != ENOENT)
        return kx_error_errno(error, "cannot remove %s", message);
    if (unlink(envelope) < 0 && errno != ENOENT)
        return kx_error_errno(error, "cannot remove %s", envelope);
    return TRUE;
}

/* ---- at start ---- */

/* Out of the way, for a person to look at. */
static void move_to_bad(KxQueue *queue, const char *id, const char *why)
{
    static const char *const SUFFIXES[] = {".env", ".eml"};
    kx_log(queue->logger, KX_LOG_ERROR,
           "queue: message %s cannot be used and is moved to " BAD_DIR ": %s", id, why);
    g_autoptr(GError) error = NULL;
    if (!kx_mkdir_durable(BAD_DIR, &error)) {
        kx_log(queue->logger, KX_LOG_ERROR, "queue: %s", error->message);
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(SUFFIXES); i++) {
        g_autofree char *from = kx_queue_path(id, SUFFIXES[i]);
        g_autofree char *to = g_strconcat(BAD_DIR "/", id, SUFFIXES[i], NULL);
        if (rename(from, to) < 0 && errno != ENOENT)
            kx_log(queue->logger, KX_LOG_ERROR, "queue: cannot move %s: %s", from,
                   g_strerror(errno));
    }
}

static void mend(KxQueue *queue, const KxEnvelope *envelope)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = kx_envelope_format(envelope);
    if (!write_envelope(envelope, text, &error))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: %s", error->message);
}

static void load(KxQueue *queue, const char *id)
{
    g_autofree char *message = kx_queue_path(id, ".eml");
    g_autoptr(GError) error = NULL;
    if (access(message, F_OK) < 0 && errno == ENOENT) {
        kx_queue_delete(id, NULL);
        return;
    }
    g_autoptr(KxEnvelope) envelope = kx_queue_read(id, &error);
    if (envelope && envelope->recipients->len == 0) {
        kx_queue_delete(id, NULL); /* all have it */
    } else if (envelope) {
        if (envelope->torn) /* nothing that comes behind it would be read */
            mend(queue, envelope);
        kx_queue_put(queue, envelope);
        queue->urgent_waits |= envelope->urgent && envelope->attempts == 0;
    } else if (g_error_matches(error, KX_ERROR, KX_ERR_IO))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: %s", error->message);
    else
        move_to_bad(queue, id, error->message);
}

/* The message an .eml or .env belongs to; FALSE for other files. */
static gboolean id_of_file(const char *name, char id[static KX_QUEUE_ID_SIZE])
{
    if (!g_str_has_suffix(name, ".eml") && !g_str_has_suffix(name, ".env"))
        return FALSE;
    if (strlen(name) != KX_QUEUE_ID_SIZE - 1 + 4)
        return FALSE;
    memcpy(id, name, KX_QUEUE_ID_SIZE - 1);
    id[KX_QUEUE_ID_SIZE - 1] = '\0';
    return kx_queue_id_valid(id);
}

void kx_queue_scan(KxQueue *queue)
{
    GDir *dir = g_dir_open(KX_QUEUE_DIR, 0, NULL);
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char id[KX_QUEUE_ID_SIZE];
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(KX_QUEUE_DIR, name, NULL);
        if (g_str_has_suffix(name, ".new"))
            unlink(path); /* an envelope that was being written */
        else if (id_of_file(name, id))
            g_hash_table_add(ids, g_strdup(id));
    }
    if (dir)
        g_dir_close(dir);
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, ids);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        load(queue, key);
}

/* ---- IDs ---- */

/* IDs are reserved in the file by this many at a time. */
enum { RESERVE = 65536 };

gboolean kx_queue_read_counter(KxQueue *queue, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    guint64 next = 0;
    if (!kx_read_file(COUNTER_FILE, 32, &text, NULL, &problem)) {
        if (g_error_matches(problem, KX_ERROR, KX_ERR_IO)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
    } else if (!kx_parse_uint(g_strchomp(text), G_MAXUINT32, &next)) {
        /* The time in an ID is ahead of all old ones: starting at 0 is safe. */
        kx_log(queue->logger, KX_LOG_ERROR, "queue: %s is damaged, counting from 0", COUNTER_FILE);
        next = 0;
    }
    queue->next_id = (guint32)next;
    return TRUE;
}

gboolean kx_queue_new_id(KxQueue *queue, gint64 now, char out[static KX_QUEUE_ID_SIZE],
                         GError **error)
{
    pthread_mutex_lock(&queue->id_lock);
    gboolean ok = TRUE;
    if (queue->ids_left == 0) {
        char text[16];
        g_snprintf(text, sizeof text, "%u\n", queue->next_id + RESERVE);
        ok = kx_write_file_durable(COUNTER_FILE, text, strlen(text), 0600, error);
        if (ok)
            queue->ids_left = RESERVE;
    }
    if (ok) {
        g_snprintf(out, KX_QUEUE_ID_SIZE, "%08x-%08x", (guint32)now, queue->next_id++);
        queue->ids_left--;
    }
    pthread_mutex_unlock(&queue->id_lock);
    return ok;
}

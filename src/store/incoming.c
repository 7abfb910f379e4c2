/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content on its way in: gathered in memory while it is small, in a temporary file beyond that and
 * before it is delivered.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/incoming-private.h"

enum { ROOM_FIRST = 4096, ROOM_MAX = 64 * 1024 };

typedef struct {
    void *data;
    size_t len;
} Mapping;

KxIncoming *kx_incoming_new(KxStore *store, GError **error)
{
    KxIncoming *incoming = g_new0(KxIncoming, 1);
    incoming->store = store;
    incoming->fd = -1;
    return incoming;
}

void kx_incoming_free(KxIncoming *incoming)
{
    if (!incoming)
        return;
    for (guint i = 0; incoming->maps && i < incoming->maps->len; i++) {
        Mapping *map = &g_array_index(incoming->maps, Mapping, i);
        munmap(map->data, map->len);
    }
    g_clear_pointer(&incoming->maps, g_array_unref);
    if (incoming->fd >= 0) {
        unlink(incoming->path);
        close(incoming->fd);
    }
    kx_item_facts_clear(&incoming->facts);
    g_free(incoming->path);
    g_free(incoming->buffer);
    g_free(incoming);
}

KxIncoming *kx_incoming_of_file(KxStore *store, const char *path, GError **error)
{
    g_autoptr(KxIncoming) incoming = kx_incoming_new(store, error);
    g_autofree char *temp = kx_temp_name(store);
    struct stat st;
    if (link(path, temp) < 0) {
        kx_error_errno(error, "cannot link %s", path);
        return NULL;
    }
    incoming->fd = open(temp, O_RDONLY | O_CLOEXEC);
    if (incoming->fd < 0 || fstat(incoming->fd, &st) < 0) {
        kx_error_errno(error, "cannot open %s", temp);
        unlink(temp);
        return NULL;
    }
    incoming->path = g_steal_pointer(&temp);
    incoming->size = (guint64)st.st_size;
    incoming->direct = incoming->synced = TRUE;
    return g_steal_pointer(&incoming);
}

guint64 kx_incoming_size(KxIncoming *incoming)
{
    return incoming->size;
}

/* ---- writing ---- */

static gboolean ensure_file(KxIncoming *incoming, GError **error)
{
    if (incoming->fd >= 0)
        return TRUE;
    g_autofree char *path = kx_temp_name(incoming->store);
    incoming->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (incoming->fd < 0)
        return kx_error_errno(error, "cannot create %s", path);
    incoming->path = g_steal_pointer(&path);
    return TRUE;
}

static gboolean put(KxIncoming *incoming, const void *bytes, size_t len, GError **error)
{
    incoming->synced = FALSE;
    if (kx_write_all(incoming->fd, bytes, len, error))
        return TRUE;
    incoming->broken = TRUE; /* nobody knows how much of it is in the file */
    return FALSE;
}

static gboolean flush(KxIncoming *incoming, GError **error)
{
    if (!ensure_file(incoming, error))
        return FALSE;
    if (incoming->used == incoming->flushed)
        return TRUE;
    if (!put(incoming, incoming->buffer + incoming->flushed, incoming->used - incoming->flushed,
             error))
        return FALSE;
    incoming->flushed = incoming->used;
    return TRUE;
}

static void keep(KxIncoming *incoming, const void *bytes, size_t len)
{
    while (incoming->room < incoming->used + len)
        incoming->room = incoming->room ? incoming->room * 2 : ROOM_FIRST;
    incoming->buffer = g_realloc(incoming->buffer, incoming->room);
    memcpy(incoming->buffer + incoming->used, bytes, len);
    incoming->used += len;
}

gboolean kx_incoming_write(KxIncoming *incoming, const void *bytes, size_t len, GError **error)
{
    if (incoming->broken)
        return kx_fail(error, KX_ERR_IO, "the temporary file could not be written");
    if (len == 0)
        return TRUE;
    if (!incoming->direct && !incoming->shown && len <= ROOM_MAX - incoming->used) {
        keep(incoming, bytes, len);
    } else {
        if (!flush(incoming, error))
            return FALSE;
        incoming->direct = TRUE;
        if (!put(incoming, bytes, len, error))
            return FALSE;
    }
    incoming->size += len;
    incoming->parsed = FALSE;
    return TRUE;
}

/* ---- looking inside ---- */

gboolean kx_incoming_map(KxIncoming *incoming, const char **ret_data, size_t *ret_len,
                         GError **error)
{
    *ret_len = (size_t)incoming->size;
    *ret_data = "";
    if (incoming->broken)
        return kx_fail(error, KX_ERR_IO, "the temporary file could not be written");
    if (incoming->size == 0)
        return TRUE;
    if (!incoming->direct) {
        incoming->shown = TRUE;
        *ret_data = incoming->buffer;
        return TRUE;
    }
    if (!incoming->maps)
        incoming->maps = g_array_new(FALSE, FALSE, sizeof(Mapping));
    GArray *maps = incoming->maps;
    if (maps->len == 0 || g_array_index(maps, Mapping, maps->len - 1).len != incoming->size) {
        Mapping map = {NULL, (size_t)incoming->size};
        map.data = mmap(NULL, map.len, PROT_READ, MAP_SHARED, incoming->fd, 0);
        if (map.data == MAP_FAILED)
            return kx_error_errno(error, "cannot map %s", incoming->path);
        g_array_append_val(maps, map);
    }
    *ret_data = g_array_index(maps, Mapping, maps->len - 1).data;
    return TRUE;
}

gboolean kx_incoming_parse(KxIncoming *incoming, GError **error)
{
    const char *data;
    size_t len;
    if (incoming->parsed)
        return TRUE;
    if (!kx_incoming_map(incoming, &data, &len, error))
        return FALSE;
    kx_item_facts_clear(&incoming->facts);
    kx_item_parse(data, len, &incoming->facts);
    incoming->parsed = TRUE;
    return TRUE;
}

/* ---- making it durable ---- */

gboolean kx_incoming_in_memory(const KxIncoming *incoming)
{
    return incoming->fd < 0;
}

static gboolean fill_file(const KxIncoming *incoming, int fd, gint64 internal_date)
{
    const struct timespec times[2] = {{.tv_sec = internal_date}, {.tv_sec = internal_date}};
    return kx_write_all(fd, incoming->buffer, incoming->used, NULL) && futimens(fd, times) == 0;
}

gboolean kx_incoming_make_file(const KxIncoming *incoming, const char *path, gint64 internal_date,
                               gboolean start)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return FALSE;
    gboolean ok = fill_file(incoming, fd, internal_date);
    int saved = errno;
    /* The place on the disk is found now, so that one commit of the file system's journal serves
     * all files that are synced together. A hint: the sync itself tells of errors. */
    if (ok && start)
        sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    if (!ok)
        unlink(path);
    close(fd);
    errno = saved;
    return ok;
}

gboolean kx_incoming_sync(KxIncoming *incoming, gint64 internal_date, GError **error)
{
    if (incoming->broken)
        return kx_fail(error, KX_ERR_IO, "the temporary file could not be written");
    if (!flush(incoming, error))
        return FALSE;
    if (incoming->synced)
        return TRUE;
    const struct timespec times[2] = {{.tv_sec = internal_date}, {.tv_sec = internal_date}};
    if (futimens(incoming->fd, times) < 0 || fsync(incoming->fd) < 0) {
        incoming->broken = TRUE; /* a second fsync could succeed without having written anything */
        return kx_error_errno(error, "cannot sync %s", incoming->path);
    }
    incoming->synced = TRUE;
    return TRUE;
}

static gboolean write_edited(const void *bytes, size_t len, gpointer user, GError **error)
{
    return kx_incoming_write(user, bytes, len, error);
}

gboolean kx_incoming_edit(KxStore *store, KxIncoming **incoming, const KxMimeEdits *edits,
                          GError **error)
{
    g_autoptr(KxIncoming) edited = kx_incoming_new(store, error);
    if (!edited || !kx_mime_edits_write(edits, write_edited, edited, error))
        return FALSE;
    kx_incoming_free(*incoming);
    *incoming = g_steal_pointer(&edited);
    return TRUE;
}

gboolean kx_incoming_link(KxIncoming *incoming, const char *path, GError **error)
{
    if (!kx_incoming_sync(incoming, g_get_real_time() / G_USEC_PER_SEC, error))
        return FALSE;
    if (link(incoming->path, path) == 0)
        return TRUE;
    return errno == EEXIST ? kx_fail(error, KX_ERR_EXISTS, "%s exists already", path)
                           : kx_error_errno(error, "cannot make %s", path);
}

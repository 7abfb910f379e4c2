/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the files of items. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store-private.h"

enum { READ_MAX = 256 * 1024 };

typedef struct {
    void *data;
    size_t len;
} Mapping;

static void unmap(gpointer data)
{
    Mapping *mapping = data;
    munmap(mapping->data, mapping->len);
    g_free(mapping);
}

static GBytes *map_content(int fd, size_t len)
{
    void *data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return NULL;
    Mapping *mapping = g_new(Mapping, 1);
    *mapping = (Mapping){data, len};
    return g_bytes_new_with_free_func(data, len, unmap, mapping);
}

static GBytes *read_content(int fd, size_t len)
{
    char *data = g_malloc(len + 1);
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, data + got, len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_free(data);
            return NULL;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return g_bytes_new_take(data, got);
}

static GBytes *content_of(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        kx_fail(error, KX_ERR_NOT_FOUND, "the content %s has vanished", path);
        return NULL;
    }
    struct stat st;
    GBytes *bytes = NULL;
    if (fd >= 0 && fstat(fd, &st) == 0)
        bytes = st.st_size > READ_MAX ? map_content(fd, (size_t)st.st_size)
                                      : read_content(fd, (size_t)st.st_size);
    if (!bytes)
        kx_error_errno(error, "cannot read %s", path);
    if (fd >= 0)
        close(fd);
    return bytes;
}

GBytes *kx_item_content(KxFolder *folder, guint32 uid, GError **error)
{
    g_autofree char *dir = NULL;
    for (;;) { /* again if the folder was renamed between looking and opening */
        pthread_mutex_lock(&folder->account->state_lock);
        gboolean same = dir && g_str_equal(dir, folder->dir);
        g_free(dir);
        dir = g_strdup(folder->dir);
        pthread_mutex_unlock(&folder->account->state_lock);
        g_autofree char *path = kx_message_file(dir, uid);
        GError *problem = NULL;
        GBytes *bytes = content_of(path, &problem);
        if (bytes)
            return bytes;
        if (same || !g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND)) {
            g_propagate_error(error, problem);
            return NULL;
        }
        g_error_free(problem);
    }
}

/* ---- UIDs ---- */

typedef struct {
    KxFolder *folder;
    guint32 from;
    guint max;
    GArray *uids;
} UidRead;

static gboolean read_uids(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    UidRead *read = data;
    g_array_set_size(read->uids, 0);
    return kx_index_read_uids(db, read->folder->id, read->from, read->max, read->uids, error);
}

GArray *kx_folder_uids(KxFolder *folder, guint32 from, guint max, GError **error)
{
    UidRead read = {folder, from, max, g_array_new(FALSE, FALSE, sizeof(guint32))};
    if (kx_account_read(folder->account, read_uids, &read, error))
        return read.uids;
    g_array_unref(read.uids);
    return NULL;
}

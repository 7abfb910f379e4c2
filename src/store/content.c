/* SPDX-License-Identifier: Apache-2.0 */
/* Reading items: files, and the cached envelopes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store-private.h"

enum { READ_MAX = 256 * 1024 };

/* ---- content ---- */

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

/* ---- cache ---- */

typedef struct {
    KxFolder *folder;
    const guint32 *uids;
    guint n;
    KxItemCache *caches;
    gboolean *fresh; /* parsed just now: to be written */
} CacheRead;

static gboolean read_caches(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    CacheRead *read = data;
    for (guint i = 0; i < read->n; i++)
        if (!read->caches[i].envelope &&
            !kx_index_read_cache(db, read->folder->id, read->uids[i], &read->caches[i], error))
            return FALSE;
    return TRUE;
}

static gboolean write_caches(KxAccount *account, gpointer data, GError **error)
{
    CacheRead *read = data;
    g_auto(KxTxn) txn = {0};
    if (!kx_folder_load(read->folder, error) || !kx_txn_begin(&txn, account, error))
        return FALSE;
    for (guint i = 0; i < read->n; i++)
        if (read->fresh[i] && kx_items_find(read->folder, read->uids[i]) &&
            !kx_index_add_cache(txn.db, read->folder->id, read->uids[i], &read->caches[i], error))
            return FALSE;
    return kx_txn_commit(&txn, error);
}

static gboolean is_there(KxFolder *folder, guint32 uid)
{
    if (!kx_folder_lock_loaded(folder, NULL))
        return FALSE;
    gboolean there = kx_items_find(folder, uid) != NULL;
    pthread_mutex_unlock(&folder->account->state_lock);
    return there;
}

static gboolean parse_missing(CacheRead *read)
{
    gboolean any = FALSE;
    for (guint i = 0; i < read->n; i++) {
        if (read->caches[i].envelope || !is_there(read->folder, read->uids[i]))
            continue;
        g_autoptr(GBytes) content = kx_item_content(read->folder, read->uids[i], NULL);
        if (!content)
            continue;
        gsize len;
        const char *bytes = g_bytes_get_data(content, &len);
        kx_item_parse(bytes ? bytes : "", len, &read->caches[i]);
        any = read->fresh[i] = TRUE;
    }
    return any;
}

gboolean kx_folder_read_cache(KxFolder *folder, const guint32 *uids, guint n, KxItemCache *caches,
                              GError **error)
{
    g_autofree gboolean *fresh = g_new0(gboolean, n + 1);
    CacheRead read = {folder, uids, n, caches, fresh};
    memset(caches, 0, n * sizeof *caches);
    if (!kx_account_read(folder->account, read_caches, &read, error)) {
        for (guint i = 0; i < n; i++)
            kx_item_cache_clear(&caches[i]);
        return FALSE;
    }
    /* The answer does not depend on whether the rows can be written. */
    if (parse_missing(&read))
        kx_account_write(folder->account, write_caches, &read, NULL);
    return TRUE;
}

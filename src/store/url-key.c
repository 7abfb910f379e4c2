/* SPDX-License-Identifier: Apache-2.0 */
#include "store/url-key.h"

#include <sodium.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/store-private.h"

typedef struct {
    KxFolder *folder;
    gboolean make, replace;
    guint8 *key;
} KeyWork;

static char *key_file(KxFolder *folder)
{
    return g_build_filename(folder->dir, "#urlkey", NULL);
}

static gboolean read_key(const char *path, guint8 *key)
{
    g_autofree char *bytes = NULL;
    size_t len = 0;
    if (!kx_read_file(path, KX_URL_KEY, &bytes, &len, NULL))
        return FALSE;
    gboolean good = len == KX_URL_KEY;
    if (good)
        memcpy(key, bytes, KX_URL_KEY);
    sodium_memzero(bytes, len);
    return good;
}

/* With the write lock, so that the folder stays where it is and two do not make two keys. */
static gboolean key_work(KxAccount *account, gpointer data, GError **error)
{
    KeyWork *work = data;
    if (work->folder->gone)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed");
    g_autofree char *path = key_file(work->folder);
    gboolean there = read_key(path, work->key);
    if (work->replace ? !there : there)
        return TRUE;
    if (!work->replace && !work->make)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the folder has no access key");
    randombytes_buf(work->key, KX_URL_KEY);
    return kx_write_file_durable(path, work->key, KX_URL_KEY, 0600, error);
}

gboolean kx_folder_url_key(KxFolder *folder, gboolean make, guint8 ret_key[static KX_URL_KEY],
                           GError **error)
{
    KeyWork work = {.folder = folder, .make = make, .key = ret_key};
    return kx_account_write(folder->account, key_work, &work, error);
}

gboolean kx_folder_reset_url_key(KxFolder *folder, GError **error)
{
    guint8 key[KX_URL_KEY];
    KeyWork work = {.folder = folder, .replace = TRUE, .key = key};
    gboolean ok = kx_account_write(folder->account, key_work, &work, error);
    sodium_memzero(key, sizeof key);
    return ok;
}

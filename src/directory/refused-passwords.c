/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/refused-passwords.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"

enum { FILE_MAX = 16 * 1024 * 1024 }; /* bytes: more than a million passwords */

struct KxRefused {
    guint8 key[crypto_shorthash_KEYBYTES];
    struct stat read; /* the file as it was; st_mtime 0: none */
    GArray *hashes;   /* guint64, sorted */
};

KxRefused *kx_refused_new(void)
{
    KxRefused *refused = g_new0(KxRefused, 1);
    crypto_shorthash_keygen(refused->key);
    refused->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    return refused;
}

void kx_refused_free(KxRefused *refused)
{
    if (refused == NULL)
        return;
    g_array_unref(refused->hashes);
    g_free(refused);
}

/* ---- the list ---- */

static guint64 hash_of(const KxRefused *refused, const char *password, gssize len)
{
    g_autofree char *folded = g_utf8_casefold(password, len);
    guint64 hash = 0;
    G_STATIC_ASSERT(sizeof hash == crypto_shorthash_BYTES);
    crypto_shorthash((guint8 *)&hash, (const guint8 *)folded, strlen(folded), refused->key);
    explicit_bzero(folded, strlen(folded));
    return hash;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    guint64 left = *(const guint64 *)a, right = *(const guint64 *)b;
    return (left > right) - (left < right);
}

static void take_lines(KxRefused *refused, const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *next = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = next != NULL ? next : end;
        size_t len = (size_t)(line_end - text);
        if (len > 0 && text[len - 1] == '\r')
            len--;
        if (len > 0 && g_utf8_validate(text, (gssize)len, NULL)) {
            guint64 hash = hash_of(refused, text, (gssize)len);
            g_array_append_val(refused->hashes, hash);
        }
        text = line_end + 1;
    }
    g_array_sort(refused->hashes, compare);
}

static gboolean is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static gboolean read_list(KxRefused *refused, GError **error)
{
    struct stat now = {0};
    g_autofree char *text = NULL;
    size_t len = 0;
    if (stat(KX_PATH_REFUSED, &now) < 0 && errno != ENOENT)
        return kx_error_errno(error, "cannot look at %s", KX_PATH_REFUSED);
    if (is_same(&now, &refused->read))
        return TRUE;
    if (now.st_ino != 0 && !kx_read_file(KX_PATH_REFUSED, FILE_MAX, &text, &len, error))
        return FALSE;
    g_array_set_size(refused->hashes, 0);
    take_lines(refused, text != NULL ? text : "", len);
    refused->read = now;
    return TRUE;
}

gboolean kx_refused_check(KxRefused *refused, const char *password, GError **error)
{
    if (!read_list(refused, error))
        return FALSE;
    guint64 hash = hash_of(refused, password, -1);
    return !g_array_binary_search(refused->hashes, &hash, compare, NULL) ||
           kx_fail(error, KX_ERR_INVALID,
                   "password: it is among those that others have, or that are known (%s)",
                   KX_PATH_REFUSED);
}

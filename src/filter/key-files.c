/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/key-files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/lock.h"
#include "base/paths.h"

enum { PEM_MAX = 16 * 1024, SELECTOR_MAX = 63, KEPT_MAX = 10000 };
static const char SUFFIX[] = ".key";

static char *folder_of(const char *domain)
{
    return g_strconcat(KX_PATH_DKIM "/", domain, NULL);
}

static char *path_of(const char *domain, const char *selector)
{
    return g_strconcat(KX_PATH_DKIM "/", domain, "/", selector, SUFFIX, NULL);
}

gboolean kx_dkim_check_selector(const char *selector, GError **error)
{
    size_t len = strlen(selector);
    gboolean ok = len > 0 && len <= SELECTOR_MAX && g_ascii_isalnum(selector[0]) &&
                  g_ascii_isalnum(selector[len - 1]) && !strstr(selector, "..");
    for (const char *c = selector; ok && *c; c++)
        ok = g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '-' || *c == '.';
    return ok || kx_fail(error, KX_ERR_INVALID,
                         "'%s' is no selector: small letters, digits, '-' and '.' inside, %d at "
                         "most",
                         selector, SELECTOR_MAX);
}

/* ---- reading ---- */

static KxDkimKey *read_key(const char *domain, const char *selector, GError **error)
{
    g_autofree char *path = path_of(domain, selector);
    g_autofree char *pem = NULL;
    size_t len = 0;
    if (!kx_read_file(path, PEM_MAX, &pem, &len, error))
        return NULL;
    KxDkimKey *key = kx_dkim_key_new(pem, len, selector, error);
    explicit_bzero(pem, len);
    if (!key)
        g_prefix_error(error, "%s: ", path);
    return key;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in the folder that end so, without the end; sorted. A folder that is not there has none.
 * NULL: nobody can say now. */
static GPtrArray *names_in(const char *path, const char *suffix, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    errno = 0;
    GDir *dir = g_dir_open(path, 0, NULL);
    if (!dir && errno != ENOENT && errno != ENOTDIR) {
        kx_error_errno(error, "cannot open %s", path);
        return NULL;
    }
    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, suffix))
            g_ptr_array_add(names, g_strndup(name, strlen(name) - strlen(suffix)));
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

GPtrArray *kx_dkim_files_of(const char *domain, GError **error)
{
    g_autofree char *folder = folder_of(domain);
    g_autoptr(GPtrArray) names = names_in(folder, SUFFIX, error);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)kx_dkim_key_unref);
    if (!names)
        return NULL;
    for (guint i = 0; i < names->len && keys->len < KX_DKIM_KEYS_MAX; i++) {
        KxDkimKey *key = kx_dkim_check_selector(names->pdata[i], error)
                             ? read_key(domain, names->pdata[i], error)
                             : NULL;
        if (!key)
            return NULL;
        g_ptr_array_add(keys, key);
    }
    return g_steal_pointer(&keys);
}

char **kx_dkim_file_domains(GError **error)
{
    g_autoptr(GPtrArray) names = names_in(KX_PATH_DKIM, "", error);
    if (!names)
        return NULL;
    g_ptr_array_set_free_func(names, NULL);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_steal(names, NULL);
}

/* ---- changing ---- */

gboolean kx_dkim_file_create(const char *domain, const char *selector, KxDkimAlgorithm algorithm,
                             guint bits, GError **error)
{
    g_autofree char *folder = folder_of(domain), *path = path_of(domain, selector);
    if (!kx_dkim_check_selector(selector, error))
        return FALSE;
    if (access(path, F_OK) == 0)
        return kx_fail(error, KX_ERR_EXISTS, "%s has a key '%s' already", domain, selector);
    g_autoptr(GPtrArray) there = names_in(folder, SUFFIX, error);
    if (!there)
        return FALSE;
    if (there->len >= KX_DKIM_KEYS_MAX)
        return kx_fail(error, KX_ERR_INVALID, "%s has %d keys: remove one first", domain,
                       KX_DKIM_KEYS_MAX);
    g_autofree char *pem = kx_dkim_key_generate(algorithm, bits, error);
    if (!pem)
        return FALSE;
    gboolean ok = kx_mkdir_durable(folder, error) &&
                  kx_write_file_durable(path, pem, strlen(pem), 0600, error);
    explicit_bzero(pem, strlen(pem));
    return ok;
}

gboolean kx_dkim_file_remove(const char *domain, const char *selector, GError **error)
{
    g_autofree char *folder = folder_of(domain), *path = path_of(domain, selector);
    if (!kx_dkim_check_selector(selector, error))
        return FALSE;
    if (unlink(path) < 0)
        return errno == ENOENT
                   ? kx_fail(error, KX_ERR_NOT_FOUND, "%s has no key '%s'", domain, selector)
                   : kx_error_errno(error, "cannot remove %s", path);
    return rmdir(folder) == 0 || kx_sync_dir(folder, error);
}

/* ---- keeping ---- */

typedef struct {
    struct timespec changed;
    GPtrArray *keys;
} Kept;

struct KxDkimKeys {
    KxMutex lock;
    GHashTable *kept; /* domain -> Kept */
};

static void kept_free(gpointer data)
{
    Kept *kept = data;
    g_ptr_array_unref(kept->keys);
    g_free(kept);
}

KxDkimKeys *kx_dkim_keys_new(void)
{
    KxDkimKeys *keys = g_new0(KxDkimKeys, 1);
    kx_mutex_init(&keys->lock);
    keys->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
    return keys;
}

void kx_dkim_keys_free(KxDkimKeys *keys)
{
    if (!keys)
        return;
    g_hash_table_unref(keys->kept);
    kx_mutex_clear(&keys->lock);
    g_free(keys);
}

/* With the lock held. */
static GPtrArray *keep(KxDkimKeys *keys, const char *domain, const struct timespec *changed,
                       GError **error)
{
    Kept *kept = g_hash_table_lookup(keys->kept, domain);
    if (kept && memcmp(&kept->changed, changed, sizeof *changed) == 0)
        return g_ptr_array_ref(kept->keys);
    GPtrArray *list = kx_dkim_files_of(domain, error);
    if (!list)
        return NULL;
    if (g_hash_table_size(keys->kept) >= KEPT_MAX)
        g_hash_table_remove_all(keys->kept);
    kept = g_new0(Kept, 1);
    kept->changed = *changed;
    kept->keys = g_ptr_array_ref(list);
    g_hash_table_replace(keys->kept, g_strdup(domain), kept);
    return list;
}

GPtrArray *kx_dkim_keys_of(KxDkimKeys *keys, const char *domain, GError **error)
{
    g_autofree char *folder = folder_of(domain);
    struct stat info;
    if (stat(folder, &info) < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return g_ptr_array_new();
        kx_error_errno(error, "cannot look at %s", folder);
        return NULL;
    }
    kx_mutex_lock(&keys->lock);
    GPtrArray *list = keep(keys, domain, &info.st_mtim, error);
    kx_mutex_unlock(&keys->lock);
    return list;
}

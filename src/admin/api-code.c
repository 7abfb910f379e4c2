/* SPDX-License-Identifier: Apache-2.0 */
/* The second factor of who signs in to the API (TOOL-14). */
#include <string.h>

#include "admin/api-private.h"
#include "base/lock.h"
#include "directory/totp.h"

enum { USED_MAX = 10000 };

struct KxApiCodes {
    KxMutex lock;
    GHashTable
        *used; /* SHA-256 of login and secret -> guint64 *, interval of the last code taken */
};

KxApiCodes *kx_api_codes_new(void)
{
    KxApiCodes *codes = g_new0(KxApiCodes, 1);
    kx_mutex_init(&codes->lock);
    codes->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return codes;
}

void kx_api_codes_free(KxApiCodes *codes)
{
    if (!codes)
        return;
    g_hash_table_unref(codes->used);
    kx_mutex_clear(&codes->lock);
    g_free(codes);
}

/* A new secret begins anew. */
static char *key_of(const KxUser *user)
{
    g_autofree char *text =
        g_strdup_printf("%s@%s %s", user->name, user->domain, user->second_factor);
    char *key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    explicit_bzero(text, strlen(text));
    return key;
}

static void remember(KxApiCodes *codes, char *key, guint64 step)
{
    guint64 *taken = g_new(guint64, 1);
    *taken = step;
    if (g_hash_table_size(codes->used) >= USED_MAX)
        g_hash_table_remove_all(codes->used);
    g_hash_table_replace(codes->used, key, taken);
}

/* Who looked over a shoulder comes too late: neither that code nor one before it counts again. */
gboolean kx_api_code_take(KxApiCodes *codes, const KxUser *user, const char *code)
{
    guint64 step = kx_totp_find(user->second_factor, code, g_get_real_time() / G_USEC_PER_SEC);
    g_autofree char *key = key_of(user);
    kx_mutex_lock(&codes->lock);
    const guint64 *last = g_hash_table_lookup(codes->used, key);
    gboolean good = step > (last ? *last : 0);
    if (good)
        remember(codes, g_steal_pointer(&key), step);
    kx_mutex_unlock(&codes->lock);
    return good;
}

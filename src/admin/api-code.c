/* SPDX-License-Identifier: Apache-2.0 */
/* The second factor of who signs in to the API (TOOL-14). */
#include <string.h>

#include "admin/api-private.h"
#include "base/lock.h"
#include "directory/totp.h"

enum {
    USED_MAX = 10000,
    WRONG_MAX = 10, /* codes of an account, then none is taken for a while (RFC 4226 section 7.3) */
    WHILE_SECONDS = 15 * 60,
};

/* Of an account and its secret. */
typedef struct {
    guint64 step; /* interval of the last code that was taken */
    guint wrong;  /* since then, */
    gint64 since; /* from here on (Unix seconds) */
} Used;

struct KxApiCodes {
    KxMutex lock;
    GHashTable *used; /* SHA-256 of login and secret -> Used */
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

/* With the lock held. */
static Used *find(KxApiCodes *codes, const KxUser *user)
{
    g_autofree char *key = key_of(user);
    Used *used = g_hash_table_lookup(codes->used, key);
    if (used)
        return used;
    if (g_hash_table_size(codes->used) >= USED_MAX)
        g_hash_table_remove_all(codes->used);
    used = g_new0(Used, 1);
    g_hash_table_insert(codes->used, g_steal_pointer(&key), used);
    return used;
}

static gboolean take(Used *used, guint64 step, gint64 now)
{
    if (now - used->since >= WHILE_SECONDS || now < used->since)
        used->wrong = 0;
    if (used->wrong < WRONG_MAX && step > used->step) {
        *used = (Used){.step = step};
        return TRUE;
    }
    if (used->wrong == 0)
        used->since = now;
    used->wrong = MIN(used->wrong + 1, WRONG_MAX);
    return FALSE;
}

/* Who looked over a shoulder comes too late: neither that code nor one before it counts again. Who
 * has the password and guesses codes may come from anywhere: they are counted for the account. */
gboolean kx_api_code_take(KxApiCodes *codes, const KxUser *user, const char *code)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    guint64 step = kx_totp_find(user->second_factor, code, now);
    kx_mutex_lock(&codes->lock);
    gboolean good = take(find(codes, user), step, now);
    kx_mutex_unlock(&codes->lock);
    return good;
}

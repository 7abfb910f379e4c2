/* SPDX-License-Identifier: Apache-2.0 */
/* USR-23. */
#include "directory/srs.h"

#include <sodium.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "directory/directory-private.h"
#include "directory/names.h"

enum {
    TAG = 4,           /* "SRS0" */
    HASH = 8,          /* characters of five bits each */
    DAY = 2,           /* the same */
    DAYS_ROUND = 1024, /* after so many the characters are the same again */
    ADDRESS_MAX = 254, /* RFC 5321 section 4.5.3.1.3 */
};
static const char DIGITS[] = "abcdefghijklmnopqrstuvwxyz234567";

/* ---- hash and day ---- */

/* Of a text in any case. */
static void make_hash(const guint8 *key, const char *text, char ret_hash[static HASH + 1])
{
    guint8 bytes[crypto_auth_BYTES];
    G_STATIC_ASSERT(KX_SRS_KEY == crypto_auth_KEYBYTES);
    g_autofree char *lower = g_ascii_strdown(text, -1);
    crypto_auth(bytes, (const guint8 *)lower, strlen(lower), key);
    guint64 bits = 0;
    for (int i = 0; i < HASH * 5 / 8; i++)
        bits = bits << 8 | bytes[i];
    for (int i = HASH - 1; i >= 0; i--, bits >>= 5)
        ret_hash[i] = DIGITS[bits & 31];
    ret_hash[HASH] = '\0';
}

static gboolean is_hash_of(const guint8 *key, const char *text, const char *hash)
{
    char right[HASH + 1];
    make_hash(key, text, right);
    g_autofree char *lower = g_ascii_strdown(hash, -1);
    return strlen(lower) == HASH && sodium_memcmp(lower, right, HASH) == 0;
}

/* Days since then; those that are no day are as old as can be. */
static guint age_of(const char *day, gint64 today)
{
    guint then = 0;
    for (int i = 0; i < DAY; i++) {
        const char *digit = day[i] ? strchr(DIGITS, g_ascii_tolower(day[i])) : NULL;
        if (!digit)
            return DAYS_ROUND;
        then = then * 32 + (guint)(digit - DIGITS);
    }
    return ((guint)(today % DAYS_ROUND) + DAYS_ROUND - then) % DAYS_ROUND;
}

/* ---- making ---- */

/* What follows the tag, beginning with the separator, if the local part is of that kind. */
static const char *after_tag(const char *local, const char *tag)
{
    return g_ascii_strncasecmp(local, tag, TAG) == 0 && local[TAG] && strchr("=+-", local[TAG])
               ? local + TAG
               : NULL;
}

static char *make_srs0(const guint8 *key, const char *local, const char *from, const char *domain,
                       gint64 day)
{
    guint today = (guint)(day % DAYS_ROUND);
    char hash[HASH + 1];
    g_autofree char *text =
        g_strdup_printf("%c%c=%s=%s", DIGITS[today / 32], DIGITS[today % 32], from, local);
    make_hash(key, text, hash);
    return g_strdup_printf("SRS0=%s=%s@%s", hash, text, domain);
}

/* `first` is who made the SRS0 address, `rest` what followed the tag of it. */
static char *make_srs1(const guint8 *key, const char *first, const char *rest, const char *domain)
{
    char hash[HASH + 1];
    g_autofree char *text = g_strdup_printf("%s=%s", first, rest);
    make_hash(key, text, hash);
    return g_strdup_printf("SRS1=%s=%s@%s", hash, text, domain);
}

/* Of somebody else's SRS1 address only the hash changes. */
static char *remake_srs1(const guint8 *key, const char *rest, const char *domain)
{
    g_auto(GStrv) parts = g_strsplit(rest + 1, "=", 3);
    return g_strv_length(parts) == 3 ? make_srs1(key, parts[1], parts[2], domain) : NULL;
}

char *kx_srs_make(const guint8 key[static KX_SRS_KEY], const char *sender, const char *domain,
                  gint64 day)
{
    const char *at = strrchr(sender, '@');
    if (!at || at == sender || *sender == '"')
        return NULL;
    g_autofree char *local = g_strndup(sender, (gsize)(at - sender));
    const char *srs0 = after_tag(local, "SRS0"), *srs1 = after_tag(local, "SRS1");
    g_autofree char *made = srs1 ? remake_srs1(key, srs1, domain) : NULL;
    if (!made)
        made = srs0 ? make_srs1(key, at + 1, srs0, domain)
                    : make_srs0(key, local, at + 1, domain, day);
    return strlen(made) <= ADDRESS_MAX ? g_steal_pointer(&made) : NULL;
}

/* ---- undoing ---- */

/* "hash=day=domain=local" */
static char *undo_srs0(const guint8 *key, const char *text, gint64 day, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "=", 4);
    const char *signed_part = strchr(text, '=');
    if (g_strv_length(parts) != 4 || !is_hash_of(key, signed_part + 1, parts[0])) {
        kx_fail(error, KX_ERR_INVALID, "this server did not make that address");
        return NULL;
    }
    if (age_of(parts[1], day) > KX_SRS_DAYS) {
        kx_fail(error, KX_ERR_INVALID, "that address is older than %d days", KX_SRS_DAYS);
        return NULL;
    }
    return g_strdup_printf("%s@%s", parts[3], parts[2]);
}

/* "hash=domain=rest" */
static char *undo_srs1(const guint8 *key, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "=", 3);
    const char *signed_part = strchr(text, '=');
    if (g_strv_length(parts) != 3 || !is_hash_of(key, signed_part + 1, parts[0])) {
        kx_fail(error, KX_ERR_INVALID, "this server did not make that address");
        return NULL;
    }
    return g_strdup_printf("SRS0%s@%s", parts[2], parts[1]);
}

char *kx_srs_undo(const guint8 key[static KX_SRS_KEY], const char *local, gint64 day,
                  GError **error)
{
    const char *srs0 = after_tag(local, "SRS0"), *srs1 = after_tag(local, "SRS1");
    if (srs0)
        return undo_srs0(key, srs0 + 1, day, error);
    if (srs1)
        return undo_srs1(key, srs1 + 1, error);
    kx_fail(error, KX_ERR_NOT_FOUND, "not a rewritten address");
    return NULL;
}

/* ---- of this server ---- */

static gint64 today(void)
{
    return g_get_real_time() / G_USEC_PER_SEC / 86400;
}

gboolean kx_srs_load_key(KxDirectory *directory, GError **error)
{
    G_STATIC_ASSERT(sizeof directory->srs_key == KX_SRS_KEY);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) problem = NULL;
    size_t len = 0;
    if (kx_read_file(KX_PATH_SRS_KEY, KX_SRS_KEY, &bytes, &len, &problem) && len == KX_SRS_KEY) {
        memcpy(directory->srs_key, bytes, KX_SRS_KEY);
        return TRUE;
    }
    if (problem && !g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&problem), "%s: ", KX_PATH_SRS_KEY);
        return FALSE;
    }
    randombytes_buf(directory->srs_key, KX_SRS_KEY);
    return kx_write_file_durable(KX_PATH_SRS_KEY, directory->srs_key, KX_SRS_KEY, 0600, error);
}

char *kx_srs_origin(const KxDirectory *directory, const char *local, GError **error)
{
    return kx_srs_undo(directory->srs_key, local, today(), error);
}

static gboolean is_ours(KxDirectory *directory, const char *domain)
{
    kx_rw_lock_read(&directory->lock);
    gboolean ours = kx_tables_find_mail_domain(directory, domain) != NULL;
    kx_rw_lock_unlock(&directory->lock);
    return ours;
}

char *kx_srs_sender(KxDirectory *directory, const char *sender, const char *forwarder)
{
    g_autoptr(KxSettings) settings = kx_settings_get(directory->settings);
    const char *from = strrchr(sender, '@'), *by = strrchr(forwarder, '@');
    g_autofree char *theirs = from ? kx_name_domain(from + 1, NULL) : NULL;
    g_autofree char *domain = by ? kx_name_domain(by + 1, NULL) : kx_domain_primary(directory);
    if (!kx_settings_bool(settings, KX_SET_MAIL_SRS) || !theirs || !domain ||
        is_ours(directory, theirs))
        return NULL;
    return kx_srs_make(directory->srs_key, sender, domain, today());
}

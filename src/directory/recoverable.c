/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/recoverable.h"

#include <sodium.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "directory/auth-client.h"
#include "directory/change.h"
#include "directory/object.h"

static const char KEY_FILE[] = "passwords.key";

enum {
    KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SEALED_MAX = NONCE + KX_PASSWORD_MAX * 4 + TAG, /* prepared ones may be longer */
};

/* ---- the key, which is read each time: so rarely is it needed ---- */

static gboolean read_key(guint8 key[static KEY], GError **error)
{
    g_autofree char *bytes = NULL;
    size_t len;
    if (!kx_read_file(KEY_FILE, KEY + 1, &bytes, &len, error))
        return FALSE;
    if (len != KEY)
        return kx_fail(error, KX_ERR_CORRUPT, "%s is damaged: it is not %d bytes long", KEY_FILE,
                       KEY);
    memcpy(key, bytes, KEY);
    explicit_bzero(bytes, len);
    return TRUE;
}

static gboolean read_or_make_key(guint8 key[static KEY], GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (read_key(key, &inner))
        return TRUE;
    if (!g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    randombytes_buf(key, KEY);
    return kx_write_file_durable(KEY_FILE, key, KEY, 0600, error);
}

/* ---- sealing ---- */

char *kx_recoverable_seal(gint64 owner, const char *prepared, GError **error)
{
    guint8 key[KEY], sealed[SEALED_MAX];
    unsigned long long len;
    size_t text = strlen(prepared);
    if (text > SEALED_MAX - NONCE - TAG) {
        kx_fail(error, KX_ERR_INVALID, "the password is too long");
        return NULL;
    }
    if (!read_or_make_key(key, error))
        return NULL;
    randombytes_buf(sealed, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, &len, (const guint8 *)prepared, text,
                                               (const guint8 *)&owner, sizeof owner, NULL, sealed,
                                               key);
    sodium_memzero(key, sizeof key);
    return g_base64_encode(sealed, NONCE + (gsize)len);
}

static char *open_sealed(gint64 owner, const char *stored, GError **error)
{
    guint8 key[KEY], clear[SEALED_MAX];
    unsigned long long len;
    gsize n;
    g_autofree guint8 *sealed = g_base64_decode(stored, &n);
    char *password = NULL;
    if (!read_key(key, error))
        return NULL;
    if (n >= NONCE + TAG && n <= SEALED_MAX &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(clear, &len, NULL, sealed + NONCE, n - NONCE,
                                                   (const guint8 *)&owner, sizeof owner, sealed,
                                                   key) == 0)
        password = g_strndup((const char *)clear, (gsize)len);
    else
        kx_fail(error, KX_ERR_CORRUPT, "%s is not the key that it was sealed with", KEY_FILE);
    sodium_memzero(clear, sizeof clear);
    sodium_memzero(key, sizeof key);
    return password;
}

/* ---- a domain does not wish it any more ---- */

gboolean kx_recoverable_store_forget(KxDirectory *directory, gint64 domain, GError **error)
{
    return kx_change_run_id(directory->db,
                            "DELETE FROM credentials WHERE kind = 'recoverable'"
                            " AND owner IN (SELECT id FROM users WHERE domain = ?)",
                            domain, error);
}

static void forget_in(KxDirectory *directory, KxDomainEntry *home)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, home->users);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxUserEntry *user = value;
        directory->unrecoverable += user->recoverable && user->verifier != NULL;
        user->recoverable = FALSE;
    }
    home->recoverable = 0;
}

void kx_recoverable_settle(KxDirectory *directory)
{
    GHashTableIter iter;
    gpointer home;
    g_hash_table_iter_init(&iter, directory->domains);
    while (g_hash_table_iter_next(&iter, NULL, &home))
        if (((KxDomainEntry *)home)->recoverable > 0 &&
            !((KxDomainEntry *)home)->domain.recoverable)
            forget_in(directory, home);
}

/* ---- for a client ---- */

/* Also asked for nobody, as that takes as long. */
static char *read_stored(KxDirectory *directory, gint64 owner)
{
    pthread_mutex_lock(&directory->reader_lock);
    KxStmt *stmt = kx_db_prepare(
        directory->reader, "SELECT value FROM credentials WHERE owner = ? AND kind = 'recoverable'",
        NULL);
    char *stored = NULL;
    if (stmt != NULL) {
        kx_stmt_bind_int(stmt, 1, owner);
        if (kx_stmt_step(stmt, NULL) == 1)
            stored = g_strdup(kx_stmt_text(stmt, 0));
        kx_stmt_reset(stmt);
    }
    pthread_mutex_unlock(&directory->reader_lock);
    return stored;
}

static char *unknown_password(void)
{
    guint8 bytes[16];
    randombytes_buf(bytes, sizeof bytes);
    return g_base64_encode(bytes, sizeof bytes);
}

/* Without the key all who sign in so are refused, and each with the right password: the log says
 * that once. */
static void say_lost(KxDirectory *directory, const KxUser *user, const GError *error)
{
    if (g_atomic_int_compare_and_exchange(&directory->key_missed, 0, 1))
        kx_log(directory->logger, KX_LOG_ERROR,
               "The password that is kept of %s@%s cannot be had back, nor perhaps those of others "
               "(set them again): %s",
               user->name, user->domain, error->message);
}

char *kx_auth_recover(KxDirectory *directory, const char *login, const char *local_ip,
                      KxUser **ret_user, const char **ret_reason)
{
    g_autoptr(KxUser) user = kx_auth_find_user(directory, login, local_ip);
    g_autofree char *stored = read_stored(directory, user != NULL ? user->id : 0);
    g_autoptr(GError) error = NULL;
    char *password = user != NULL && stored != NULL ? open_sealed(user->id, stored, &error) : NULL;
    if (error != NULL)
        say_lost(directory, user, error);
    *ret_user = NULL;
    if (user == NULL)
        *ret_reason = "the user does not exist";
    else if (user->disabled)
        *ret_reason = "the account is disabled";
    else if (user->authentication != KX_AUTHENTICATION_PASSWORD)
        *ret_reason = "the account's password is checked elsewhere";
    else if (!kx_auth_takes_own_password(directory, user))
        *ret_reason = "the account's own password is not for mail programs";
    else if (password == NULL)
        *ret_reason = "the account has no recoverable password";
    else
        *ret_user = g_steal_pointer(&user);
    return password != NULL ? password : unknown_password();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What SCRAM needs of an account (AUTH-06, AUTH-10). */
#include <sodium.h>

#include "directory/auth-client.h"
#include "directory/names.h"
#include "directory/object.h"
#include "directory/scram.h"

static const char *const KINDS[] = {
    [KX_SCRAM_SHA_1] = "scram-sha-1", [KX_SCRAM_SHA_256] = "scram-sha-256"};

/* Keys that no password fits, the same for the same name at any time, so that a name that is
 * nobody's looks like one that is somebody's. */
static void make_decoy(KxDirectory *directory, const char *login, KxScramKeys *keys)
{
    guint8 secret[crypto_generichash_KEYBYTES], bytes[crypto_generichash_BYTES_MAX];
    g_autofree char *folded = kx_name_fold(login);
    const char *name = folded != NULL ? folded : login;
    g_autofree char *text = g_strdup_printf("scram decoy %d %s", (int)keys->hash, name);
    memcpy(secret, directory->srs_key, sizeof secret);
    crypto_generichash(bytes, sizeof bytes, (const guint8 *)text, strlen(text), secret,
                       sizeof secret);
    keys->iterations = KX_SCRAM_ITERATIONS;
    keys->salt_len = KX_SCRAM_SALT;
    memcpy(keys->salt, bytes, KX_SCRAM_SALT);
    randombytes_buf(keys->stored_key, sizeof keys->stored_key);
    memcpy(keys->server_key, bytes + KX_SCRAM_SALT, sizeof keys->server_key);
    sodium_memzero(secret, sizeof secret);
}

/* From the disk, as they are needed once for each connection; also asked for nobody, as that takes
 * as long. */
static gboolean read_keys(KxDirectory *directory, gint64 owner, KxScramKeys *keys)
{
    pthread_mutex_lock(&directory->reader_lock);
    KxStmt *stmt = kx_db_prepare(
        directory->reader, "SELECT value FROM credentials WHERE owner = ? AND kind = ?", NULL);
    gboolean found = FALSE;
    if (stmt != NULL) {
        kx_stmt_bind_int(stmt, 1, owner);
        kx_stmt_bind_text(stmt, 2, KINDS[keys->hash]);
        found = kx_stmt_step(stmt, NULL) == 1 && kx_scram_parse(kx_stmt_text(stmt, 0), keys);
        kx_stmt_reset(stmt);
    }
    pthread_mutex_unlock(&directory->reader_lock);
    return found;
}

KxUser *kx_auth_find_user(KxDirectory *directory, const char *login, const char *local_ip)
{
    KxUser *user = NULL;
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_login(directory, login, local_ip);
    if (entry != NULL)
        user = (KxUser *)(void *)kx_entry_copy(&kx_type_user, &entry->entry);
    kx_rw_lock_unlock(&directory->lock);
    return user;
}

KxUser *kx_auth_scram(KxDirectory *directory, const char *login, const char *local_ip,
                      KxScramKeys *keys, const char **ret_reason)
{
    const KxScramHash hash = keys->hash;
    g_autoptr(KxUser) user = kx_auth_find_user(directory, login, local_ip);
    gboolean found = read_keys(directory, user != NULL ? user->id : 0, keys);
    if (user == NULL)
        *ret_reason = "the user does not exist";
    else if (user->disabled)
        *ret_reason = "the account is disabled";
    else if (user->authentication != KX_AUTHENTICATION_PASSWORD)
        *ret_reason = "the account's password is checked elsewhere";
    else if (!kx_auth_takes_own_password(directory, user))
        *ret_reason = "the account's own password is not for mail programs";
    else if (!found)
        *ret_reason = "the account has no SCRAM keys: no password, or an imported one";
    else
        return g_steal_pointer(&user);
    *keys = (KxScramKeys){.hash = hash};
    make_decoy(directory, login, keys);
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Checking passwords (AUTH-07, AUTH-10). */
#include <sodium.h>

#include "directory/auth-decoy.h"
#include "directory/auth-outside.h"
#include "directory/credentials.h"
#include "directory/foreign-hash.h"
#include "directory/names.h"
#include "directory/object.h"

/* What is known of the account before the check. */
typedef struct {
    KxUser *user; /* NULL: unknown */
    char *verifier;
} Candidate;

static void candidate_clear(Candidate *candidate)
{
    g_clear_pointer(&candidate->user, kx_user_free);
    g_clear_pointer(&candidate->verifier, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Candidate, candidate_clear)

typedef struct {
    const char *login;
    const char *given;
    const char *prepared; /* by kx_password_prepare() */
    const char *ip;       /* where it comes from, or NULL */
} Password;

static void find_candidate(KxDirectory *directory, const char *login, const char *local_ip,
                           Candidate *ret_candidate)
{
    kx_rw_lock_read(&directory->lock);
    KxUserEntry *entry = kx_tables_find_login(directory, login, local_ip);
    if (entry != NULL) {
        ret_candidate->user = (KxUser *)(void *)kx_entry_copy(&kx_type_user, &entry->entry);
        ret_candidate->verifier = g_strdup(entry->verifier);
    }
    kx_rw_lock_unlock(&directory->lock);
    const KxUser *user = ret_candidate->user;
    kx_debug(directory->logger, KX_DEBUG_DIRECTORY_LOOKUP, "Login %s at %s is %s@%s", login,
             local_ip ? local_ip : "any address", user ? user->name : "nobody",
             user ? user->domain : "");
}

static gboolean is_imported(const Candidate *candidate)
{
    return candidate->verifier != NULL && kx_foreign_hash_is(candidate->verifier);
}

/* Always one check of full cost, whether or not its result can count. A password that another
 * server stored is checked beside it; for who has no password, that of somebody. */
static KxAuthResult check(KxDirectory *directory, const Candidate *candidate,
                          const Password *password, const char **ret_reason)
{
    g_autofree char *decoy =
        candidate->verifier == NULL ? kx_auth_decoy(directory, password->login) : NULL;
    gboolean imported = is_imported(candidate);
    const char *verifier = candidate->verifier != NULL && !imported
                               ? candidate->verifier
                               : kx_auth_gate_dummy(directory->gate);
    gint64 until = g_get_monotonic_time() + KX_AUTH_WAIT_SECONDS * G_USEC_PER_SEC;
    if (!kx_auth_gate_enter(directory->gate, until)) {
        *ret_reason = "too many password checks at once";
        return KX_AUTH_BUSY;
    }
    gboolean match = kx_verifier_check(verifier, password->prepared);
    if (imported)
        match = kx_foreign_hash_check(candidate->verifier, password->given);
    else if (decoy != NULL)
        kx_foreign_hash_check(decoy, password->given);
    kx_auth_gate_leave(directory->gate);
    if (candidate->user == NULL)
        *ret_reason = "the user does not exist";
    else if (candidate->user->disabled)
        *ret_reason = "the account is disabled";
    else if (candidate->verifier == NULL)
        *ret_reason = "the account has no password";
    else if (!match)
        *ret_reason = "wrong password";
    else
        return KX_AUTH_OK;
    return KX_AUTH_FAILED;
}

/* Now that the password is known, our own form of it takes the place of the imported one (USR-21),
 * unless another was set meanwhile. If that fails, it will be tried at the next sign-in. */
static void replace_imported(KxDirectory *directory, const KxUser *user, const char *prepared)
{
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    const KxField field = {"password", prepared};
    const KxChange change = {.verb = KX_CHANGE_SET,
                             .object = KX_OBJECT_USER,
                             .name = login,
                             .fields = &field,
                             .n_fields = 1,
                             .generation = user->generation};
    const KxAdmin self = {.name = login, .level = KX_LEVEL_FULL, .renews = TRUE};
    kx_object_change(directory, &self, &change, 1, NULL, NULL);
}

static KxAuthResult check_cached(KxDirectory *directory, const Candidate *candidate,
                                 const Password *password, const char **ret_reason)
{
    KxAuthKey key;
    if (candidate->user == NULL || candidate->user->disabled || candidate->verifier == NULL)
        return check(directory, candidate, password, ret_reason);
    kx_auth_gate_key(directory->gate, candidate->user->id, candidate->user->generation,
                     password->prepared, &key);
    KxAuthResult result = KX_AUTH_OK;
    if (!kx_auth_gate_knows(directory->gate, &key, g_get_monotonic_time())) {
        result = check(directory, candidate, password, ret_reason);
        if (result == KX_AUTH_OK && is_imported(candidate))
            replace_imported(directory, candidate->user, password->prepared);
        else if (result == KX_AUTH_OK)
            kx_auth_gate_remember(directory->gate, &key, g_get_monotonic_time(),
                                  KX_AUTH_CACHE_SECONDS);
    }
    sodium_memzero(&key, sizeof key);
    return result;
}

gboolean kx_auth_hashes(KxDirectory *directory, const char *login, const char *password,
                        const char *local_ip)
{
    KxAuthKey key;
    char *prepared = kx_password_prepare(password, NULL);
    g_auto(KxOutside) outside = {0};
    gboolean hashes = prepared != NULL && !kx_outside_find(directory, login, local_ip, &outside);
    if (hashes) {
        kx_rw_lock_read(&directory->lock);
        const KxUserEntry *entry = kx_tables_find_login(directory, login, local_ip);
        gboolean open = entry != NULL && !entry->user.disabled && entry->verifier != NULL;
        if (open)
            kx_auth_gate_key(directory->gate, entry->user.id, entry->user.generation, prepared,
                             &key);
        kx_rw_lock_unlock(&directory->lock);
        hashes = !open || !kx_auth_gate_knows(directory->gate, &key, g_get_monotonic_time());
        sodium_memzero(&key, sizeof key);
    }
    if (prepared != NULL)
        sodium_memzero(prepared, strlen(prepared));
    g_free(prepared);
    return hashes;
}

static KxAuthResult check_here(KxDirectory *directory, const Password *password,
                               const char *local_ip, KxUser **ret_user, const char **ret_reason)
{
    g_auto(Candidate) candidate = {0};
    find_candidate(directory, password->login, local_ip, &candidate);
    KxAuthResult result = check_cached(directory, &candidate, password, ret_reason);
    if (result == KX_AUTH_OK)
        *ret_user = g_steal_pointer(&candidate.user);
    return result;
}

/* Who guesses shall not learn from the time whose password is checked where. A name that nobody
 * has costs a hash, unless its domain has a directory, which is asked about it. */
static void take_time(KxDirectory *directory, const KxOutside *outside, const char *prepared)
{
    gint64 until = g_get_monotonic_time() + KX_AUTH_WAIT_SECONDS * G_USEC_PER_SEC;
    if (outside->kind == KX_OUTSIDE_DIRECTORY || !kx_auth_gate_enter(directory->gate, until))
        return;
    kx_verifier_check(kx_auth_gate_dummy(directory->gate), prepared);
    kx_auth_gate_leave(directory->gate);
}

static KxAuthResult check_outside(KxDirectory *directory, const KxOutside *outside,
                                  const Password *password, KxUser **ret_user,
                                  const char **ret_reason)
{
    const KxOutsidePassword shown = {password->given, password->prepared, password->ip};
    KxAuthResult result = kx_outside_password(directory, outside, &shown, ret_user, ret_reason);
    if (result == KX_AUTH_FAILED)
        take_time(directory, outside, password->prepared);
    return result;
}

KxAuthResult kx_auth_password(KxDirectory *directory, const char *login, const char *password,
                              const char *local_ip, const char *ip, KxUser **ret_user,
                              const char **ret_reason)
{
    char *prepared = kx_password_prepare(password, NULL);
    if (prepared == NULL) {
        *ret_reason = "the password is empty or malformed";
        return KX_AUTH_FAILED;
    }
    const Password both = {login, password, prepared, ip};
    g_auto(KxOutside) outside = {0};
    KxAuthResult result = kx_outside_find(directory, login, local_ip, &outside)
                              ? check_outside(directory, &outside, &both, ret_user, ret_reason)
                              : check_here(directory, &both, local_ip, ret_user, ret_reason);
    sodium_memzero(prepared, strlen(prepared));
    g_free(prepared);
    return result;
}

KxUser *kx_auth_master(KxDirectory *directory, const char *login, const char *password,
                       const char *ip, const char *local_ip)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    const char *master = kx_settings_text(settings, KX_SET_MASTER_PASSWORD);
    const char *group = kx_settings_text(settings, KX_SET_MASTER_GROUP);
    size_t len = strlen(master);
    g_auto(Candidate) candidate = {0};
    if (len == 0 || *group == '\0' || !kx_ip_group_contains(directory, group, ip) ||
        strlen(password) != len || sodium_memcmp(password, master, len) != 0)
        return NULL;
    find_candidate(directory, login, local_ip, &candidate);
    return candidate.user == NULL || candidate.user->disabled ? NULL
                                                              : g_steal_pointer(&candidate.user);
}

char *kx_auth_account(KxDirectory *directory, const char *login, const char *local_ip)
{
    kx_rw_lock_read(&directory->lock);
    const KxUserEntry *entry = kx_tables_find_login(directory, login, local_ip);
    char *account = entry != NULL ? g_strdup_printf("%s@%s", entry->user.name, entry->user.domain)
                                  : kx_name_fold(login);
    kx_rw_lock_unlock(&directory->lock);
    return account != NULL ? account : g_strdup(login);
}

guint kx_auth_stamp(KxDirectory *directory, const char *login)
{
    KxDomainEntry *home;
    guint stamp = 0;
    kx_rw_lock_read(&directory->lock);
    const KxUserEntry *entry = kx_tables_find_user(directory, login, &home, NULL);
    static const char elsewhere[] = "elsewhere";
    const char *how = entry == NULL                          ? NULL
                      : entry->user.source == KX_SOURCE_LDAP ? entry->user.directory_entry
                      : entry->user.authentication != KX_AUTHENTICATION_PASSWORD ? elsewhere
                                                                                 : entry->verifier;
    if (how != NULL && !entry->user.disabled)
        stamp = (g_str_hash(how) ^ g_int64_hash(&entry->user.id)) | 1;
    kx_rw_lock_unlock(&directory->lock);
    return stamp;
}

/* With the tables locked. */
static const KxUserEntry *find_owner(KxDirectory *directory, const char *local, const char *domain)
{
    g_autofree char *key = kx_name_fold(local);
    KxDomainEntry *home = key != NULL ? kx_tables_find_mail_domain(directory, domain) : NULL;
    if (home == NULL)
        return NULL;
    const KxUserEntry *user = g_hash_table_lookup(home->users, key);
    const KxAddress *further = user == NULL ? g_hash_table_lookup(home->addresses, key) : NULL;
    return further != NULL ? further->user : user;
}

KxUser *kx_auth_user_of_address(KxDirectory *directory, const char *address)
{
    g_autofree char *local = NULL, *given = NULL;
    KxUser *user = NULL;
    if (!kx_name_split(address, &local, &given) || given == NULL)
        return NULL;
    g_autofree char *domain = kx_name_domain(given, NULL);
    kx_rw_lock_read(&directory->lock);
    const KxUserEntry *entry = domain != NULL ? find_owner(directory, local, domain) : NULL;
    if (entry != NULL)
        user = (KxUser *)(void *)kx_entry_copy(&kx_type_user, &entry->entry);
    kx_rw_lock_unlock(&directory->lock);
    return user;
}

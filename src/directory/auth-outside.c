/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/auth-outside.h"

#include <sodium.h>

#include "directory/credentials.h"
#include "directory/names.h"
#include "directory/object.h"

enum { SILENCE_SECONDS = 60 }; /* between lines in the log that say the same */

/* ---- who checks ---- */

char *kx_domain_realm(const KxDomain *domain)
{
    if (*domain->kerberos_realm != '\0')
        return g_strdup(domain->kerberos_realm);
    if (domain->directory != KX_DIRECTORY_ACTIVE)
        return NULL;
    return g_ascii_strup(*domain->directory_name != '\0' ? domain->directory_name : domain->name,
                         -1);
}

const char *kx_domain_pam_service(const KxDomain *domain)
{
    return *domain->pam_service != '\0' ? domain->pam_service : KX_PAM_SERVICE;
}

void kx_outside_clear(KxOutside *outside)
{
    g_clear_pointer(&outside->account, g_free);
    g_clear_pointer(&outside->where, g_free);
}

/* With the tables locked. An account that nobody here has may be new in the directory. */
static gboolean find_kind(const KxDomainEntry *home, const KxUserEntry *entry,
                          KxOutsideKind *ret_kind)
{
    gboolean mapped = home->domain.directory != KX_DIRECTORY_NONE &&
                      (entry == NULL || entry->user.source != KX_SOURCE_INTERNAL);
    switch (entry != NULL ? entry->user.authentication : KX_AUTHENTICATION_PASSWORD) {
    case KX_AUTHENTICATION_KERBEROS:
        *ret_kind = KX_OUTSIDE_KERBEROS;
        return TRUE;
    case KX_AUTHENTICATION_PAM:
        *ret_kind = KX_OUTSIDE_PAM;
        return TRUE;
    default:
        *ret_kind = KX_OUTSIDE_DIRECTORY;
        return mapped;
    }
}

static char *where_of(const KxDomain *domain, KxOutsideKind kind)
{
    switch (kind) {
    case KX_OUTSIDE_KERBEROS:
        return kx_domain_realm(domain);
    case KX_OUTSIDE_PAM:
        return g_strdup(kx_domain_pam_service(domain));
    default:
        return g_strdup(domain->name);
    }
}

gboolean kx_outside_find(KxDirectory *directory, const char *login, const char *local_ip,
                         KxOutside *ret_outside)
{
    g_autofree char *local = NULL;
    gboolean found = FALSE;
    kx_rw_lock_read(&directory->lock);
    KxDomainEntry *home = directory->mapped > 0 || directory->elsewhere > 0
                              ? kx_tables_login_home(directory, login, local_ip, &local)
                              : NULL;
    g_autofree char *key = home != NULL ? kx_name_fold(local) : NULL;
    const KxUserEntry *entry = key != NULL ? g_hash_table_lookup(home->users, key) : NULL;
    KxOutside outside = {0};
    if (key != NULL && find_kind(home, entry, &outside.kind)) {
        outside.account =
            g_strdup_printf("%s@%s", entry != NULL ? entry->user.name : local, home->domain.name);
        outside.where = where_of(&home->domain, outside.kind);
        *ret_outside = outside;
        found = TRUE;
    }
    kx_rw_lock_unlock(&directory->lock);
    return found;
}

/* ---- asking ---- */

/* What is wrong there is for the administrator to see, but not each time. */
static void tell_administrator(KxDirectory *directory, const KxOutside *outside, const char *text)
{
    gint64 now = g_get_monotonic_time() / G_USEC_PER_SEC;
    gint64 before = __atomic_load_n(&directory->outside_said, __ATOMIC_RELAXED);
    if (before != 0 && now - before < SILENCE_SECONDS)
        return;
    __atomic_store_n(&directory->outside_said, now, __ATOMIC_RELAXED);
    kx_log(directory->logger, KX_LOG_ERROR, "Passwords cannot be checked with %s%s: %s",
           outside->kind == KX_OUTSIDE_PAM ? "the PAM service " : "", outside->where, text);
}

static KxAuthResult ask_directory(KxDirectory *directory, const KxOutside *outside,
                                  const KxOutsidePassword *password, const char **ret_reason)
{
    return kx_mapped_check(directory, outside->account, password->prepared, ret_reason);
}

/* The local part of the account. */
static char *name_of(const KxOutside *outside)
{
    const char *at = strrchr(outside->account, '@');
    return g_strndup(outside->account, (gsize)(at - outside->account));
}

static KxAuthResult ask_kerberos(KxDirectory *directory, const KxOutside *outside,
                                 const KxOutsidePassword *password, const char **ret_reason)
{
    g_autofree char *name = name_of(outside), *text = NULL;
    if (outside->where == NULL || directory->kerberos == NULL) {
        *ret_reason = outside->where == NULL ? "the domain has no Kerberos realm (kerberos-realm)"
                                             : "Kerberos needs a running server";
        return KX_AUTH_FAILED;
    }
    KxKerberosState state =
        kx_kerberos_check(directory->kerberos, outside->where, name, password->given, &text);
    kx_debug(directory->logger, KX_DEBUG_USER_AUTHENTICATION, "Kerberos about %s@%s: %s", name,
             outside->where, state == KX_KERBEROS_GOOD ? "the password is right" : text);
    if (state == KX_KERBEROS_GOOD)
        return KX_AUTH_OK;
    if (state == KX_KERBEROS_WRONG) {
        *ret_reason = "the KDC does not take the password";
        return KX_AUTH_FAILED;
    }
    tell_administrator(directory, outside, text);
    *ret_reason = "the KDC cannot be asked";
    return KX_AUTH_BUSY;
}

static KxAuthResult ask_pam(KxDirectory *directory, const KxOutside *outside,
                            const KxOutsidePassword *password, const char **ret_reason)
{
    static const char *const reasons[KX_PAM_STATES] = {
        [KX_PAM_WRONG] = "PAM does not take the password",
        [KX_PAM_UNKNOWN] = "PAM knows no such user",
        [KX_PAM_EXPIRED] = "PAM says that the account has expired",
        [KX_PAM_PASSWORD_EXPIRED] = "PAM says that the password has expired",
        [KX_PAM_DENIED] = "PAM says that the account may not sign in",
        [KX_PAM_REFUSED] = "PAM is not asked about such a name or password",
        [KX_PAM_UNREACHABLE] = "PAM cannot be asked",
    };
    g_autofree char *name = name_of(outside), *text = NULL;
    if (directory->pam == NULL) {
        *ret_reason = "PAM needs a running server";
        return KX_AUTH_FAILED;
    }
    const KxMsgPamCheck question = {outside->where, name, password->given,
                                    password->ip ? password->ip : ""};
    KxPamState state = kx_pam_check(directory->pam, &question, &text);
    kx_debug(directory->logger, KX_DEBUG_USER_AUTHENTICATION, "PAM service %s about %s: %s",
             outside->where, name, text);
    *ret_reason = reasons[state];
    if (state == KX_PAM_UNREACHABLE)
        tell_administrator(directory, outside, text);
    return state == KX_PAM_GOOD          ? KX_AUTH_OK
           : state == KX_PAM_UNREACHABLE ? KX_AUTH_BUSY
                                         : KX_AUTH_FAILED;
}

typedef KxAuthResult (*Ask)(KxDirectory *directory, const KxOutside *outside,
                            const KxOutsidePassword *password, const char **ret_reason);

static const Ask ASKS[KX_OUTSIDE_KINDS] = {
    [KX_OUTSIDE_DIRECTORY] = ask_directory,
    [KX_OUTSIDE_KERBEROS] = ask_kerberos,
    [KX_OUTSIDE_PAM] = ask_pam,
};

/* ---- what was right a moment ago ---- */

static gboolean is_open(const KxUser *user)
{
    return user != NULL && !user->disabled &&
           (user->source == KX_SOURCE_LDAP || user->authentication != KX_AUTHENTICATION_PASSWORD);
}

/* Recent successes are remembered for a moment, as clients sign in all the time. */
static gboolean is_remembered(KxDirectory *directory, const KxUser *user, const char *password,
                              gboolean remember)
{
    KxAuthKey key;
    gint64 now = g_get_monotonic_time();
    kx_auth_gate_key(directory->gate, user->id, user->generation, password, &key);
    if (remember)
        kx_auth_gate_remember(directory->gate, &key, now, KX_AUTH_CACHE_MAPPED_SECONDS);
    gboolean known = kx_auth_gate_knows(directory->gate, &key, now);
    sodium_memzero(&key, sizeof key);
    return known;
}

char *kx_outside_asks(KxDirectory *directory, const char *login, const char *password,
                      const char *local_ip)
{
    static const char *const lanes[KX_OUTSIDE_KINDS] = {
        [KX_OUTSIDE_DIRECTORY] = "directory",
        [KX_OUTSIDE_KERBEROS] = "kerberos",
        [KX_OUTSIDE_PAM] = "pam",
    };
    g_auto(KxOutside) outside = {0};
    if (!kx_outside_find(directory, login, local_ip, &outside))
        return NULL;
    g_autoptr(KxUser) user = kx_user_get(directory, outside.account, NULL);
    char *prepared = kx_password_prepare(password, NULL);
    gboolean asks =
        prepared != NULL && !(is_open(user) && is_remembered(directory, user, prepared, FALSE));
    if (prepared != NULL)
        sodium_memzero(prepared, strlen(prepared));
    g_free(prepared);
    return asks ? g_strconcat(lanes[outside.kind], " ", outside.where, NULL) : NULL;
}

KxAuthResult kx_outside_password(KxDirectory *directory, const KxOutside *outside,
                                 const KxOutsidePassword *password, KxUser **ret_user,
                                 const char **ret_reason)
{
    g_autoptr(KxUser) before = kx_user_get(directory, outside->account, NULL);
    if (is_open(before) && is_remembered(directory, before, password->prepared, FALSE)) {
        *ret_user = g_steal_pointer(&before);
        return KX_AUTH_OK;
    }
    KxAuthResult result = ASKS[outside->kind](directory, outside, password, ret_reason);
    if (result != KX_AUTH_OK)
        return result;
    g_autoptr(KxUser) user = kx_user_get(directory, outside->account, NULL);
    if (!is_open(user)) {
        *ret_reason = user != NULL ? "the account is disabled" : "the account could not be made";
        return KX_AUTH_FAILED;
    }
    is_remembered(directory, user, password->prepared, TRUE);
    *ret_user = g_steal_pointer(&user);
    return KX_AUTH_OK;
}

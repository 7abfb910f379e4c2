/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXTERNAL (RFC 4422 appendix A): the client has shown a certificate in TLS (RFC 8446 section
 * 4.4.2). Its addresses name the account; an authorization identity may only say which of several,
 * or the same again.
 */
#include "core/client-certificate.h"
#include "core/sasl-private.h"

/* Accounts here that the certificate is for, each once. */
static GPtrArray *find_users(KxDirectory *directory, char *const *addresses)
{
    GPtrArray *users = g_ptr_array_new_with_free_func((GDestroyNotify)kx_user_free);
    for (guint i = 0; addresses[i]; i++) {
        g_autoptr(KxUser) user = kx_auth_user_of_address(directory, addresses[i]);
        gboolean known = FALSE;
        for (guint j = 0; user && j < users->len; j++)
            known |= ((KxUser *)users->pdata[j])->id == user->id;
        if (user && !known)
            g_ptr_array_add(users, g_steal_pointer(&user));
    }
    return users;
}

/* The one that is named, or the only one. */
static KxUser *choose(KxSession *session, KxSasl *sasl, GPtrArray *users, const char *identity)
{
    KxDirectory *directory = kx_session_core(session)->directory;
    g_autofree char *account =
        *identity ? kx_auth_account(directory, identity, session->local_ip) : NULL;
    g_autoptr(KxUser) named = account ? kx_user_get(directory, account, NULL) : NULL;
    for (guint i = 0; i < users->len; i++)
        if (!*identity ? users->len == 1 : named && named->id == ((KxUser *)users->pdata[i])->id)
            return g_ptr_array_steal_index(users, i);
    sasl->reason = users->len == 0 ? "the certificate has no address of an account here"
                   : *identity     ? "the certificate is not for that account"
                                   : "the certificate is for several accounts";
    return NULL;
}

static KxSlice slice_of(GBytes *bytes)
{
    size_t len = 0;
    const char *data = bytes ? g_bytes_get_data(bytes, &len) : "";
    return (KxSlice){data, len};
}

static KxUser *find_user(KxSession *session, KxSasl *sasl, const char *identity)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(kx_session_core(session)->directory);
    sasl->reason = "the client has shown no certificate";
    KxClientCertificate shown = {slice_of(sasl->certificate), slice_of(sasl->chain)};
    g_auto(GStrv) addresses =
        sasl->certificate ? kx_client_certificate_addresses(settings, &shown, &sasl->reason) : NULL;
    if (!addresses)
        return NULL;
    g_autoptr(GPtrArray) users = find_users(kx_session_core(session)->directory, addresses);
    KxUser *user = choose(session, sasl, users, identity);
    if (!user || !user->disabled)
        return user;
    sasl->reason = "the account is disabled";
    kx_user_free(user);
    return NULL;
}

/* Nobody guesses certificates, so what fails counts for no lockout. */
KxSaslNext kx_sasl_external(KxSession *session, KxSasl *sasl, KxSlice response)
{
    if (!kx_sasl_is_clean(response, KX_SASL_NAME_MAX))
        return KX_SASL_NEXT_MALFORMED;
    g_autofree char *identity = g_strndup(response.data, response.len);
    sasl->uncounted = TRUE;
    sasl->user = find_user(session, sasl, identity);
    sasl->name = sasl->user ? g_strdup_printf("%s@%s", sasl->user->name, sasl->user->domain)
                            : g_strdup(*identity ? identity : "nobody");
    return sasl->user ? KX_SASL_NEXT_ACCEPT : KX_SASL_NEXT_REFUSE;
}

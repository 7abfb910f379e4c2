/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/certificate-import.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "admin/certificate-info.h"
#include "base/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

/* Each certificate must have been issued by the one after it. */
static gboolean check_order(const KxX509Chain *chain, GError **error)
{
    for (int i = 0; i + 1 < sk_X509_num(chain); i++)
        if (X509_check_issued(sk_X509_value(chain, i + 1), sk_X509_value(chain, i)) != X509_V_OK)
            return kx_fail(error, KX_ERR_INVALID,
                           "certificate %d of the file was not issued by certificate %d: the "
                           "server's own comes first, each followed by that of its issuer",
                           i + 1, i + 2);
    return TRUE;
}

static gboolean fits(const KxX509Chain *chain, EVP_PKEY *key)
{
    gboolean ok = X509_check_private_key(sk_X509_value(chain, 0), key) == 1;
    ERR_clear_error();
    return ok;
}

/* The name under which the key of the certificate lies here, or NULL. */
static char *find_stored_key(const KxX509Chain *chain)
{
    g_auto(GStrv) names = kx_certificate_names();
    for (guint i = 0; names[i]; i++) {
        g_autofree char *pem = kx_certificate_read(names[i], KX_CERTIFICATE_KEY, NULL);
        g_autoptr(EVP_PKEY) key = pem ? kx_certificate_parse_key(pem, NULL) : NULL;
        if (pem)
            explicit_bzero(pem, strlen(pem));
        if (key && fits(chain, key))
            return g_strdup(names[i]);
    }
    return NULL;
}

/* From the certificate's common name: "mail.company.test". */
static char *make_name(const KxX509Chain *chain)
{
    char text[101];
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(sk_X509_value(chain, 0)), NID_commonName,
                                  text, sizeof text) <= 0)
        return g_strdup("imported");
    g_strcanon(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", '_');
    if (text[0] == '.')
        text[0] = '_';
    return g_strdup(text);
}

/* The key that came with the certificate: in a text of its own or in the same one. NULL without an
 * error: none did. */
static EVP_PKEY *given_key(const char *pem, const char *key, GError **error)
{
    g_autoptr(GError) inner = NULL;
    EVP_PKEY *found = kx_certificate_parse_key(key ? key : pem, &inner);
    if (!found && (key || !g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND)))
        g_propagate_error(error, g_steal_pointer(&inner));
    return found;
}

/* Pairs with a key that is here already: only the certificate is written, in one step. */
static gboolean import_answer(const KxX509Chain *chain, const char *name, char **ret_name,
                              GError **error)
{
    g_autofree char *stored = find_stored_key(chain);
    if (!stored)
        return kx_fail(error, KX_ERR_NOT_FOUND,
                       "the private key is neither in the file nor that of a request made here: "
                       "give it with --key FILE");
    if (name && !g_str_equal(name, stored))
        return kx_fail(error, KX_ERR_INVALID,
                       "this certificate belongs to the key of '%s': leave --name out", stored);
    g_autofree char *text = kx_certificate_chain_pem(chain);
    if (!kx_certificate_write(stored, KX_CERTIFICATE_CHAIN, text, error) ||
        !kx_certificate_remove(stored, KX_CERTIFICATE_REQUEST, error))
        return FALSE;
    *ret_name = g_steal_pointer(&stored);
    return TRUE;
}

static gboolean import_pair(const KxX509Chain *chain, EVP_PKEY *key, const char *name,
                            char **ret_name, GError **error)
{
    if (!fits(chain, key))
        return kx_fail(error, KX_ERR_INVALID,
                       "the private key does not belong to the first certificate of the file");
    g_autofree char *own = name ? g_strdup(name) : make_name(chain);
    if (!kx_certificate_check_free(own, error))
        return FALSE;
    g_autofree char *secret = kx_certificate_key_pem(key, error);
    g_autofree char *text = kx_certificate_chain_pem(chain);
    gboolean ok = secret && kx_certificate_write(own, KX_CERTIFICATE_KEY, secret, error) &&
                  kx_certificate_write(own, KX_CERTIFICATE_CHAIN, text, error);
    if (secret)
        explicit_bzero(secret, strlen(secret));
    if (ok)
        *ret_name = g_steal_pointer(&own);
    return ok;
}

gboolean kx_certificate_import(const char *pem, const char *key, const char *name, char **ret_name,
                               GError **error)
{
    g_autoptr(KxX509Chain) chain = kx_certificate_parse(pem, error);
    if (!chain || !check_order(chain, error))
        return FALSE;
    g_autoptr(GError) inner = NULL;
    g_autoptr(EVP_PKEY) secret = given_key(pem, key, &inner);
    if (inner) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    return secret ? import_pair(chain, secret, name, ret_name, error)
                  : import_answer(chain, name, ret_name, error);
}

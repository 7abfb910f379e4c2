/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/acme-certificate.h"

#include <openssl/x509v3.h>
#include <unistd.h>

#include "admin/certificate-age.h"
#include "admin/certificate-info.h"
#include "admin/certificate-store.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "log/log-config.h"

#define ACCOUNT_KEY KX_PATH_CERTIFICATES "/acme-account.pem"

char **kx_acme_names(const char *entry)
{
    g_auto(GStrv) parts = g_strsplit(entry, " ", -1);
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; parts[i]; i++)
        if (*parts[i])
            g_ptr_array_add(names, g_ascii_strdown(parts[i], -1));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

char *kx_acme_certificate_name(const char *const *names)
{
    char *name = g_strconcat("acme-", names[0], NULL);
    return g_strdelimit(name, "*", '_');
}

static gboolean has_name(X509 *certificate, const char *name)
{
    /* A wildcard is for itself: "x.company.com" in its place would be a host below. */
    g_autofree char *host =
        g_str_has_prefix(name, "*.") ? g_strconcat("x", name + 1, NULL) : g_strdup(name);
    return X509_check_host(certificate, host, 0, 0, NULL) == 1;
}

gint64 kx_acme_due(X509 *certificate, const char *const *names)
{
    if (!certificate)
        return 0;
    for (guint i = 0; names[i]; i++)
        if (!has_name(certificate, names[i]))
            return 0;
    return kx_certificate_renewal(certificate);
}

/* ---- keys ---- */

static EVP_PKEY *parse_secret(char *pem, GError **error)
{
    EVP_PKEY *key = kx_certificate_parse_key(pem, error);
    explicit_bzero(pem, strlen(pem));
    return key;
}

static EVP_PKEY *account_key(GError **error)
{
    g_autofree char *pem = NULL;
    g_autoptr(GError) inner = NULL;
    if (kx_read_file(ACCOUNT_KEY, KX_CERTIFICATE_FILE_MAX, &pem, NULL, &inner))
        return parse_secret(pem, error);
    if (!g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return NULL;
    }
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, error);
    pem = key ? kx_certificate_key_pem(key, error) : NULL;
    gboolean written = pem && kx_mkdir_durable(KX_PATH_CERTIFICATES, error) &&
                       kx_write_file_durable(ACCOUNT_KEY, pem, strlen(pem), 0600, error);
    if (pem)
        explicit_bzero(pem, strlen(pem));
    return written ? g_steal_pointer(&key) : NULL;
}

/* That of the last certificate, or of a try that failed, or a new one. */
static EVP_PKEY *certificate_key(const char *name, GError **error)
{
    if (kx_certificate_has(name, KX_CERTIFICATE_KEY)) {
        g_autofree char *pem = kx_certificate_read(name, KX_CERTIFICATE_KEY, error);
        return pem ? parse_secret(pem, error) : NULL;
    }
    g_autoptr(EVP_PKEY) key = kx_certificate_new_key(FALSE, error);
    g_autofree char *pem = key ? kx_certificate_key_pem(key, error) : NULL;
    int lock = pem ? kx_certificates_lock(error) : -1;
    gboolean written = lock >= 0 && kx_certificate_write(name, KX_CERTIFICATE_KEY, pem, error);
    if (lock >= 0)
        close(lock);
    if (pem)
        explicit_bzero(pem, strlen(pem));
    return written ? g_steal_pointer(&key) : NULL;
}

/* ---- what came ---- */

/* With the key as it is now: somebody may have changed it while the authority thought. With the
 * lock. */
static gboolean check(const KxX509Chain *chain, const char *const *names, GError **error)
{
    X509 *certificate = sk_X509_value(chain, 0);
    g_autofree char *name = kx_acme_certificate_name(names);
    g_autofree char *pem = kx_certificate_read(name, KX_CERTIFICATE_KEY, error);
    g_autoptr(EVP_PKEY) key = pem ? parse_secret(pem, error) : NULL;
    if (!key)
        return FALSE;
    if (X509_check_private_key(certificate, key) != 1)
        return kx_fail(error, KX_ERR_PROTOCOL,
                       "the authority's certificate is not for the key that was sent");
    for (guint i = 0; names[i]; i++)
        if (!has_name(certificate, names[i]))
            return kx_fail(error, KX_ERR_PROTOCOL, "the authority's certificate is not for %s",
                           names[i]);
    return TRUE;
}

/* Nobody chose one that is self-signed: it is from the set-up. */
static gboolean is_to_be_active(X509 *certificate, const char *name, const KxSettings *settings)
{
    g_autofree char *active = kx_certificate_active();
    if (g_strcmp0(active, name) == 0 ||
        !has_name(certificate, kx_settings_text(settings, KX_SET_SERVER_HOSTNAME)))
        return FALSE;
    g_autoptr(X509) present = active ? kx_certificate_read_first(active) : NULL;
    return !present || X509_self_signed(present, 0) == 1;
}

static gboolean put(KxLogger *logger, const KxSettings *settings, const char *const *names,
                    const KxX509Chain *chain, GError **error)
{
    X509 *certificate = sk_X509_value(chain, 0);
    g_autofree char *name = kx_acme_certificate_name(names);
    g_autofree char *pem = kx_certificate_chain_pem(chain);
    int lock = kx_certificates_lock(error);
    if (lock < 0)
        return FALSE;
    gboolean activate = is_to_be_active(certificate, name, settings);
    gboolean ok = check(chain, names, error) &&
                  kx_certificate_write(name, KX_CERTIFICATE_CHAIN, pem, error) &&
                  (!activate || kx_certificate_set_active(name, error));
    close(lock);
    if (!ok)
        return FALSE;
    g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(kx_certificate_end(certificate));
    g_autofree char *until = g_date_time_format(end, "%Y-%m-%d");
    g_autofree char *line = g_strdup_printf("Certificate '%s' from the authority, valid until %s%s",
                                            name, until, activate ? ", activated" : "");
    kx_log_config_action(logger, "server", line);
    return TRUE;
}

/* ---- getting it ---- */

static KxAcmeClient *sign_up(KxAsks *asks, const KxSettings *settings, EVP_PKEY *key,
                             char **ret_terms, GError **error)
{
    gboolean agreed = kx_settings_bool(settings, KX_SET_ACME_AGREE);
    g_autoptr(KxAcmeClient) client =
        kx_acme_client_new(asks, kx_settings_text(settings, KX_SET_ACME_DIRECTORY), key, error);
    if (!client)
        return NULL;
    const char *terms = kx_acme_client_terms(client);
    *ret_terms = g_strdup(terms);
    if (terms && !agreed) {
        kx_fail(error, KX_ERR_DENIED,
                "the authority wants you to agree to its terms of service, %s: then set "
                "acme.agree-to-terms yes",
                terms);
        return NULL;
    }
    return kx_acme_client_sign_up(client, kx_settings_text(settings, KX_SET_ACME_CONTACT), agreed,
                                  error)
               ? g_steal_pointer(&client)
               : NULL;
}

gboolean kx_acme_get(KxAsks *asks, KxLogger *logger, const KxSettings *settings,
                     const KxAcmeProof *proof, const char *const *names, char **ret_terms,
                     GError **error)
{
    KxCertificateWish wish = {.hostname = names[0], .names = names + 1};
    g_autofree char *name = kx_acme_certificate_name(names);
    if (!kx_certificate_name_check(name, error))
        return FALSE;
    g_autoptr(EVP_PKEY) account = account_key(error);
    g_autoptr(EVP_PKEY) key = account ? certificate_key(name, error) : NULL;
    wish.rsa = key && EVP_PKEY_is_a(key, "RSA");
    g_autofree char *request = key ? kx_certificate_request(&wish, key, error) : NULL;
    g_autoptr(KxAcmeClient) client =
        request ? sign_up(asks, settings, account, ret_terms, error) : NULL;
    g_autofree char *pem = client ? kx_acme_obtain(client, proof, names, request, error) : NULL;
    g_autoptr(KxX509Chain) chain = pem ? kx_certificate_parse(pem, error) : NULL;
    return chain && put(logger, settings, names, chain, error);
}

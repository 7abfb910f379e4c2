/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sign.h"

#include <string.h>

#include "directory/names.h"
#include "filter/arc.h"
#include "filter/dkim-sign.h"

enum { HEAD_MAX = 15 * 1024 /* bytes, as MAIL_TASK takes them */ };

/* ---- domains and keys ---- */

char *kx_sign_own_domain(KxDirectory *directory, const char *name)
{
    for (const char *at = name; at && *at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
        g_autofree char *domain = kx_domain_of_mail(directory, at);
        if (domain)
            return kx_name_domain(at, NULL);
    }
    return kx_domain_primary(directory);
}

/* Those that sign for the domain, which may be an alias; empty: none do. NULL: one cannot be read.
 */
static GPtrArray *keys_for(const KxSigner *signer, const char *name, GError **error)
{
    g_autofree char *home = kx_domain_of_mail(signer->directory, name);
    g_autoptr(KxDomain) domain = home ? kx_domain_get(signer->directory, home, NULL) : NULL;
    return domain && domain->dkim_sign != KX_OVERRIDE_NO
               ? kx_dkim_keys_of(signer->keys, name, error)
               : g_ptr_array_new();
}

/* ---- DKIM ---- */

static char *sign_own(const KxSigner *signer, const KxEnvelope *envelope, const char *content,
                      size_t len, GError **error)
{
    g_autoptr(GPtrArray) keys = keys_for(signer, envelope->signer, error);
    g_autoptr(KxMailView) mail = keys && keys->len > 0 ? kx_mail_view_new(content, len) : NULL;
    g_autoptr(GString) head = g_string_new(NULL);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    for (guint i = 0; mail && i < keys->len; i++) {
        g_autofree char *field = kx_dkim_sign(keys->pdata[i], envelope->signer, mail, now);
        if (field && head->len + strlen(field) <= HEAD_MAX)
            g_string_append(head, field);
    }
    return head->len > 0 ? g_string_free(g_steal_pointer(&head), FALSE) : NULL;
}

/* ---- ARC ---- */

/* By whose domain the message came. */
static char *domain_given(const KxEnvelopeRcpt *rcpt)
{
    const char *at = strrchr(rcpt->original ? rcpt->original : rcpt->address, '@');
    return at ? kx_name_domain(at + 1, NULL) : NULL;
}

/* The domain here by whose address the message came, if it has keys, else the primary one. */
static GPtrArray *keys_of_forwarder(const KxSigner *signer, const KxEnvelopeRcpt *rcpt,
                                    char **ret_domain, GError **error)
{
    *ret_domain = domain_given(rcpt);
    GPtrArray *keys = *ret_domain ? keys_for(signer, *ret_domain, error) : g_ptr_array_new();
    if (!keys || keys->len > 0)
        return keys;
    g_ptr_array_unref(keys);
    g_free(*ret_domain);
    *ret_domain = kx_domain_primary(signer->directory);
    return *ret_domain ? keys_for(signer, *ret_domain, error) : g_ptr_array_new();
}

/* Not all who check know Ed25519. */
static const KxDkimKey *choose_key(const GPtrArray *keys)
{
    for (guint i = 0; i < keys->len; i++)
        if (kx_dkim_key_algorithm(keys->pdata[i]) == KX_DKIM_RSA)
            return keys->pdata[i];
    return keys->len > 0 ? keys->pdata[0] : NULL;
}

/* What our own field says, which came first when the message was checked: its value. */
static char *find_results(const KxMailView *mail, const char *hostname)
{
    for (guint i = 0; i < mail->fields->len; i++) {
        const KxHeaderField *field = &g_array_index(mail->fields, KxHeaderField, i);
        if (kx_results_claims(field, hostname))
            return g_strstrip(g_strndup(field->value, field->value_len));
    }
    return NULL;
}

static KxCheckResult chain_result(const char *results)
{
    static const char method[] = "\n\tarc=";
    const char *found = strstr(results, method);
    if (!found)
        return KX_CHECK_NONE;
    const char *word = found + strlen(method);
    g_autofree char *copy = g_strndup(word, strspn(word, "abcdefghijklmnopqrstuvwxyz"));
    return kx_check_find(copy);
}

static char *seal(const KxSigner *signer, const KxEnvelopeRcpt *rcpt, const char *content,
                  size_t len, GError **error)
{
    g_autofree char *domain = NULL;
    g_autoptr(GPtrArray) keys = keys_of_forwarder(signer, rcpt, &domain, error);
    const KxDkimKey *key = keys ? choose_key(keys) : NULL;
    g_autoptr(KxMailView) mail = key ? kx_mail_view_new(content, len) : NULL;
    g_autoptr(KxSettings) settings = kx_directory_settings(signer->directory);
    g_autofree char *results =
        mail ? find_results(mail, kx_settings_text(settings, KX_SET_SERVER_HOSTNAME)) : NULL;
    if (!results)
        return NULL;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(KxArcChain) chain = kx_arc_new(mail, now);
    char *head = kx_arc_seal(chain, mail, key, domain, results, chain_result(results), now);
    if (head && strlen(head) > HEAD_MAX)
        g_clear_pointer(&head, g_free);
    return head;
}

/* ---- either ---- */

gboolean kx_sign_is_wanted(const KxEnvelope *envelope)
{
    return envelope->signer != NULL || envelope->checked;
}

char *kx_sign_group(const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt)
{
    char *domain = envelope->signer ? NULL : domain_given(rcpt);
    return domain ? domain : g_strdup("");
}

char *kx_sign(const KxSigner *signer, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt,
              const char *content, size_t len, GError **error)
{
    return envelope->signer ? sign_own(signer, envelope, content, len, error)
                            : seal(signer, rcpt, content, len, error);
}

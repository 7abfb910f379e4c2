/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/sasl.h"

#include <sodium.h>

#include "base/text.h"

const KxSaslMechanism KX_SASL_MECHANISMS[] = {
    {"EXTERNAL", "EXTERNAL", KX_SASL_SHOWS, KX_SASL_NEEDS_AUTHORITY}, /* RFC 4422 appendix A */
    {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", KX_SASL_BINDS, KX_SASL_NEEDS_KEYS}, /* RFC 7677 */
    {"SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", KX_SASL_BINDS, KX_SASL_NEEDS_KEYS},     /* RFC 5802 */
    {"SCRAM-SHA-256", "SCRAM-SHA-256", 0, KX_SASL_NEEDS_KEYS},
    {"SCRAM-SHA-1", "SCRAM-SHA-1", 0, KX_SASL_NEEDS_KEYS},
    {"GSSAPI", "GSSAPI", 0, KX_SASL_NEEDS_REALM},             /* RFC 4752 */
    {"GSS-SPNEGO", "GSS-SPNEGO", 0, KX_SASL_NEEDS_REALM},     /* the same with RFC 4178 */
    {"NTLM", "NTLM", 0, KX_SASL_NEEDS_NT_DOMAIN},             /* [MS-NLMP] */
    {"DIGEST-MD5", "DIGEST-MD5", 0, KX_SASL_NEEDS_PASSWORDS}, /* RFC 2831 */
    {"CRAM-MD5", "CRAM-MD5", 0, KX_SASL_NEEDS_PASSWORDS},     /* RFC 2195 */
    {"APOP", "CRAM-MD5", KX_SASL_HIDDEN, KX_SASL_NEEDS_PASSWORDS},
    {"PLAIN", "PLAIN", KX_SASL_CLEAR, 0}, /* RFC 4616 */
    {"LOGIN", "LOGIN", KX_SASL_CLEAR, 0}, /* draft-murchison-sasl-login */
    {"OAUTHBEARER", "OAUTHBEARER", KX_SASL_CLEAR, KX_SASL_NEEDS_TOKENS}, /* RFC 7628 */
    {"XOAUTH2", "XOAUTH2", KX_SASL_CLEAR, KX_SASL_NEEDS_TOKENS},         /* its forerunner */
};
const guint KX_SASL_N_MECHANISMS = G_N_ELEMENTS(KX_SASL_MECHANISMS);

const KxSaslMechanism *kx_sasl_find(const char *name, size_t len)
{
    for (guint i = 0; i < KX_SASL_N_MECHANISMS; i++)
        if (kx_ascii_equal(name, len, KX_SASL_MECHANISMS[i].name))
            return &KX_SASL_MECHANISMS[i];
    return NULL;
}

gboolean kx_sasl_is_method(const char *name)
{
    const KxSaslMechanism *mechanism = kx_sasl_find(name, strlen(name));
    return mechanism != NULL && g_str_equal(mechanism->name, mechanism->method);
}

char *kx_sasl_timestamp(const KxSettings *settings)
{
    guint32 random[4];
    randombytes_buf(random, sizeof random);
    return g_strdup_printf("<%08x%08x%08x%08x.%" G_GINT64_FORMAT "@%s>", random[0], random[1],
                           random[2], random[3], g_get_real_time() / G_USEC_PER_SEC,
                           kx_settings_text(settings, KX_SET_SERVER_HOSTNAME));
}

gboolean kx_sasl_binds(const KxSettings *settings, gboolean secure, gboolean smtp)
{
    return secure && (!smtp || kx_settings_bool(settings, KX_SET_SMTP_AUTH_BINDING));
}

gboolean kx_sasl_is_offered(const KxSaslOffer *offer, const KxSaslMechanism *mechanism)
{
    return g_strv_contains(offer->methods, mechanism->method) &&
           !(mechanism->flags & KX_SASL_HIDDEN) &&
           (offer->binds || !(mechanism->flags & KX_SASL_BINDS)) &&
           (offer->shown || !(mechanism->flags & KX_SASL_SHOWS)) &&
           (offer->clear || !(mechanism->flags & KX_SASL_CLEAR));
}

char *kx_sasl_names(const KxSaslOffer *offer, const char *before)
{
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < KX_SASL_N_MECHANISMS; i++)
        if (kx_sasl_is_offered(offer, &KX_SASL_MECHANISMS[i]))
            g_string_append_printf(names, "%s%s%s", names->len > 0 ? " " : "", before,
                                   KX_SASL_MECHANISMS[i].name);
    return g_string_free(names, FALSE);
}

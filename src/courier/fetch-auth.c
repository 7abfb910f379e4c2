/* SPDX-License-Identifier: Apache-2.0 */
/* SASL mechanisms as their client (RFC 4616, 2195, 7628, 5802); LOGIN and XOAUTH2 are not
 * standards. */
#include "base/error.h"
#include "courier/fetch-private.h"

static const char *const NAMES[] = {
    [KX_FETCH_AUTH_PLAIN] = "PLAIN",
    [KX_FETCH_AUTH_LOGIN] = "LOGIN",
    [KX_FETCH_AUTH_CRAM_MD5] = "CRAM-MD5",
    [KX_FETCH_AUTH_XOAUTH2] = "XOAUTH2",
    [KX_FETCH_AUTH_OAUTHBEARER] = "OAUTHBEARER",
    [KX_FETCH_AUTH_SCRAM_SHA_1] = "SCRAM-SHA-1",
    [KX_FETCH_AUTH_SCRAM_SHA_256] = "SCRAM-SHA-256",
};

const char *kx_fetch_mechanism(KxFetchAuth auth)
{
    return auth < G_N_ELEMENTS(NAMES) ? NAMES[auth] : NULL;
}

static char *encode(GString *text)
{
    char *encoded = g_base64_encode((const guchar *)text->str, text->len);
    explicit_bzero(text->str, text->len);
    g_string_free(text, TRUE);
    return encoded;
}

static char *respond_plain(const KxFetch *fetch)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%c%s%c%s", 0, fetch->login, 0, fetch->password);
    return encode(text);
}

static char *respond_cram_md5(const KxFetch *fetch, KxSlice challenge)
{
    g_autofree char *encoded = g_strndup(challenge.data, challenge.len);
    gsize len;
    g_autofree guchar *text = g_base64_decode(encoded, &len);
    g_autofree char *digest = g_compute_hmac_for_data(
        G_CHECKSUM_MD5, (const guchar *)fetch->password, strlen(fetch->password), text, len);
    GString *answer = g_string_new(NULL);
    g_string_append_printf(answer, "%s %s", fetch->login, digest);
    return encode(answer);
}

static char *respond_oauth(const KxFetch *fetch, gboolean bearer)
{
    GString *text = g_string_new(NULL);
    if (bearer)
        g_string_append_printf(text, "n,a=%s,\001host=%s\001auth=Bearer %s\001\001", fetch->login,
                               fetch->host, fetch->password);
    else
        g_string_append_printf(text, "user=%s\001auth=Bearer %s\001\001", fetch->login,
                               fetch->password);
    return encode(text);
}

/* Its first message; the answer to the server's; the check of the server's proof. */
static char *respond_scram(KxFetch *fetch, KxScramDigest digest, guint step, KxSlice challenge,
                           GError **error)
{
    if (step == 0) {
        kx_scram_client_free(fetch->scram);
        fetch->scram = kx_scram_client_new(digest, fetch->login, fetch->password, NULL);
        return encode(g_string_new(kx_scram_client_first(fetch->scram)));
    }
    g_autofree char *encoded = g_strndup(challenge.data, challenge.len);
    gsize len;
    g_autofree char *text = (char *)g_base64_decode(encoded, &len);
    if (step > 1)
        return kx_scram_client_check(fetch->scram, (KxSlice){text, len}, error) ? g_strdup("")
                                                                                : NULL;
    g_autofree char *answer = kx_scram_client_final(fetch->scram, (KxSlice){text, len}, error);
    return answer ? encode(g_string_new(answer)) : NULL;
}

char *kx_fetch_respond(KxFetch *fetch, KxFetchAuth auth, guint step, KxSlice challenge,
                       GError **error)
{
    if (auth == KX_FETCH_AUTH_SCRAM_SHA_1 || auth == KX_FETCH_AUTH_SCRAM_SHA_256)
        return respond_scram(fetch,
                             auth == KX_FETCH_AUTH_SCRAM_SHA_1 ? KX_SCRAM_CLIENT_SHA_1
                                                               : KX_SCRAM_CLIENT_SHA_256,
                             step, challenge, error);
    if (auth == KX_FETCH_AUTH_LOGIN && step < 2)
        return encode(g_string_new(step == 0 ? fetch->login : fetch->password));
    if (step > 0) /* what follows is why it failed, and wants an empty answer */
        return g_strdup("");
    switch (auth) {
    case KX_FETCH_AUTH_PLAIN:
        return respond_plain(fetch);
    case KX_FETCH_AUTH_CRAM_MD5:
        return respond_cram_md5(fetch, challenge);
    case KX_FETCH_AUTH_XOAUTH2:
    case KX_FETCH_AUTH_OAUTHBEARER:
        return respond_oauth(fetch, auth == KX_FETCH_AUTH_OAUTHBEARER);
    default:
        return g_strdup("");
    }
}

gboolean kx_fetch_check_signed_in(const KxFetch *fetch, GError **error)
{
    return !fetch->scram || kx_scram_client_is_done(fetch->scram) ||
           kx_fail(error, KX_ERR_DENIED, "the server does not prove that it knows the password");
}

gboolean kx_fetch_fail_sign_in(KxSlice text, GError **error)
{
    g_autofree char *said = kx_fetch_quote(text);
    return kx_fail(error, KX_ERR_DENIED, "the server does not accept the sign-in: %s", said);
}

/* What hides the password counts for more where everybody can listen. */
KxFetchAuth kx_fetch_choose_auth(const KxFetch *fetch,
                                 gboolean (*offers)(const KxFetch *fetch, KxFetchAuth auth))
{
    static const KxFetchAuth clear[] = {KX_FETCH_AUTH_SCRAM_SHA_256, KX_FETCH_AUTH_SCRAM_SHA_1,
                                        KX_FETCH_AUTH_CRAM_MD5,      KX_FETCH_AUTH_APOP,
                                        KX_FETCH_AUTH_PLAIN,         KX_FETCH_AUTH_LOGIN};
    static const KxFetchAuth inside[] = {KX_FETCH_AUTH_PLAIN, KX_FETCH_AUTH_LOGIN,
                                         KX_FETCH_AUTH_SCRAM_SHA_256, KX_FETCH_AUTH_SCRAM_SHA_1,
                                         KX_FETCH_AUTH_CRAM_MD5};
    gboolean tls = kx_smtp_conn_tls(fetch->conn) != NULL;
    const KxFetchAuth *order = tls ? inside : clear;
    guint n = tls ? G_N_ELEMENTS(inside) : G_N_ELEMENTS(clear);
    if (fetch->task.auth != KX_FETCH_AUTH_AUTO)
        return (KxFetchAuth)fetch->task.auth;
    for (guint i = 0; i < n; i++)
        if (offers(fetch, order[i]))
            return order[i];
    return KX_FETCH_AUTH_USER;
}

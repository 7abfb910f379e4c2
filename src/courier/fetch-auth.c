/* SPDX-License-Identifier: Apache-2.0 */
/* SASL mechanisms as their client (RFC 4616, 2195, 7628); LOGIN and XOAUTH2 are not standards. */
#include "courier/fetch-private.h"

static const char *const NAMES[] = {
    [KX_FETCH_AUTH_PLAIN] = "PLAIN",
    [KX_FETCH_AUTH_LOGIN] = "LOGIN",
    [KX_FETCH_AUTH_CRAM_MD5] = "CRAM-MD5",
    [KX_FETCH_AUTH_XOAUTH2] = "XOAUTH2",
    [KX_FETCH_AUTH_OAUTHBEARER] = "OAUTHBEARER",
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

char *kx_fetch_respond(const KxFetch *fetch, KxFetchAuth auth, guint step, KxSlice challenge)
{
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

/* What hides the password counts for more where everybody can listen. */
KxFetchAuth kx_fetch_choose_auth(const KxFetch *fetch,
                                 gboolean (*offers)(const KxFetch *fetch, KxFetchAuth auth))
{
    static const KxFetchAuth clear[] = {KX_FETCH_AUTH_CRAM_MD5, KX_FETCH_AUTH_APOP,
                                        KX_FETCH_AUTH_PLAIN, KX_FETCH_AUTH_LOGIN};
    static const KxFetchAuth inside[] = {KX_FETCH_AUTH_PLAIN, KX_FETCH_AUTH_LOGIN,
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

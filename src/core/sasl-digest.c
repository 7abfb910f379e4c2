/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRAM-MD5 (RFC 2195) and APOP (RFC 1939 section 7): the client shows that it knows the password
 * by a digest of it and of what the server said just before. They keep the password from who
 * listens now, but not from who tries many at leisure; SCRAM and TLS are the better ways.
 */
#include <sodium.h>

#include "core/sasl-private.h"
#include "directory/recoverable.h"

enum {
    HEX = 32, /* digits of an MD5 digest */
    CHALLENGE_MAX = 400,
};

/* What a password gives; free it. */
typedef char *(*Digest)(const char *password, const char *challenge);

static char *cram_md5(const char *password, const char *challenge)
{
    return g_compute_hmac_for_string(G_CHECKSUM_MD5, (const guchar *)password, strlen(password),
                                     challenge, -1);
}

static char *apop(const char *password, const char *challenge)
{
    g_autofree char *text = g_strconcat(challenge, password, NULL);
    char *digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1);
    explicit_bzero(text, strlen(text));
    return digest;
}

/* "name digest"; the name may have blanks. */
static gboolean split(const char *text, char **ret_name, const char **ret_digest)
{
    const char *blank = strrchr(text, ' ');
    if (!blank || blank == text || blank - text > KX_SASL_NAME_MAX || strlen(blank + 1) != HEX)
        return FALSE;
    *ret_name = g_strndup(text, (size_t)(blank - text));
    *ret_digest = blank + 1;
    return TRUE;
}

static KxSaslNext check(KxSession *session, KxSasl *sasl, const char *text, const char *challenge,
                        Digest digest)
{
    const char *shown;
    if (!split(text, &sasl->name, &shown))
        return KX_SASL_NEXT_MALFORMED;
    char *password = kx_auth_recover(kx_session_core(session)->directory, sasl->name,
                                     session->local_ip, &sasl->user, &sasl->reason);
    g_autofree char *right = digest(password, challenge);
    g_autofree char *folded = g_ascii_strdown(shown, -1);
    explicit_bzero(password, strlen(password));
    g_free(password);
    gboolean match = sodium_memcmp(right, folded, HEX) == 0;
    if (kx_sasl_is_locked(session, sasl))
        return KX_SASL_NEXT_REFUSE;
    if (match && sasl->user)
        return KX_SASL_NEXT_ACCEPT;
    if (sasl->user)
        sasl->reason = "wrong password";
    return KX_SASL_NEXT_REFUSE;
}

char *kx_sasl_cram_challenge(KxSession *session)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(kx_session_core(session)->directory);
    return kx_sasl_timestamp(settings);
}

KxSaslNext kx_sasl_cram_md5(KxSession *session, KxSasl *sasl, KxSlice response)
{
    if (!sasl->state || !kx_sasl_is_clean(response, KX_SASL_TEXT_MAX))
        return KX_SASL_NEXT_MALFORMED;
    g_autofree char *text = g_strndup(response.data, response.len);
    return check(session, sasl, text, sasl->state, cram_md5);
}

/* From the edge: its greeting's timestamp, NUL, "name digest". */
KxSaslNext kx_sasl_apop(KxSession *session, KxSasl *sasl, KxSlice response)
{
    const char *nul = memchr(response.data, 0, response.len);
    if (!nul)
        return KX_SASL_NEXT_MALFORMED;
    KxSlice said = {response.data, (size_t)(nul - response.data)};
    KxSlice answer = {nul + 1, response.len - said.len - 1};
    if (!kx_sasl_is_clean(said, CHALLENGE_MAX) || !kx_sasl_is_clean(answer, KX_SASL_TEXT_MAX))
        return KX_SASL_NEXT_MALFORMED;
    g_autofree char *challenge = g_strndup(said.data, said.len);
    g_autofree char *text = g_strndup(answer.data, answer.len);
    return check(session, sasl, text, challenge, apop);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIGEST-MD5 (RFC 2831), historic since RFC 6331, for programs that know nothing newer: as
 * CRAM-MD5, with a word of the client's in it, and the server proves that it knows the password
 * too. Without layers: TLS does that.
 */
#include <sodium.h>

#include "core/digest-directives.h"
#include "core/sasl-private.h"
#include "directory/recoverable.h"

enum { HASH = 16, HEX = 32, NONCE = 18 };

#define FIRST_COUNT "00000001"

/* ---- digests ---- */

/* Of the texts, a colon between; ends in NULL. */
static void hash(guint8 out[HASH], const void *head, gsize head_len, const char *const *texts)
{
    gsize len = HASH;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_MD5);
    g_checksum_update(sum, head, (gssize)head_len);
    for (; *texts; texts++) {
        g_checksum_update(sum, (const guchar *)":", 1);
        g_checksum_update(sum, (const guchar *)*texts, -1);
    }
    g_checksum_get_digest(sum, out, &len);
}

static void hash_texts(char out[HEX + 1], const char *head, const char *const *texts)
{
    guint8 digest[HASH];
    hash(digest, head, strlen(head), texts);
    sodium_bin2hex(out, HEX + 1, digest, HASH);
}

/* Section 2.1.2.1: names and passwords that ISO 8859-1 can say are hashed in it, whatever the
 * client's charset is. */
static char *in_latin1(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c > 0xff)
            return g_strdup(text);
        g_string_append_c(out, (char)c);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* What the client says. */
typedef struct {
    GHashTable *directives;
    const char *name, *realm, *nonce, *cnonce, *uri, *authzid;
} Said;

/* Section 2.1.2.1, `a2` being "AUTHENTICATE" or empty for the server. */
static void respond(const Said *said, const char *password, const char *a2, char out[HEX + 1])
{
    guint8 secret[HASH], key[HASH];
    char key_hex[HEX + 1], a2_hex[HEX + 1];
    g_autofree char *name = in_latin1(said->name), *plain = in_latin1(password);
    hash(secret, name, strlen(name), (const char *const[]){said->realm, plain, NULL});
    hash(key, secret, HASH, (const char *const[]){said->nonce, said->cnonce, said->authzid, NULL});
    sodium_bin2hex(key_hex, sizeof key_hex, key, HASH);
    hash_texts(a2_hex, a2, (const char *const[]){said->uri, NULL});
    hash_texts(out, key_hex,
               (const char *const[]){said->nonce, FIRST_COUNT, said->cnonce, "auth", a2_hex, NULL});
    explicit_bzero(plain, strlen(plain));
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(key, sizeof key);
}

/* ---- the exchange ---- */

char *kx_sasl_digest_challenge(KxSession *session)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(kx_session_core(session)->directory);
    guint8 random[NONCE];
    randombytes_buf(random, sizeof random);
    g_autofree char *nonce = g_base64_encode(random, sizeof random);
    return g_strdup_printf(
        "realm=\"%s\",nonce=\"%s\",qop=\"auth\",charset=utf-8,algorithm=md5-sess",
        kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), nonce);
}

static const char *get(const Said *said, const char *name)
{
    return g_hash_table_lookup(said->directives, name);
}

static gboolean is(const char *value, const char *wanted)
{
    return value && g_str_equal(value, wanted);
}

/* As the challenge has it, or for a realm as if there were none. */
static gboolean fits(const Said *said, const char *challenge)
{
    g_autoptr(GHashTable) ours = kx_digest_directives(KX_SLICE_STR(challenge));
    const char *qop = get(said, "qop");
    return is(said->nonce, g_hash_table_lookup(ours, "nonce")) &&
           (*said->realm == '\0' || is(said->realm, g_hash_table_lookup(ours, "realm"))) &&
           is(get(said, "nc"), FIRST_COUNT) && (!qop || g_str_equal(qop, "auth"));
}

static gboolean read_response(KxSlice response, const char *challenge, Said *said)
{
    *said = (Said){.directives = kx_digest_directives(response)};
    if (!said->directives)
        return FALSE;
    const char *realm = get(said, "realm"), *shown = get(said, "response");
    said->name = get(said, "username");
    said->realm = realm ? realm : "";
    said->nonce = get(said, "nonce");
    said->cnonce = get(said, "cnonce");
    said->uri = get(said, "digest-uri");
    said->authzid = get(said, "authzid");
    return said->name && *said->name && strlen(said->name) <= KX_SASL_NAME_MAX && said->cnonce &&
           said->uri && shown && strlen(shown) == HEX && fits(said, challenge) &&
           (!said->authzid || *said->authzid == '\0' || is(said->authzid, said->name));
}

/* For who has proved himself the server's proof, else a refusal. */
static KxSaslNext check(KxSession *session, KxSasl *sasl, const Said *said)
{
    char right[HEX + 1], proof[HEX + 1];
    sasl->name = g_strdup(said->name);
    char *password = kx_auth_recover(kx_session_core(session)->directory, sasl->name,
                                     session->local_ip, &sasl->user, &sasl->reason);
    g_autofree char *shown = g_ascii_strdown(get(said, "response"), -1);
    respond(said, password, "AUTHENTICATE", right);
    respond(said, password, "", proof);
    explicit_bzero(password, strlen(password));
    g_free(password);
    gboolean match = sodium_memcmp(right, shown, HEX) == 0;
    if (kx_sasl_is_locked(session, sasl))
        return KX_SASL_NEXT_REFUSE;
    if (sasl->user && !match)
        sasl->reason = "wrong password";
    if (!sasl->user || !match)
        return KX_SASL_NEXT_REFUSE;
    sasl->challenge = g_strconcat("rspauth=", proof, NULL);
    sasl->round = 1;
    return KX_SASL_NEXT_CONTINUE;
}

KxSaslNext kx_sasl_digest_md5(KxSession *session, KxSasl *sasl, KxSlice response)
{
    Said said;
    if (sasl->round == 1)
        return response.len == 0 ? KX_SASL_NEXT_ACCEPT : KX_SASL_NEXT_MALFORMED;
    if (!sasl->state || !g_utf8_validate(response.data, (gssize)response.len, NULL))
        return KX_SASL_NEXT_MALFORMED;
    KxSaslNext next = read_response(response, sasl->state, &said) ? check(session, sasl, &said)
                                                                  : KX_SASL_NEXT_MALFORMED;
    g_clear_pointer(&said.directives, g_hash_table_unref);
    return next;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM as its server (RFC 5802, SHA-256 by RFC 7677): the client proves that it knows the
 * password, the server that it has the keys, and with -PLUS both that nobody is between them, by
 * what binds to the TLS channel (RFC 5929, RFC 9266). None of our protocols can send something with
 * a success, so the server's proof is a challenge that is answered with nothing.
 */
#include <openssl/rand.h>

#include "base/base64.h"
#include "core/sasl-private.h"
#include "directory/scram.h"

enum { NONCE_BYTES = 18, HEADER_MAX = 600, NONCE_MAX = 256 };

typedef struct {
    KxScramKeys keys;
    GByteArray *bound; /* what the client has to repeat: its GS2 header, then the binding */
    char *nonce;       /* of both */
    char *so_far;      /* "client-first-message-bare,server-first-message," */
} Scram;

static void scram_free(gpointer data)
{
    Scram *scram = data;
    g_byte_array_unref(scram->bound);
    g_free(scram->nonce);
    g_free(scram->so_far);
    explicit_bzero(&scram->keys, sizeof scram->keys);
    g_free(scram);
}

/* ---- the client's first message ---- */

static GBytes *find_binding(const KxSasl *sasl, const char *type, size_t len)
{
    const struct {
        const char *name;
        GBytes *bytes;
    } types[] = {{"tls-exporter", sasl->bindings.exporter},
                 {"tls-server-end-point", sasl->bindings.end_point},
                 {"tls-unique", sasl->bindings.unique}};
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (strlen(types[i].name) == len && memcmp(types[i].name, type, len) == 0)
            return types[i].bytes;
    return NULL;
}

/* "n", "y" or "p=type". Who could bind and believes that we cannot has been lied to, as we offer it
 * inside TLS: somebody is between us (RFC 5802 section 6). */
static gboolean take_flag(KxSession *session, KxSasl *sasl, Scram *scram, const char *flag)
{
    if (sasl->mechanism->flags & KX_SASL_BINDS) {
        GBytes *binding =
            g_str_has_prefix(flag, "p=") ? find_binding(sasl, flag + 2, strlen(flag) - 2) : NULL;
        if (!binding)
            return FALSE;
        gsize len;
        const guint8 *bytes = g_bytes_get_data(binding, &len);
        g_byte_array_append(scram->bound, bytes, (guint)len);
        return TRUE;
    }
    return g_str_equal(flag, "n") || (g_str_equal(flag, "y") && !kx_session_binds(session));
}

static gboolean is_nonce(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return FALSE;
    return len > 0 && len <= NONCE_MAX;
}

/* Parts of the first message: flag, "a=..." or nothing, "n=...", "r=..."; extensions may follow,
 * mandatory ones ("m=" before the name) we have none. */
static char *read_first(KxSession *session, KxSasl *sasl, Scram *scram, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    if (g_strv_length(parts) < 4 || !g_str_has_prefix(parts[2], "n=") ||
        !g_str_has_prefix(parts[3], "r=") || !is_nonce(parts[3] + 2))
        return NULL;
    g_autofree char *name = kx_sasl_unescape(parts[2] + 2);
    /* Acting for somebody else is not offered; naming oneself is no such thing. */
    if (!name || !*name || strlen(name) > KX_SASL_NAME_MAX ||
        (*parts[1] &&
         !(g_str_has_prefix(parts[1], "a=") && g_str_equal(parts[1] + 2, parts[2] + 2))))
        return NULL;
    g_autofree char *header = g_strdup_printf("%s,%s,", parts[0], parts[1]);
    g_byte_array_append(scram->bound, (const guint8 *)header, (guint)strlen(header));
    if (!take_flag(session, sasl, scram, parts[0]))
        return NULL;
    scram->nonce = g_strdup(parts[3] + 2);
    sasl->name = g_steal_pointer(&name);
    return g_strdup(text + strlen(header));
}

static void add_own_nonce(Scram *scram)
{
    guint8 bytes[NONCE_BYTES];
    g_assert(RAND_bytes(bytes, sizeof bytes) == 1);
    g_autofree char *own = g_base64_encode(bytes, sizeof bytes);
    g_autofree char *clients = g_steal_pointer(&scram->nonce);
    scram->nonce = g_strconcat(clients, own, NULL);
}

static KxSaslNext first(KxSession *session, KxSasl *sasl, const char *text)
{
    Scram *scram = g_new0(Scram, 1);
    sasl->state = scram;
    sasl->state_free = scram_free;
    scram->bound = g_byte_array_new();
    g_autofree char *bare = read_first(session, sasl, scram, text);
    if (!bare)
        return KX_SASL_NEXT_MALFORMED;
    add_own_nonce(scram);
    scram->keys.hash =
        g_str_equal(sasl->mechanism->method, "SCRAM-SHA-1") ? KX_SCRAM_SHA_1 : KX_SCRAM_SHA_256;
    sasl->user = kx_auth_scram(kx_session_core(session)->directory, sasl->name, session->local_ip,
                               &scram->keys, &sasl->reason);
    if (kx_sasl_is_locked(session, sasl))
        g_clear_pointer(&sasl->user, kx_user_free); /* so no proof is right */
    g_autofree char *salt = g_base64_encode(scram->keys.salt, scram->keys.salt_len);
    sasl->challenge = g_strdup_printf("r=%s,s=%s,i=%u", scram->nonce, salt, scram->keys.iterations);
    scram->so_far = g_strdup_printf("%s,%s,", bare, sasl->challenge);
    return KX_SASL_NEXT_CONTINUE;
}

/* ---- the client's final message ---- */

static gboolean repeats(const Scram *scram, const char *channel, const char *nonce)
{
    g_autofree char *bound = g_base64_encode(scram->bound->data, scram->bound->len);
    return g_str_has_prefix(channel, "c=") && g_str_equal(channel + 2, bound) &&
           g_str_has_prefix(nonce, "r=") && g_str_equal(nonce + 2, scram->nonce);
}

static gboolean read_proof(const char *text, size_t len, guint8 *ret_proof)
{
    g_autofree char *copy = g_strdup(text);
    size_t n;
    if (!kx_base64_decode(copy, strlen(copy), &n) || n != len)
        return FALSE;
    memcpy(ret_proof, copy, n);
    return TRUE;
}

/* "c=...,r=...,[extensions,]p=..." */
static KxSaslNext final(KxSasl *sasl, const char *text)
{
    Scram *scram = sasl->state;
    const char *proof_at = g_strrstr(text, ",p=");
    g_auto(GStrv) parts = g_strsplit(text, ",", 3);
    guint8 proof[KX_SCRAM_KEY_MAX], signature[KX_SCRAM_KEY_MAX];
    size_t len = kx_scram_key_length(scram->keys.hash);
    if (g_strv_length(parts) != 3 || !proof_at || !read_proof(proof_at + 3, len, proof))
        return KX_SASL_NEXT_MALFORMED;
    if (!repeats(scram, parts[0], parts[1])) {
        sasl->reason = "the client is bound to another channel or repeats another nonce";
        return KX_SASL_NEXT_REFUSE;
    }
    g_autofree char *all = g_strdup_printf("%s%.*s", scram->so_far, (int)(proof_at - text), text);
    gboolean match = kx_scram_check_proof(&scram->keys, all, proof);
    if (!match || !sasl->user) {
        sasl->reason = sasl->user ? "wrong password" : sasl->reason;
        return KX_SASL_NEXT_REFUSE;
    }
    if (!kx_scram_sign(scram->keys.hash, scram->keys.server_key, all, signature))
        return KX_SASL_NEXT_REFUSE;
    g_autofree char *encoded = g_base64_encode(signature, len);
    sasl->challenge = g_strconcat("v=", encoded, NULL);
    return KX_SASL_NEXT_CONTINUE;
}

KxSaslNext kx_sasl_scram(KxSession *session, KxSasl *sasl, KxSlice response)
{
    if (!kx_sasl_is_clean(response, HEADER_MAX + KX_SASL_TEXT_MAX))
        return KX_SASL_NEXT_MALFORMED;
    g_autofree char *text = g_strndup(response.data, response.len);
    switch (sasl->round++) {
    case 0:
        return first(session, sasl, text);
    case 1:
        return final(sasl, text);
    default:
        return response.len == 0 ? KX_SASL_NEXT_ACCEPT : KX_SASL_NEXT_MALFORMED;
    }
}

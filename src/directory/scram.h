/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored keys of SCRAM (RFC 5802 section 3, RFC 7677): what a server keeps so that it can check a
 * proof and prove itself, without being able to sign in elsewhere. Pure and thread-safe.
 */
#pragma once

#include <glib.h>

typedef enum {
    KX_SCRAM_SHA_1,
    KX_SCRAM_SHA_256,
} KxScramHash;

enum {
    KX_SCRAM_SALT = 16, /* bytes of a new salt */
    KX_SCRAM_SALT_MAX = 64,
    /* of new keys; RFC 7677 asks for at least 4096; clients pay them at each sign-in */
    KX_SCRAM_ITERATIONS = 20000,
    KX_SCRAM_KEY_MAX = 32, /* bytes of the longest key */
};

typedef struct KxScramKeys {
    KxScramHash hash;
    guint iterations;
    guint8 salt[KX_SCRAM_SALT_MAX];
    size_t salt_len;
    guint8 stored_key[KX_SCRAM_KEY_MAX];
    guint8 server_key[KX_SCRAM_KEY_MAX];
} KxScramKeys;

size_t kx_scram_key_length(KxScramHash hash);

/* Fills the two keys from hash, iterations and salt, which are set already. `password` is prepared
 * (SASLprep). FALSE only if OpenSSL lacks the hash. */
gboolean kx_scram_derive(KxScramKeys *keys, const char *password);

/* HMAC with the hash of the mechanism, kx_scram_key_length() bytes. */
gboolean kx_scram_sign(KxScramHash hash, const guint8 *key, const char *text, guint8 *out);
/* Whether the proof (as long as a key) shows that the client knows the password: RFC 5802 section
 * 3, `text` is the AuthMessage. */
gboolean kx_scram_check_proof(const KxScramKeys *keys, const char *text, const guint8 *proof);

/* "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", in base64 (RFC 5803 section 3). */
char *kx_scram_format(const KxScramKeys *keys);
gboolean kx_scram_parse(const char *text, KxScramKeys *ret_keys); /* FALSE: that makes no sense */

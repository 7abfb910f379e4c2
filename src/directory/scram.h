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
    KX_SCRAM_SALT = 16,    /* bytes of a new salt */
    KX_SCRAM_KEY_MAX = 32, /* bytes of the longest key */
};

typedef struct {
    KxScramHash hash;
    guint iterations;
    guint8 salt[KX_SCRAM_SALT];
    size_t salt_len;
    guint8 stored_key[KX_SCRAM_KEY_MAX];
    guint8 server_key[KX_SCRAM_KEY_MAX];
} KxScramKeys;

size_t kx_scram_key_length(KxScramHash hash);

/* Fills the two keys from hash, iterations and salt, which are set already. `password` is prepared
 * (SASLprep). FALSE only if OpenSSL lacks the hash. */
gboolean kx_scram_derive(KxScramKeys *keys, const char *password);

/* "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", in base64 (RFC 5803 section 3). */
char *kx_scram_format(const KxScramKeys *keys);

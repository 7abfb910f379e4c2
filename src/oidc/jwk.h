/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a provider (JSON Web Key, RFC 7517, RFC 7518 section 6, RFC 8037), and signatures
 * that they check (RFC 7518 section 3). Only signatures by private keys count: whoever can check
 * one by a shared secret could make it too.
 *
 * A set is constant and thread-safe; its references are counted.
 */
#pragma once

#include <glib.h>

/* An algorithm of signatures (RFC 7518 section 3.1, RFC 8037 section 3.1). */
typedef struct KxJwsAlgorithm KxJwsAlgorithm;

/* NULL: none that counts. */
const KxJwsAlgorithm *kx_jws_algorithm_find(const char *name);

typedef struct KxJwkSet KxJwkSet;

/* Keys that are of no use here (for encryption, of unknown or weak kinds, secrets) are left out.
 * KX_ERR_INVALID: it is no set of keys; KX_ERR_NOT_FOUND: no key is left. */
KxJwkSet *kx_jwk_set_parse(const char *json, size_t len, GError **error);
KxJwkSet *kx_jwk_set_ref(KxJwkSet *set);
void kx_jwk_set_unref(KxJwkSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxJwkSet, kx_jwk_set_unref)

guint kx_jwk_set_size(const KxJwkSet *set);
/* A line about each key, for a person; free with g_strfreev(). */
char **kx_jwk_set_describe(const KxJwkSet *set);

typedef struct {
    const KxJwsAlgorithm *algorithm;
    const char *kid; /* NULL: the signature does not say which key it is of */
    const char *text;
    size_t text_len;
    GBytes *signature;
} KxJws;

typedef enum {
    KX_JWS_GOOD,
    KX_JWS_NO_KEY, /* there is none of that name for that algorithm: the set may be too old */
    KX_JWS_WRONG,
} KxJwsResult;

KxJwsResult kx_jwk_set_check(const KxJwkSet *set, const KxJws *jws);
/* Whether there is a key that would be asked. */
gboolean kx_jwk_set_has(const KxJwkSet *set, const KxJws *jws);

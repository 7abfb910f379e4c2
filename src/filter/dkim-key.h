/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of DKIM: private ones that sign, and public ones as DNS has them (RFC 6376 section 3.6, RFC
 * 8301, RFC 8463). What is signed is a SHA-256 in both algorithms.
 *
 * Keys are immutable and counted; thread-safe.
 */
#pragma once

#include "filter/mail-view.h"

typedef enum { KX_DKIM_RSA, KX_DKIM_ED25519 } KxDkimAlgorithm;

/* "rsa", "ed25519" as in k=; "rsa-sha256", "ed25519-sha256" as in a=. */
const char *kx_dkim_key_word(KxDkimAlgorithm algorithm);
const char *kx_dkim_algorithm_word(KxDkimAlgorithm algorithm);
gboolean kx_dkim_algorithm_find(const char *word, KxDkimAlgorithm *ret_algorithm);

typedef struct KxDkimKey KxDkimKey;

/* A new private key in PEM, the caller's to wipe; RSA has `bits`. */
char *kx_dkim_key_generate(KxDkimAlgorithm algorithm, guint bits, GError **error);

/* KX_ERR_CORRUPT: not a private key of that kind. */
KxDkimKey *kx_dkim_key_new(const char *pem, size_t len, const char *selector, GError **error);
KxDkimKey *kx_dkim_key_ref(KxDkimKey *key);
void kx_dkim_key_unref(KxDkimKey *key);

const char *kx_dkim_key_selector(const KxDkimKey *key);
KxDkimAlgorithm kx_dkim_key_algorithm(const KxDkimKey *key);
guint kx_dkim_key_bits(const KxDkimKey *key);
/* What DNS is to have under <selector>._domainkey.<domain>: "v=DKIM1; k=rsa; p=...". */
char *kx_dkim_key_record(const KxDkimKey *key);

/* The signature of the text in base64; NULL: it cannot be made. */
char *kx_dkim_key_sign(const KxDkimKey *key, const char *text, size_t len);

/* What a p= tag holds; NULL: it is no key of that kind. Free with kx_dkim_public_free(). */
typedef struct KxDkimPublic KxDkimPublic;
KxDkimPublic *kx_dkim_public_new(KxDkimAlgorithm algorithm, const guchar *bytes, gsize len);
void kx_dkim_public_free(KxDkimPublic *key);
guint kx_dkim_public_bits(const KxDkimPublic *key);
gboolean kx_dkim_public_check(const KxDkimPublic *key, const char *text, size_t text_len,
                              const guchar *signature, gsize len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDkimKey, kx_dkim_key_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDkimPublic, kx_dkim_public_free)

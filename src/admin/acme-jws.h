/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Signatures and keys as ACME has them (RFC 8555 section 6.2, RFC 7515, 7517, 7638), with
 * ES256 only: keys are EC P-256. Texts returned are the caller's. Thread-safe.
 */
#pragma once

#include <glib.h>
#include <openssl/evp.h>

/* The key's SHA-256 digest in base64url (RFC 7638). KX_ERR_INVALID: it is of another kind. */
char *kx_jws_thumbprint(EVP_PKEY *key, GError **error);

typedef struct {
    EVP_PKEY *key;
    const char *account; /* URL of the account; NULL: the key is sent along */
    const char *nonce, *url;
} KxJwsHeader;

/* The body of a request; `payload` is JSON, or "" to read (section 6.3). */
char *kx_jws_sign(const KxJwsHeader *header, const char *payload, GError **error);

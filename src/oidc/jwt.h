/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that say by themselves what they stand for: JSON Web Tokens (RFC 7519) in the compact form
 * of signatures (RFC 7515 section 7.1), as access tokens are (RFC 9068). What is read here is
 * believed only after its signature was checked (oidc/jwk.h). Pure and thread-safe.
 */
#pragma once

#include <jansson.h>

#include "oidc/jwk.h"

/* Bytes of any token that is looked at: some name all groups of their owner. As a form, where a
 * byte may take three, it still fits into MAIL_BODY of ipc/message-list.h. */
enum { KX_TOKEN_MAX = 20 * 1024 };

typedef struct {
    json_t *header, *claims;
    KxJws jws; /* points into the token, which must stay, and into the header */
} KxJwt;

typedef enum {
    KX_JWT_READ,
    KX_JWT_NONE,  /* it is no JWT: another kind of token, which only its issuer understands */
    KX_JWT_WRONG, /* it is one that can never count; ret_reason says why, static */
} KxJwtResult;

KxJwtResult kx_jwt_read(const char *token, KxJwt *ret_jwt, const char **ret_reason);
void kx_jwt_clear(KxJwt *jwt);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxJwt, kx_jwt_clear)

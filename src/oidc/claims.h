/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token says, as its signature or the provider's answer vouches for: whether it counts here
 * and now (RFC 7519 section 4.1, RFC 9068 section 4, RFC 7662 section 2.2), and whose it is. Pure
 * and thread-safe.
 */
#pragma once

#include <jansson.h>

#include "directory/directory.h"

typedef enum {
    KX_CLAIMS_GOOD,
    KX_CLAIMS_WRONG,
    KX_CLAIMS_SCOPE, /* good but for the scopes that the domain asks for */
} KxClaimsResult;

/* What a JWT claims, and what a provider says of a token. `now` in Unix seconds; ret_reason is
 * static. */
KxClaimsResult kx_claims_check_token(const json_t *claims, const KxDomain *domain, gint64 now,
                                     const char **ret_reason);
KxClaimsResult kx_claims_check_answer(const json_t *claims, const KxDomain *domain, gint64 now,
                                      const char **ret_reason);

/* The claim that names the account, as the domain wants it; borrowed. NULL, with ret_reason: it is
 * not there, or the provider does not vouch for it. */
const char *kx_claims_account(const json_t *claims, const KxDomain *domain,
                              const char **ret_reason);
/* Unix seconds when it is over; 0: not said. */
gint64 kx_claims_expiry(const json_t *claims);

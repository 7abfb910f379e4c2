/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the authority of a certificate says about it (OCSP, RFC 6960), so that clients need not ask
 * themselves: the edges show it with the certificate (stapling, RFC 6066 section 8). Kept as
 * sslcert/<name>.ocsp. Authorities that run no such service name none in their certificates.
 *
 * Threads: any. kx_ocsp_refresh() waits for the authority.
 */
#pragma once

#include "flow/ask.h"

typedef enum {
    KX_OCSP_NONE, /* the certificate names nobody to ask, or its issuer is not in the chain */
    KX_OCSP_FRESH,
    KX_OCSP_DUE, /* half its time is over, or there is none */
} KxOcspNeed;

/* Of the certificate of that name. ret_until: when what is kept ends, in Unix seconds; 0: none. */
KxOcspNeed kx_ocsp_need(const char *name, gint64 now, gint64 *ret_until);

/* Asks, and keeps the answer if it is good. KX_ERR_DENIED: the authority has revoked the
 * certificate; nothing is kept then. KX_ERR_IO: it could not be asked; KX_ERR_INVALID: what it said
 * proves nothing. What was kept before stays in these cases. */
gboolean kx_ocsp_refresh(KxAsks *asks, const char *name, GError **error);

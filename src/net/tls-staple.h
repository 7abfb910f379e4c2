/* SPDX-License-Identifier: Apache-2.0 */
/* What the authority of a certificate has said about it (OCSP), shown with the certificate to
 * clients that ask for it (RFC 6066 section 8, RFC 8446 section 4.4.2.1). One thread. */
#pragma once

#include "net/tls.h"

/* From now on the context shows it, until it ends by itself. What is not about the context's
 * certificate, or empty, is not used. The authority's signature was checked before. */
void kx_tls_staple_use(SSL_CTX *context, KxSlice ocsp);

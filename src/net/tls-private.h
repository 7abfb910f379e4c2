/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files about the server's side of TLS. */
#pragma once

#include "net/tls.h"

/* A context with the versions and ciphers that all have, and the certificate and key (PEM). */
SSL_CTX *kx_tls_context_new(KxSlice chain, KxSlice key, GError **error);

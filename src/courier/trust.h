/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificates count when this server is the client. */
#pragma once

#include <openssl/ssl.h>

/* Loads them into memory, because there are no files after start: the host's bundle, or the one
 * OpenSSL's variable names. */
void kx_trust_load(SSL_CTX *context);

/* For a client whose peers only the certificates of the text (PEM) vouch for; free it. NULL: there
 * is none in it. */
SSL_CTX *kx_trust_text(const char *pem);

/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate or a request says, for people (CERT-06, CERT-11). Pure and thread-safe. */
#pragma once

#include <jansson.h>

#include "admin/certificate.h"

/* All certificates of a PEM text, in its order, at most KX_CERTIFICATE_CHAIN_MAX. KX_ERR_INVALID:
 * there is none, or one cannot be read. */
enum { KX_CERTIFICATE_CHAIN_MAX = 10 };
typedef STACK_OF(X509) KxX509Chain;
KxX509Chain *kx_certificate_parse(const char *pem, GError **error);
/* The same as a text, without what may have stood between them; free it. */
char *kx_certificate_chain_pem(const KxX509Chain *chain);
void kx_certificate_chain_free(KxX509Chain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxX509Chain, kx_certificate_chain_free)

X509_REQ *kx_certificate_parse_request(const char *pem, GError **error);

/* The first private key of a PEM text. KX_ERR_NOT_FOUND: there is none; KX_ERR_INVALID: it has a
 * password. */
EVP_PKEY *kx_certificate_parse_key(const char *pem, GError **error);

/* {"subject", "names", "issuer", "from", "until", "state", "self-signed", "serial", "fingerprint",
 * "key", "chain"} of the first certificate; "chain" lists the subjects of those that follow. */
json_t *kx_certificate_info(const char *pem, GError **error);

/* {"subject", "names", "key"} */
json_t *kx_certificate_request_info(const char *pem, GError **error);

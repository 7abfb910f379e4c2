/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over certificates from elsewhere (CERT-12, CERT-17): PEM, the server's certificate first,
 * then those of the authorities between it and the root. The private key is given, in the same
 * text, or that of a request made here.
 */
#pragma once

#include "admin/certificate-store.h"

/* `key` and `name` may be NULL. The answer to a request takes the request's name and ends it; other
 * certificates need a name that is free, which is made from their own when none is given.
 * KX_ERR_INVALID: wrong order, damaged, or the key does not fit; KX_ERR_NOT_FOUND: there is no key.
 * The caller holds the lock. */
gboolean kx_certificate_import(const char *pem, const char *key, const char *name, char **ret_name,
                               GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of clients, which the edge has seen and passes on: the edge is believed that the
 * client has the key, and nothing else. Whether the certificate counts is found out here (RFC
 * 5280 section 6), by the authorities of tls.client-ca and the lists of tls.client-crl. Pure and
 * thread-safe.
 */
#pragma once

#include "ipc/message.h"
#include "settings/settings.h"

enum { KX_CLIENT_AUTHORITIES_MAX = 8 * 1024 }; /* bytes, as in ipc/message-list.h */

typedef struct {
    KxSlice leaf, chain; /* DER; of the chain one after the other */
} KxClientCertificate;

/* The addresses of mail that it is for (subjectAltName: rfc822Name, RFC 5280 section 4.2.1.6;
 * SmtpUTF8Mailbox, RFC 9598), as it writes them; free with g_strfreev(). NULL, with ret_reason
 * (static): it does not count. */
char **kx_client_certificate_addresses(const KxSettings *settings,
                                       const KxClientCertificate *certificate,
                                       const char **ret_reason);

/* The names of the authorities in tls.client-ca, DER, one after the other: what a client is told
 * when it is asked for a certificate. As far as there is room; NULL: none is set. */
GBytes *kx_client_authorities(const KxSettings *settings);

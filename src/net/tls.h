/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of TLS in the edge role: one SSL_CTX for each certificate, the one to use
 * chosen by the name the client asks for (SNI, RFC 6066 section 3), else the active one. TLS 1.2
 * and 1.3 only, or 1.3 only, forward secrecy only, no renegotiation, stateless session tickets.
 *
 * A set is built from the certificates the keeper sends and then swapped in; connections in
 * progress keep the context they began with. One thread.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

#include "ipc/message.h"
#include "net/tls-challenge.h"

typedef struct KxTlsSet KxTlsSet;

enum { KX_TLS_TICKET_KEYS = 80 }; /* bytes: name 16, AES key 32, HMAC key 32 */

/* `challenges` are borrowed, and may be NULL. */
KxTlsSet *kx_tls_set_new(const KxTlsChallenges *challenges);
void kx_tls_set_free(KxTlsSet *set);

/* A certificate to add. */
typedef struct {
    KxSlice chain, key; /* PEM */
    KxSlice ocsp;       /* net/tls-staple.h; may be empty */
    gboolean active;
} KxTlsCertificate;

gboolean kx_tls_set_add(KxTlsSet *set, const KxTlsCertificate *certificate, GError **error);

gboolean kx_tls_set_is_empty(const KxTlsSet *set); /* no certificate could be used */

/* Keys that seal session tickets, the same in all edges; may be called again at any time. */
void kx_tls_set_ticket_keys(KxTlsSet *set, const void *keys, size_t len);

/* The versions of TLS that connections may have from now on. */
typedef enum { KX_TLS_INTERMEDIATE, KX_TLS_MODERN } KxTlsProfile;
void kx_tls_set_profile(KxTlsSet *set, KxTlsProfile profile);

/* Names of authorities (X.501). */
typedef STACK_OF(X509_NAME) KxTlsNames;
KxTlsNames *kx_tls_names_new(KxSlice der); /* one after the other; NULL: there are none */
void kx_tls_names_free(KxTlsNames *names);

/* A server connection on the descriptor, or NULL if there is no certificate. With `authorities` the
 * client is asked for a certificate of theirs; it need not show one, and any that it has the key of
 * is taken: what it is worth is for others to say. Such a connection resumes no other, as what was
 * shown there would be lost in part. */
SSL *kx_tls_accept(KxTlsSet *set, int fd, const KxTlsNames *authorities);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxTlsSet, kx_tls_set_free)

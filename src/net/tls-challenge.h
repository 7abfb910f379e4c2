/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates that prove to an authority that a host name is ours (TLS-ALPN-01, RFC 8737): a
 * client that offers the protocol acme-tls/1 and nothing else gets the one for the name it asks
 * for, as long as the core keeps it there. Other clients never see one. One thread.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

#include "ipc/message.h"

typedef struct KxTlsChallenges KxTlsChallenges;

KxTlsChallenges *kx_tls_challenges_new(void);
void kx_tls_challenges_free(KxTlsChallenges *challenges);

/* Puts the certificate of a challenge there, in place of one with that name, or takes it away. */
gboolean kx_tls_challenges_take(KxTlsChallenges *challenges, const KxMsgChallenge *message,
                                GError **error);

/* In the callback for the client's first message: the context it is to get, or NULL. */
/* The core that set them is gone. */
void kx_tls_challenges_clear(KxTlsChallenges *challenges);

SSL_CTX *kx_tls_challenges_find(const KxTlsChallenges *challenges, SSL *ssl);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxTlsChallenges, kx_tls_challenges_free)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM as its client (RFC 5802, SHA-256 by RFC 7677): the password is not sent, and the server
 * proves that it knows it too. Without channel binding. Messages are plain text, not base64.
 *
 * Threads: one client in one thread.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef enum { KX_SCRAM_CLIENT_SHA_1, KX_SCRAM_CLIENT_SHA_256 } KxScramDigest;

typedef struct KxScramClient KxScramClient;

enum { KX_SCRAM_ITERATIONS_MAX = 1000000 }; /* that a server may ask for */

/* `nonce` is printable and without commas, or NULL: a random one. */
KxScramClient *kx_scram_client_new(KxScramDigest digest, const char *user, const char *password,
                                   const char *nonce);
void kx_scram_client_free(KxScramClient *client);

const char *kx_scram_client_first(const KxScramClient *client); /* the client's */
/* The answer to the server's first message; NULL: that makes no sense. */
char *kx_scram_client_final(KxScramClient *client, KxSlice server_first, GError **error);
/* Whether the server's final message proves that it knows the password. */
gboolean kx_scram_client_check(KxScramClient *client, KxSlice server_final, GError **error);
/* It has done so. */
gboolean kx_scram_client_is_done(const KxScramClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxScramClient, kx_scram_client_free)

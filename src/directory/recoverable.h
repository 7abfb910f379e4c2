/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords kept so that they can be had back, for domains that wish it (recoverable-passwords):
 * CRAM-MD5 and APOP need the password itself. They lie in server.db sealed (XChaCha20-Poly1305, to
 * their account) with a key that lies beside it, in passwords.key, for the owner of the data alone.
 * Thread-safe.
 */
#pragma once

#include "directory/directory.h"

/* What is stored; makes the key if there is none. `changing` is held. */
char *kx_recoverable_seal(gint64 owner, const char *prepared, GError **error);

/* A domain does not wish it any more: inside the transaction, and in the tables. */
gboolean kx_recoverable_store_forget(KxDirectory *directory, gint64 domain, GError **error);
void kx_recoverable_settle(KxDirectory *directory);

/* The password that a client is to prove, to be overwritten; for a name that is nobody's, or has
 * none, one that nobody knows. NULL as ret_user, with ret_reason: no proof can be right. */
char *kx_auth_recover(KxDirectory *directory, const char *login, const char *local_ip,
                      KxUser **ret_user, const char **ret_reason);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: what programs show instead of a password to act for a user over HTTP (RFC 6750). A token
 * is 256 random bits, shown once; only its SHA-256 is kept. It ends with its user, at the time that
 * it was given, or when somebody removes it. Thread-safe.
 */
#pragma once

#include "directory/directory.h"

typedef struct {
    char *name; /* of the server's tokens one only */
    char *user; /* "user@domain" */
    gboolean read_only;
    gint64 created, expires,
        used; /* Unix seconds; 0: never. The last use is kept to some minutes. */
} KxToken;
void kx_token_free(KxToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxToken, kx_token_free)

/* `expires` 0: never. ret_secret is what the program shows. KX_ERR_EXISTS, KX_ERR_NOT_FOUND (the
 * user), KX_ERR_INVALID (the name, or a time that is past). */
gboolean kx_token_add(KxDirectory *directory, const KxAdmin *admin, const char *name,
                      const char *login, gboolean read_only, gint64 expires, char **ret_secret,
                      GError **error);
gboolean kx_token_remove(KxDirectory *directory, const KxAdmin *admin, const char *name,
                         GError **error);
GPtrArray *kx_token_list(KxDirectory *directory); /* of KxToken, by name */

/* Whom a secret stands for, now: NULL if there is no such token, its time is over, or the user is
 * gone or disabled. */
KxUser *kx_token_use(KxDirectory *directory, const char *secret, gboolean *ret_read_only);

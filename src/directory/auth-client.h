/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail programs that sign in with a password: with one that was issued for them
 * (directory/issued.h), or with the account's own, unless user or domain say that those are for the
 * administration alone. Thread-safe.
 */
#pragma once

#include "directory/issued.h"

typedef struct {
    const char *login, *password;
    const char *local_ip; /* as in kx_auth_password() */
    const char *ip;       /* of the client, and the service as in logs: for the last use */
    const char *service;
    KxScope scope;
} KxAuthClient;

/* As kx_auth_password(); ret_issued: by which issued secret, or 0. */
KxAuthResult kx_auth_client(KxDirectory *directory, const KxAuthClient *client, KxUser **ret_user,
                            gint64 *ret_issued, const char **ret_reason);

/* Whether kx_auth_client() would compute a password hash, tens of milliseconds of a processor;
 * not so when it is known without, or when a directory elsewhere is asked. */
gboolean kx_auth_client_hashes(KxDirectory *directory, const KxAuthClient *client);

/* The domain whose directory kx_auth_client() would ask, and wait for; NULL: none. */
char *kx_auth_client_asks(KxDirectory *directory, const KxAuthClient *client);

/* Whether the account's own password opens mail. */
gboolean kx_auth_takes_own_password(KxDirectory *directory, const KxUser *user);

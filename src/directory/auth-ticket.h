/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose account it is that a client has proved to be with a ticket of a realm, or by NTLM: one of a
 * domain of that realm, which is authenticated there (authentication=kerberos) or comes from a
 * directory. An account whose password is kept here is never opened by the administrators of a
 * realm.
 *
 * Threads: any. A name that nobody here has may be looked for in a directory, which takes a moment.
 */
#pragma once

#include "directory/directory.h"

/* `name` is "wsmith@COMPANY.COM", or "COMPANY\\wsmith" of NTLM; `wanted` whom the client wants to
 * be, which has to be the same account; empty or NULL: that. `ret_user` NULL: nobody, and
 * `ret_reason` (static) says why. KX_AUTH_BUSY: the directory could not be asked. */
KxAuthResult kx_auth_ticket(KxDirectory *directory, const char *name, const char *wanted,
                            const char *local_ip, KxUser **ret_user, const char **ret_reason);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may administer what: the rights of users, their own and those of their groups, the higher
 * counts (USR-25 to USR-27, GRP-08 to GRP-10, WADM-08, WADM-09), and the one place where they are
 * enforced. The command line, the API and the protocols all come through here.
 *
 * Three levels: none; read, who sees everything; full. Beside them a domain administrator manages
 * users, groups and aliases of one domain, but cannot give rights over the server, nor touch who
 * has them: else a new password would be enough to have them too.
 *
 * Threads: all functions from any thread, except where said.
 */
#pragma once

#include "directory/directory.h"

typedef struct {
    KxAdminLevel admin;
    gboolean web_admin;
    gboolean public_folders;
    gboolean archive_folders;
} KxAdminRights;

/* None at all if there is no such user or the account is disabled. */
KxAdminRights kx_rights_get(KxDirectory *directory, const char *login);

/* What a command is about. */
typedef enum {
    KX_ACTION_READ,    /* shows something of the server */
    KX_ACTION_ACCOUNT, /* shows or changes accounts, groups, aliases of a domain */
    KX_ACTION_CHANGE,  /* anything else */
} KxAction;

/* KX_ERR_DENIED says which right is missing. `domain` of KX_ACTION_ACCOUNT; NULL: of all. */
gboolean kx_rights_check(const KxAdmin *admin, KxAction action, const char *domain, GError **error);

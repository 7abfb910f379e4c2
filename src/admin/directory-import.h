/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user import-directory: accounts that are made once of the entries of an LDAP directory
 * (USR-51, USR-56 to USR-59). */
#pragma once

#include "admin/cli-private.h"

json_t *kx_directory_import_run(const KxCall *call, GError **error);

/* The command line's part: the status says whether somebody was refused. */
int kx_directory_import_local(const KxInvocation *invocation);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which passwords may be set (HOST-22, TOOL-14): auth.password-* of the settings, what a domain
 * says in their place, and the administrator's list of passwords that are known
 * (refused-passwords.h). What is set already stays, whatever comes to be asked for; hashes of other
 * servers tell nothing, and are taken. A password of blanks only is never taken.
 */
#pragma once

#include "directory/object.h"

/* Of a change of a user, which may give no password. KX_ERR_INVALID says which rule it is. The
 * tables are locked. */
gboolean kx_password_policy_check(KxDirectory *directory, const KxObjectChange *change,
                                  GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up root. */
#pragma once

#include <glib.h>

/* If the process is root, becomes the owner of `path` (the data directory), keeping only the right
 * to bind low ports; a data directory owned by root is refused. Otherwise nothing changes. */
gboolean kx_privileges_drop(const char *path, GError **error);

/* The user a data directory made by root is given to: "keryx" if there is such an account, else a
 * number no account uses. */
void kx_privileges_service_user(guint *ret_uid, guint *ret_gid);

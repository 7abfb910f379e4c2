/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock (Documentation/userspace-api/landlock.rst): files and TCP ports a role may reach. */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* `ret_abi` is 0 where the kernel lacks Landlock: that is no error here, but the administrator is
 * told. */
gboolean kx_landlock_enter(KxRole role, guint *ret_abi, GError **error);

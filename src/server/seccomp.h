/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls by role. What is not listed fails with EPERM; what only an intruder would try (exec,
 * ptrace, mount, modules, ...) kills the process.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* `ret_active` is 0 in builds with a sanitizer, whose run time needs calls of its own. */
gboolean kx_seccomp_enter(KxRole role, guint *ret_active, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a role may still do once it works. Entered by each role before it reads a byte from anybody;
 * there is no way out. Landlock takes away the file system (but for the core's data directory) and
 * TCP ports, seccomp the system calls; new privileges are impossible and the memory cannot be
 * dumped or traced by others.
 *
 *              files            sockets            exec
 *   edge       none             accept             killed
 *   core       data directory   accept (local)     killed
 *   courier    none             connect            killed
 *   kerberos   reads the system connect            killed
 *   convert    none             none               killed; nor threads, nor limits of its own
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef struct {
    guint landlock; /* ABI in force, 0: the kernel has none */
    guint seccomp;  /* 1: in force */
} KxSandbox;

/* For the core the current directory is the data directory. Fails only where going on would be
 * unsafe. */
gboolean kx_sandbox_enter(KxRole role, KxSandbox *ret_sandbox, GError **error);

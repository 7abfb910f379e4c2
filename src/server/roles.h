/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles as processes. The keeper starts each by running its own program anew (so that they
 * share no address layout) with these descriptors; anything else is closed.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

enum {
    KX_FD_KEEPER = 3,      /* channel to the keeper */
    KX_FD_COUNTS = 4,      /* edge: shared connection counts */
    KX_FD_CONTROL = 4,     /* core: listening socket of the command line */
    KX_FD_JOURNAL = 4,     /* courier: datagram socket to journald, or /dev/null */
    KX_FD_CORE_COUNTS = 5, /* core: the same memory, to read */
    KX_FD_FIRST_FREE = 6,
};

int kx_role_edge_main(guint index);
int kx_role_core_main(void);
int kx_role_courier_main(void);
int kx_role_convert_main(void);
int kx_role_kerberos_main(void);

/* Runs a role when the program was started as one; FALSE otherwise. */
gboolean kx_role_main(int argc, char **argv, int *ret_status);

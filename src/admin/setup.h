/* SPDX-License-Identifier: Apache-2.0 */
/* Making a new server in a data directory (INST-38 to INST-43). */
#pragma once

#include <glib.h>

#define KX_SETUP_ADMIN "admin" /* login name of the administrator unless another is given */

typedef struct {
    char *data;       /* directory; made if it is not there */
    char *domain;     /* primary domain */
    char *hostname;   /* of this server in the Internet */
    char *admin_name; /* login name of the administrator's account */
    char *password;   /* of that account */
    guint port_offset;
    gboolean replace; /* the configuration of a server that is there is set aside (INST-39) */
    guint uid;        /* who asks */
} KxSetup;
void kx_setup_clear(KxSetup *setup);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSetup, kx_setup_clear)

/*
 * As root, the directory is given to the user the server runs as, and the process becomes that
 * user. The current directory is the data directory afterwards. KX_ERR_EXISTS: there is a server in
 * it; KX_ERR_IN_USE: it is running.
 */
gboolean kx_setup_run(const KxSetup *setup, GError **error);

/* Asks for what is missing on the terminal. KX_ERR_FAILED: the input ended. */
gboolean kx_setup_ask(KxSetup *setup, GError **error);

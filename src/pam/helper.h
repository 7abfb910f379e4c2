/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service that asks PAM for the server (`keryx pam serve`). It runs as root and is as small as
 * that demands: it takes connections of the server's user alone, and for each starts a process that
 * reads one question, answers it and ends. It never runs a module itself, and kills a process whose
 * modules take too long, with all that they have started. One thread.
 */
#pragma once

#include "pam/pam.h"

typedef struct {
    guint uid, gid; /* who may ask, beside root: that user, or of that group */
    guint seconds;  /* that one check may take */
    guint most;     /* checks at a time; others wait */
    KxPamState (*consult)(const KxMsgPamCheck *question, char **ret_text); /* in the process */
} KxPamHelper;

enum { KX_PAM_CHECKS_MAX = 32 };

/* Serves until SIGTERM or SIGINT. Signals are blocked and children reaped: nothing else may go on
 * in the process. FALSE: the listening socket is of no use. */
gboolean kx_pam_helper_run(int listener, const KxPamHelper *helper, GError **error);

/* ---- helper-socket.c ---- */

/* The socket that systemd has passed (sd_listen_fds(3)), or -1; with an error if what was passed is
 * something else. */
int kx_pam_helper_inherited(GError **error);
/* A new one at the path, for root and the group, in a folder that is made if it is missing. -1:
 * another helper serves there, or it cannot be made. */
int kx_pam_helper_bind(const char *path, guint gid, GError **error);

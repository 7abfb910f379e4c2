/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords that PAM checks (DOM-24), as the core sees it. PAM's modules need root and may do
 * anything, so they run in a service of its own (pam/helper.h), which neither the core nor the
 * keeper starts. The core has the keeper connect to it, once for each question.
 *
 * Threads: any. kx_pam_check() waits, for a minute at worst: not for workers (core/checkers.h).
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* The service of domains that name none; where the helper listens, unless KERYX_PAM_SOCKET says. */
#define KX_PAM_SERVICE      "keryx"
#define KX_PAM_SOCKET       "/run/keryx/pam.sock"
#define KX_PAM_SOCKET_GIVEN "KERYX_PAM_SOCKET"
enum { KX_PAM_SECONDS = 60 }; /* one check; then the helper ends it */

typedef struct KxPam KxPam;

/* Tells the keeper that a connection is wanted (PAM_WANTED); the descriptor stays the caller's. */
typedef void (*KxPamTell)(gpointer data, int channel);

KxPam *kx_pam_new(KxPamTell tell, gpointer data);
/* Nobody may be in a call any more. */
void kx_pam_free(KxPam *pam);
/* Everybody who waits, now and later, gets KX_PAM_UNREACHABLE. */
void kx_pam_stop(KxPam *pam);

/* Waits. `ret_text` is always set: what was said, for the administrator; free it. */
KxPamState kx_pam_check(KxPam *pam, const KxMsgPamCheck *question, char **ret_text);

/* ---- names (names.c); both sides look at them ---- */

/* A plain file name: letters, digits, '.', '_' and '-', not beginning with a dot. */
gboolean kx_pam_is_service(const char *name);
/* What a module can be asked about: no control character, no '/' or ':', not beginning with '-'. */
gboolean kx_pam_is_user(const char *name);
/* Characters of an IP address, or empty: modules write it into their logs. */
gboolean kx_pam_is_address(const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxPam, kx_pam_free)

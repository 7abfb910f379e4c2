/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords that many people have, and those that were found out elsewhere: the administrator's own
 * list, KX_PATH_REFUSED in the data directory, one a line, whatever the case (HOST-22). Without
 * that file there is none. It is read again when it has changed; what is kept of it is a hash of 64
 * bits for each.
 *
 * Not thread-safe: the directory asks with its changes locked.
 */
#pragma once

#include <glib.h>

typedef struct KxRefused KxRefused;

KxRefused *kx_refused_new(void);
void kx_refused_free(KxRefused *refused);

/* KX_ERR_INVALID: it is on the list; others: the list cannot be read. */
gboolean kx_refused_check(KxRefused *refused, const char *password, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxRefused, kx_refused_free)

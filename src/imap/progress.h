/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs of life during a long command (INPROGRESS, RFC 9585): clients and the routers between give
 * up on silence.
 */
#pragma once

#include "imap/imap.h"

typedef struct {
    gint64 last; /* monotonic, microseconds: when the client last heard something */
} KxProgress;

/* "INPROGRESS ("tag" done total)"; a total of 0 is not known. */
char *kx_progress_code(const char *tag, guint done, guint total);

/* Sends "* OK [INPROGRESS ...]" if it is time for one. */
void kx_imap_progress(KxImap *imap, KxProgress *progress, guint done, guint total);

/* SPDX-License-Identifier: Apache-2.0 */
/* What COPY and MOVE share (RFC 9051 sections 6.4.7 and 6.4.8). */
#pragma once

#include "imap/imap.h"
#include "store/change.h"

/* Reads the arguments and copies or moves, all or none. FALSE: the command has been answered.
 * `ret_n` messages are there now; `ret_code` is "COPYUID ...", NULL if there is none or the client
 * may not know. */
gboolean kx_imap_copy(KxImap *imap, KxImapParser *args, gboolean move, guint *ret_n,
                      char **ret_code);

/* SPDX-License-Identifier: Apache-2.0 */
/* What COPY and MOVE share (RFC 9051 sections 6.4.7 and 6.4.8). */
#pragma once

#include "imap/imap.h"
#include "store/change.h"

/* Reads the arguments and copies or moves, all or none. FALSE: the command has been answered.
 * `ret_code` is "COPYUID ...", or NULL if there was no message to copy. */
gboolean kx_imap_copy(KxImap *imap, KxImapParser *args, gboolean move, char **ret_code);

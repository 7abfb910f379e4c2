/* SPDX-License-Identifier: Apache-2.0 */
/* STATUS data items (RFC 9051 section 6.3.11, RFC 7162, RFC 8438), for STATUS and LIST. */
#pragma once

#include "imap/imap.h"

/* "(MESSAGES UNSEEN)" as a set of bits. */
gboolean kx_imap_parse_status_items(KxImapParser *args, guint *ret_items);

/* The same of names with a space between. */
guint kx_imap_status_items(const char *names);

/* Asking for HIGHESTMODSEQ switches CONDSTORE on (RFC 7162 section 3.1). */
void kx_imap_note_status_items(KxImap *imap, guint items);

void kx_imap_write_status(KxImap *imap, const char *name, const KxFolderInfo *info, guint items);

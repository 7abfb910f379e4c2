/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a search, read into a tree; see search-args.h. */
#pragma once

#include "imap/search-args.h"

/* Keys with a space between them, all of which must match: program->root, and what the program
 * says of its keys. `charset` is what texts are in, empty for UTF-8. */
gboolean kx_search_keys_parse(KxImapParser *args, KxSlice charset, gint64 now,
                              KxSearchProgram *program);

void kx_search_key_free(gpointer key); /* may be NULL */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index of full texts (search/search.h) saves SEARCH: keys that look for text know of the
 * messages in which it cannot be, and do not read them.
 */
#pragma once

#include "imap/search-args.h"

/* Before the program runs on the folder, each time. Sets `hints` of its keys; they live as long as
 * the program. */
void kx_search_fulltext_prepare(KxSearchProgram *program, KxSearch *search, KxFolder *folder);

/* The key cannot match this message. UIDs are best asked for in ascending order. */
gboolean kx_search_fulltext_excludes(KxSearchHints *hints, guint32 uid);

/* The text of the message's attachments, as far as it is indexed; NULL: none. Free with g_free. */
char *kx_search_fulltext_attachments(const KxSearchKey *key, guint32 uid, size_t *ret_len);

void kx_search_hints_free(KxSearchHints *hints);

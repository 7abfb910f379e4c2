/* SPDX-License-Identifier: Apache-2.0 */
/* SEARCH=FUZZY (RFC 6203): keys that look for text, matched by words; see mime/fuzzy.h. */
#pragma once

#include "imap/search-match.h"

/* In a text; in header fields of that name; in what BODY or TEXT look at. They note the score in
 * the message. */
gboolean kx_search_fuzzy_text(const KxSearchKey *key, KxSearchMessage *message, const char *text);
gboolean kx_search_fuzzy_header(const KxSearchKey *key, KxSearchMessage *message,
                                const KxMimeMessage *parts);
gboolean kx_search_fuzzy_content(const KxSearchKey *key, KxSearchMessage *message,
                                 const KxMimeMessage *parts, gboolean header);

/* 1 to 100: how well the message that matched did, in the mean of the fuzzy keys that did. */
guint kx_search_score(const KxSearchMessage *message);

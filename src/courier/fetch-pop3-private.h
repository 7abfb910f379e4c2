/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that speak POP3 as its client. Functions with an error return FALSE when the
 * session cannot go on. */
#pragma once

#include "courier/fetch-private.h"

/* ---- fetch-pop3-talk.c ---- */

/* A reply; what it says is in `line` from `ret_text` on. */
gboolean kx_pop3_read_reply(KxFetch *fetch, GString *line, KxFetchReply *ret_reply,
                            KxSlice *ret_text, GError **error);
/* The reply to a command just sent; `ret_good`: it is +OK. */
gboolean kx_pop3_read_good(KxFetch *fetch, gboolean *ret_good, GError **error);
/* The same, and it must be. */
gboolean kx_pop3_expect_good(KxFetch *fetch, const char *what, GError **error);
gboolean kx_pop3_fail(const char *what, KxSlice text, GError **error);

/* The lines of a longer answer, to the one with a dot. */
typedef gboolean (*KxPop3Line)(KxFetch *fetch, KxSlice line, GError **error);
gboolean kx_pop3_read_lines(KxFetch *fetch, KxPop3Line take, GError **error);
/* All of a message up to the single dot: to the core, or with a checksum into that. */
gboolean kx_pop3_read_content(KxFetch *fetch, guint64 size, GChecksum *checksum,
                              gboolean *ret_endless, GError **error);

gboolean kx_pop3_ask_capabilities(KxFetch *fetch, GError **error);
/* Whether there is a line that begins with the first word, and has the second behind it. */
gboolean kx_pop3_has_capability(const KxFetch *fetch, const char *first, const char *word);

/* ---- fetch-pop3-sign-in.c, fetch-pop3-list.c: see KxFetchProtocolCalls ---- */

gboolean kx_pop3_sign_in(KxFetch *fetch, GError **error);
gboolean kx_pop3_count(KxFetch *fetch, GError **error);
gboolean kx_pop3_list(KxFetch *fetch, GError **error);

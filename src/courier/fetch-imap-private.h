/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that speak IMAP as its client. Functions with an error return FALSE when the
 * session cannot go on. */
#pragma once

#include "courier/fetch-private.h"

/* ---- fetch-imap-talk.c ---- */

/* What is done with an untagged response, which may end in a literal: that is then to be read. */
typedef gboolean (*KxImapLine)(KxFetch *fetch, KxSlice line, gpointer data, GError **error);

gboolean kx_imap_say(KxFetch *fetch, const char *command, GError **error);
/* Everything up to the tagged response, of which ret_good says whether it is OK and `line` what
 * else. A continuation ends it too when `ret_go_on` is there. */
gboolean kx_imap_read(KxFetch *fetch, GString *line, KxImapLine take, gpointer data,
                      gboolean *ret_good, gboolean *ret_go_on, GError **error);
/* Passes over a literal that nobody asked for. */
gboolean kx_imap_skip(KxFetch *fetch, guint64 len, GError **error);
/* A command that must succeed. */
gboolean kx_imap_command(KxFetch *fetch, const char *text, const char *what, KxImapLine take,
                         gpointer data, GError **error);
gboolean kx_imap_fail(const char *what, KxSlice text, GError **error);

gboolean kx_imap_ask_capabilities(KxFetch *fetch, GError **error);
gboolean kx_imap_has_capability(const KxFetch *fetch, const char *name);

/* ---- fetch-imap-sign-in.c: see KxFetchProtocolCalls ---- */

gboolean kx_imap_sign_in(KxFetch *fetch, GError **error);

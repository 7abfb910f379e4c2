/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of mailboxes as "filter-mailboxes" of RFC 5465 section 6 names them, with "subtree-one" of
 * RFC 7377 section 2.2: "(selected personal subtree (Work Lists))".
 */
#pragma once

#include "imap/mailbox.h"

enum { KX_FILTER_NAMES = 1000, KX_FILTER_MAILBOXES = 10000 };

typedef struct {
    gboolean selected; /* the selected mailbox is among them */
    gboolean others;   /* and so may be others */
    GPtrArray *terms;  /* private */
} KxMailboxFilter;

void kx_mailbox_filter_clear(KxMailboxFilter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxMailboxFilter, kx_mailbox_filter_clear)

/* The terms, divided by spaces; `ret` must be zeroed. */
gboolean kx_mailbox_filter_parse(KxImapParser *parser, KxMailboxFilter *ret);

/* The names of the mailboxes, each once, but for the selected one. Those the user may not read are
 * left out (RFC 7377 section 2.2). KX_ERR_TOO_BIG for more than KX_FILTER_MAILBOXES. */
GPtrArray *kx_mailbox_filter_names(KxImap *imap, const KxMailboxFilter *filter, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core half of POP3 (RFC 1939): TRANSACTION and UPDATE state. A maildrop is the account's INBOX
 * as it was at sign-in; message numbers do not change. One session at a time has an account's
 * maildrop; deletions happen at QUIT only.
 */
#pragma once

#include "core/session.h"
#include "store/view.h"

extern const KxHandler kx_pop3_handler;

typedef struct {
    KxSession *session;
    KxAccount *account;
    KxView *view;
    gboolean locked;     /* we hold the maildrop */
    GByteArray *deleted; /* marked by DELE (pop3/marks.h) */
    GByteArray *read;    /* sent by RETR: \Seen at QUIT */
    guint mistakes;      /* unknown commands in a row */
} KxPop3;

/* A command with the rest of its line, "" for one that takes no argument; answers the request. */
typedef void (*KxPop3Command)(KxPop3 *pop3, const char *args);

#define KX_POP3_COMMAND(name) void kx_pop3_cmd_##name(KxPop3 *pop3, const char *args)
KX_POP3_COMMAND(capa);
KX_POP3_COMMAND(dele);
KX_POP3_COMMAND(list);
KX_POP3_COMMAND(noop);
KX_POP3_COMMAND(quit);
KX_POP3_COMMAND(retr);
KX_POP3_COMMAND(rset);
KX_POP3_COMMAND(stat);
KX_POP3_COMMAND(top);
KX_POP3_COMMAND(uidl);

void kx_pop3_ok(KxPop3 *pop3, const char *text);
void kx_pop3_err(KxPop3 *pop3, const char *text);

/* Takes a message number off `args`: number and item of a message that is there and not marked
 * deleted; otherwise -ERR was sent. */
gboolean kx_pop3_message(KxPop3 *pop3, const char **args, guint32 *ret_number, KxItem *ret_item);

/* Nothing is left of `args`; otherwise -ERR was sent. */
gboolean kx_pop3_no_more(KxPop3 *pop3, const char *args);

/* Not marked deleted. */
gboolean kx_pop3_is_there(KxPop3 *pop3, guint32 number);

enum { KX_POP3_BATCH = 256 }; /* items taken from the view at a time */

void kx_pop3_save(KxPop3 *pop3); /* after marks changed: keep them for a new core */

/* SPDX-License-Identifier: Apache-2.0 */
/* What the halves of POP3 say to each other in COMMAND.kind and REPLY.code. */
#pragma once

typedef enum {
    KX_POP3_OPEN = 1, /* sign-in succeeded: open the maildrop and greet; `data` is empty */
    KX_POP3_LINE = 2, /* one command line without its line end */
    KX_POP3_KEEP =
        3, /* nothing: a new core takes up the session, before somebody else gets the maildrop */
} KxPop3Kind;

typedef enum {
    KX_POP3_ANSWERED = 0,
    KX_POP3_REFUSED = 1, /* to OPEN: the maildrop is not to be had; the client is not signed in */
} KxPop3Code;

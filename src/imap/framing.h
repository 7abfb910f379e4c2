/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts what a client sends into commands: lines and literals (RFC 9051 section 4.3, LITERAL+ of RFC
 * 7888), with limits. A state machine without input or output of its own: what it finds does not
 * depend on how the bytes were cut into pieces, and each byte is looked at once. Lines may end in a
 * bare LF; the text handed out has CRLF.
 *
 * What is too big is refused without being kept. A literal the client does not wait with ("{n+}")
 * has to be read and thrown away then, and the rest of its command too; past a limit that ends the
 * connection (KX_FRAME_FATAL). Not thread-safe.
 */
#pragma once

#include "base/buf.h"
#include "imap/parser.h"
#include "imap/wire.h"

typedef enum {
    KX_FRAMING_EARLY,    /* commands before sign-in: small, no spooling */
    KX_FRAMING_COMMANDS, /* commands of a client that has signed in */
    KX_FRAMING_LINE,     /* single lines without literals: SASL answers, DONE */
    KX_FRAMING_COUNT
} KxFramingMode;

typedef enum {
    KX_FRAME_MORE,     /* all input was used; no event */
    KX_FRAME_COMMAND,  /* `text` is a complete command (or line); kx_framer_finish() when it is done
                          with */
    KX_FRAME_CONTINUE, /* the client waits for "+" before it sends a literal; just go on */
    KX_FRAME_SPOOL,   /* `text` ends in the header of a large literal, `literal`; kx_framer_accept()
                         or _refuse() */
    KX_FRAME_CONTENT, /* the input used is content of that literal; just go on */
    KX_FRAME_TOO_BIG, /* a command was too big; answer it BAD with `tag`; just go on */
    KX_FRAME_FATAL,   /* it is not possible to go on: say BYE */
} KxFrame;

typedef enum {
    KX_FRAMER_LINE,
    KX_FRAMER_LITERAL,
    KX_FRAMER_ASKING,
    KX_FRAMER_CONTENT,
    KX_FRAMER_SKIP_LINE,
    KX_FRAMER_SKIP_LITERAL,
    KX_FRAMER_DEAD,
} KxFramerState;

typedef struct {
    KxFramingMode mode;
    KxFramerState state;
    KxBuf text;            /* the command so far */
    size_t line_start;     /* where its current line begins */
    KxImapLiteral literal; /* the one met last */
    guint64 left;          /* bytes of it still to come */
    guint64 skipped;       /* bytes thrown away for this command */
    gboolean answered;     /* the command has been refused already: skip in silence */
    gboolean spooling;     /* content of this command has been accepted */
    char tag[KX_IMAP_TAG_MAX +
             1];   /* of the command in progress or just finished, "*" if it has no good one */
    char tail[32]; /* the end of a line that is skipped: it may hold a literal's header */
    size_t tail_len;
} KxFramer;

void kx_framer_init(KxFramer *framer, KxFramingMode mode);
void kx_framer_clear(KxFramer *framer); /* overwrites what it held: it may be a password */

/* Between commands only. */
void kx_framer_set_mode(KxFramer *framer, KxFramingMode mode);

/* Reads from `in`; `ret_used` bytes are done with. */
KxFrame kx_framer_next(KxFramer *framer, const char *in, size_t len, size_t *ret_used);

/* After SPOOL: the content may come. After SPOOL or CONTENT: the command has been answered, skip
 * its rest. After COMMAND: on to the next. */
void kx_framer_accept(KxFramer *framer);
void kx_framer_refuse(KxFramer *framer);
void kx_framer_finish(KxFramer *framer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxFramer, kx_framer_clear)

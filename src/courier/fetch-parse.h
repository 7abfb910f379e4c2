/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What servers of mailboxes say, read by their client: POP3 (RFC 1939, 2449) and IMAP (RFC 3501).
 * Every function takes arbitrary bytes, looks at each once, and is pure and thread-safe. Lines come
 * without their ending.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* ---- POP3 ---- */

typedef enum {
    KX_REPLY_GOOD,    /* +OK */
    KX_REPLY_REFUSED, /* -ERR */
    KX_REPLY_GO_ON,   /* + and a challenge */
    KX_REPLY_BAD,     /* nothing of the kind */
} KxFetchReply;

/* `ret_text` is what follows the word. */
KxFetchReply kx_pop3_reply(KxSlice line, KxSlice *ret_text);

/* The timestamp of a greeting, with its brackets, for APOP; FALSE: there is none. */
gboolean kx_pop3_timestamp(KxSlice text, KxSlice *ret_timestamp);

/* "NUMBER TEXT" of LIST and UIDL; the text ends at the first space and is not empty. */
gboolean kx_pop3_entry(KxSlice line, guint64 *ret_number, KxSlice *ret_text);

/* A decimal number, nothing else. */
gboolean kx_fetch_number(KxSlice text, guint64 *ret_number);

/* Whether a word, in any case, is among those of a line, from the one with number `from` on. */
gboolean kx_fetch_has_word(KxSlice line, guint from, const char *word);

/* Content up to the line with a single dot, piece by piece. */
typedef struct {
    enum { KX_DOTS_LINE_START, KX_DOTS_DOT, KX_DOTS_DOT_CR, KX_DOTS_TEXT } state;
} KxDots;

/* Appends the content in the piece to `out`; returns how many bytes were used up. `ret_end`: it has
 * ended there. */
size_t kx_dots_read(KxDots *dots, KxSlice piece, GString *out, gboolean *ret_end);

/* ---- SCRAM (RFC 5802) ---- */

/* "r=NONCE,s=SALT,i=NUMBER", with more behind; the salt in base64. */
typedef struct {
    KxSlice nonce, salt;
    guint64 iterations;
} KxScramFirst;

/* FALSE: it is something else, or wants what this client cannot (m=). */
gboolean kx_scram_first(KxSlice text, KxScramFirst *ret_first);

/* ---- IMAP ---- */

/* How a message stands in a FETCH response. */
typedef struct {
    guint64 uid; /* 0: not said */
    guint64 size;
    gboolean has_size;
    gboolean deleted;
    gboolean has_body, is_literal; /* the body is there; it follows the line, in so many bytes */
    guint64 literal;
    KxSlice quoted; /* the body, if it is in the line; with its backslashes */
} KxImapItem;

/* "* 12 FETCH (UID 3 FLAGS (...) RFC822.SIZE 1234)", or up to "BODY[] {1234}". FALSE: it is another
 * response, or makes no sense. */
gboolean kx_imap_item(KxSlice line, KxImapItem *ret_item);

/* The number in "* OK [NAME number] ..."; FALSE: it is another response. */
gboolean kx_imap_code(KxSlice line, const char *name, guint64 *ret_number);

/* Whether a line ends in a literal, and of how many bytes. */
gboolean kx_imap_literal(KxSlice line, guint64 *ret_len);

/* A quoted string that any text fits into; NULL: it does not (CR, LF). */
char *kx_imap_quote(const char *text);

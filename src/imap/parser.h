/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the arguments of one complete IMAP command (RFC 9051 section 9), as framed by the edge: the
 * text of the command with its literals in place. Literals that were too large to keep in memory
 * are spooled: the text then holds their header "{n}" CRLF and nothing of their content
 * (imap/wire.h); kx_imap_parse_content() returns their number.
 *
 * Every function either consumes what it names and returns TRUE, or leaves a message in `error`
 * (what was expected, and what was found) and returns FALSE; after that all others return FALSE
 * too, so a run can be checked once. The message holds printable ASCII only, so that it can go into
 * a BAD response.
 *
 * Slices point into the command's text or into memory of the parser. Used by the edge (before
 * sign-in) and the core. Not thread-safe; belongs to one command.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef struct KxImapParser {
    const char *start;
    const char *at;
    const char *end;
    gboolean utf8;    /* UTF8=ACCEPT or IMAP4rev2 is enabled: names and quoted strings are UTF-8 */
    guint spooled;    /* spooled literals met so far */
    GPtrArray *owned; /* unescaped strings; freed with the parser */
    char error[160];  /* "" while all is well */
    const char *code; /* a response code for the error, or NULL */
} KxImapParser;

void kx_imap_parser_init(KxImapParser *parser, const char *text, size_t len, gboolean utf8);
void kx_imap_parser_clear(KxImapParser *parser);
gboolean kx_imap_parser_ok(const KxImapParser *parser);
gboolean kx_imap_parser_fail(KxImapParser *parser, const char *format, ...)
    G_GNUC_PRINTF(2, 3); /* FALSE */

/* Takes memory that slices may point into; it is freed with the parser. */
char *kx_imap_parser_own(KxImapParser *parser, char *text);

gboolean kx_imap_parse_space(KxImapParser *parser); /* exactly one SP */
gboolean kx_imap_parse_char(KxImapParser *parser, char c);
gboolean kx_imap_peek(const KxImapParser *parser,
                      char c);                         /* is the next byte c? consumes nothing */
gboolean kx_imap_accept(KxImapParser *parser, char c); /* consumes c if it is next */
gboolean kx_imap_parse_end(KxImapParser *parser);      /* nothing but CRLF is left */
gboolean kx_imap_at_end(const KxImapParser *parser);

gboolean kx_imap_parse_tag(KxImapParser *parser, KxSlice *ret);
gboolean kx_imap_parse_atom(KxImapParser *parser, KxSlice *ret);
gboolean kx_imap_accept_atom(KxImapParser *parser,
                             const char *word); /* this atom, any case, if it is next */
gboolean kx_imap_parse_astring(KxImapParser *parser, KxSlice *ret);
gboolean kx_imap_parse_string(KxImapParser *parser, KxSlice *ret); /* quoted or literal */
gboolean kx_imap_parse_nstring(KxImapParser *parser, KxSlice *ret, gboolean *ret_nil);
gboolean kx_imap_parse_number(KxImapParser *parser, guint64 max, guint64 *ret);
gboolean kx_imap_parse_flag(KxImapParser *parser, KxSlice *ret); /* "\Seen" or a keyword */

/* A pattern of LIST with % and *, as UTF-8 like mailbox names below; the parser owns it. */
gboolean kx_imap_parse_list_mailbox(KxImapParser *parser, const char **ret);

/* A mailbox name as UTF-8 in NFC (decoded from modified UTF-7 unless `utf8`), with a first level
 * INBOX in capitals; the parser owns it. May be empty. */
gboolean kx_imap_parse_mailbox(KxImapParser *parser, const char **ret);
gboolean kx_imap_decode_mailbox(KxImapParser *parser, KxSlice raw,
                                const char **ret); /* of an astring */

/* "dd-Mon-yyyy" as days: Unix seconds of its midnight UTC; and date-time in quotes as Unix seconds.
 */
gboolean kx_imap_parse_date(KxImapParser *parser, gint64 *ret);
gboolean kx_imap_parse_date_time(KxImapParser *parser, gint64 *ret);

/* The header of a literal, "{n}", "{n+}" or "~{n}", at the end of a line given without its CRLF:
 * what the framing looks for. It stands after a space or an opening parenthesis, as everywhere in
 * the grammar. */
typedef struct {
    guint64 size;      /* G_MAXUINT64 if it does not fit 63 bits */
    gboolean non_sync; /* "+": the client does not wait for a continuation */
    gboolean binary;   /* literal8 */
} KxImapLiteral;
gboolean kx_imap_literal_at_end(const char *line, size_t len, KxImapLiteral *ret);

/* A literal or literal8 that is content (APPEND): inline bytes, or the number of a spooled one. */
typedef struct {
    gboolean spooled;
    guint spool;   /* index, from 0 */
    KxSlice bytes; /* inline */
    guint64 size;
    gboolean binary; /* literal8 */
} KxImapContent;
gboolean kx_imap_parse_content(KxImapParser *parser, KxImapContent *ret);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxImapParser, kx_imap_parser_clear)

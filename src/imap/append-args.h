/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of APPEND and REPLACE as the client gives them (RFC 9051 section 6.3.12, MULTIAPPEND
 * of RFC 3502): flags, date, and a literal, a UTF8 literal (RFC 6855 section 4), or pieces that are
 * to be put together (CATENATE, RFC 4469).
 */
#pragma once

#include "imap/imap.h"

enum {
    KX_APPEND_MESSAGES = 100, /* of one command */
    KX_APPEND_PARTS = 1000,   /* pieces of all its messages */
    KX_APPEND_SPOOLS = 100,   /* literals that do not fit into the text: each may be an open file */
};

typedef struct {
    const char *url; /* NULL: text; the parser owns it */
    KxImapContent content;
} KxImapAppendPart;

typedef struct {
    KxImapFlags flags;
    gint64 date; /* Unix seconds */
    gboolean catenate;
    guint first, n; /* its parts */
} KxImapAppendMessage;

typedef struct {
    GArray *messages;  /* KxImapAppendMessage */
    GArray *parts;     /* KxImapAppendPart, of all messages */
    gboolean open;     /* the text ends in the header of a literal: there is more to come */
    gboolean too_many; /* more than the limits allow; reading stopped there */
} KxImapAppendArgs;

void kx_imap_append_args_init(KxImapAppendArgs *args);
void kx_imap_append_args_clear(KxImapAppendArgs *args);

/* Reads messages, each after a space, at most `most` of them. FALSE: the parser has the error. */
gboolean kx_imap_append_args_parse(KxImapParser *parser, guint most, KxImapAppendArgs *args);

/* May these messages be stored, as far as their literals tell? Answers NO if not. */
gboolean kx_imap_append_admit(KxImap *imap, const KxImapAppendArgs *args);

/* Is there room for them in the account now? Answers NO if not, before a client that waits has sent
 * them; what counts is what the store says in the end. */
gboolean kx_imap_append_fits(KxImap *imap, KxAccount *account, const KxImapAppendArgs *args);

/* For a command's `literal`: the arguments must end in a large literal, which is the next to come.
 * Makes room for it and tells the edge to go on, or answers. */
void kx_imap_append_begin_literal(KxImap *imap, KxImapParser *parser, const KxImapAppendArgs *args);

/* append-content.c: the messages as they will be stored, KxIncoming in order. NULL: NO was sent. */
GPtrArray *kx_imap_append_contents(KxImap *imap, const KxImapMailbox *mailbox,
                                   const KxImapAppendArgs *args);

/* The deliveries of these messages into a folder; to be freed with g_free. */
KxDelivery *kx_imap_append_deliveries(const KxImapAppendArgs *args, const KxImapMailbox *mailbox);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxImapAppendArgs, kx_imap_append_args_clear)

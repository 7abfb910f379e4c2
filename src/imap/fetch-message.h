/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message a session last read: its bytes, its parts once somebody asks for them, and how far a
 * part has been decoded. A client that fetches a message part by part, or a part piece by piece,
 * has it parsed and decoded once. One for each session, kept in KxImap between commands while that
 * is worth it.
 */
#pragma once

#include "imap/imap.h"
#include "mime/decode.h"
#include "mime/part.h"

typedef struct KxImapMessage KxImapMessage;

/* The message, which stays valid until the next call for another or kx_imap_messages_reset().
 * KX_ERR_NOT_FOUND if its file is gone. */
KxImapMessage *kx_imap_message(KxImap *imap, KxFolder *folder, guint32 uid, GError **error);

/* At the end of a command: keeps only what is dear to make again. */
void kx_imap_message_settle(KxImap *imap);
void kx_imap_message_free(KxImapMessage *message);

const char *kx_imap_message_data(const KxImapMessage *message, size_t *ret_len);
size_t kx_imap_message_header_len(KxImapMessage *message); /* with its empty line */
const KxMimeMessage *kx_imap_message_parts(KxImapMessage *message);

/* A part without its transfer encoding (RFC 9051 BINARY). */
typedef struct {
    guint64 size;
    gboolean has_nul;
} KxImapDecoded;
KxImapDecoded kx_imap_message_measure(KxImapMessage *message, const KxMimePart *part);

/* Reads decoded bytes of the part last measured, from `offset` on; going forward is cheap. Returns
 * how many were read, fewer than `len` only at the end. */
size_t kx_imap_message_read_decoded(KxImapMessage *message, guint64 offset, char *out, size_t len);

/* Messages that a command could not read: expunged meanwhile by somebody else, or without a
 * readable file. */
typedef struct {
    guint expunged;
    guint unreadable;
    guint32 first_uid; /* unreadable */
    GError *first_error;
} KxImapLosses;

/* Counts a message as the one or the other. `error` may be NULL. */
void kx_imap_lose(KxView *view, KxImapLosses *losses, guint32 uid, const GError *error);

/* At the end of a command: unreadable messages are told to the administrator, in one line, and TRUE
 * is returned. */
gboolean kx_imap_report_losses(KxImap *imap, KxView *view, const KxImapLosses *losses);
void kx_imap_losses_clear(KxImapLosses *losses);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENVELOPE, BODY and BODYSTRUCTURE as the text of an IMAP answer (RFC 3501 and RFC 9051 section
 * 7.5.2). Whatever the message, the text keeps to the grammar. Strings are quoted when they are
 * 7-bit without CR, LF and NUL, otherwise literals ("{n}" CRLF bytes), so the text may hold
 * any byte but NUL and must be sent by its length.
 *
 * Sizes and lines count the message as stored. Thread-safe on distinct outputs.
 */
#pragma once

#include <glib.h>
#include "mime/part.h"

#define KX_IMAP_ENVELOPE_MAX (1024 * 1024) /* bytes of header read for one envelope */
#define KX_IMAP_STRUCTURE_MAX                                                                      \
    (4 * 1024 * 1024) /* beyond this output, optional fields become NIL                            \
                       */

/* Appends "(date subject from sender reply-to to cc bcc in-reply-to message-id)". `header` may be a
 * whole message; only its header is read. Sender and reply-to default to from. */
void kx_imap_append_envelope(GString *out, const char *header, size_t len);

/* Append the structure of the whole message, with or without the extension data. An empty multipart
 * shows one empty text/plain part. */
void kx_imap_append_bodystructure(GString *out, const KxMimeMessage *message);
void kx_imap_append_body(GString *out, const KxMimeMessage *message);

/* The same, with the extension data, of one of its parts (RFC 5524 BODYPARTSTRUCTURE). */
void kx_imap_append_part_structure(GString *out, const KxMimeMessage *message,
                                   const KxMimePart *part);

/* Appends an IMAP nstring: NIL for NULL, else quoted or a literal. NUL bytes are left out. */
void kx_imap_append_nstring(GString *out, const char *text, gssize len);

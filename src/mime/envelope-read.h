/* SPDX-License-Identifier: Apache-2.0 */
/* Reads fields out of the text of an ENVELOPE as the store's index keeps it, for searching and
 * sorting. Thread-safe. */
#pragma once

#include <glib.h>

typedef enum { /* in the order of RFC 9051 section 7.5.2 */
               KX_ENVELOPE_DATE,
               KX_ENVELOPE_SUBJECT,
               KX_ENVELOPE_FROM,
               KX_ENVELOPE_SENDER,
               KX_ENVELOPE_REPLY_TO,
               KX_ENVELOPE_TO,
               KX_ENVELOPE_CC,
               KX_ENVELOPE_BCC,
               KX_ENVELOPE_IN_REPLY_TO,
               KX_ENVELOPE_MESSAGE_ID,
} KxEnvelopeField;

/* The field as UTF-8 with encoded words decoded; addresses as "name <mailbox@host>, ...". NULL if
 * it is NIL or the text makes no sense. Free with g_free. */
char *kx_envelope_get(const char *envelope, size_t len, KxEnvelopeField field);

/* Of the first address of a field: the mailbox, or with `display` the display name, for want of one
 * the address (RFC 5957). NULL if there is no address. */
char *kx_envelope_first(const char *envelope, size_t len, KxEnvelopeField field, gboolean display);

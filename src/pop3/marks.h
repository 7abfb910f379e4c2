/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks on the messages of a maildrop, a byte each (0 or 1), and their short form for the state
 * that outlives the core: the lengths of unmarked and marked runs in turn, or a bit for each
 * message, whichever is shorter.
 */
#pragma once

#include <glib.h>

GByteArray *kx_pop3_marks_new(guint32 count);

/* Writes the short form; FALSE if it takes more than `room` bytes. */
gboolean kx_pop3_marks_pack(const GByteArray *marks, guint8 *out, size_t room, size_t *ret_len);

/* Sets marks from a short form, of which it returns the length; 0: it is none. Marks of messages
 * that are not there are ignored. */
size_t kx_pop3_marks_unpack(GByteArray *marks, const guint8 *in, size_t len);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message with some of its bytes replaced. What stays is never copied but on the way out, so that
 * attachments cost no memory. Not thread-safe.
 */
#pragma once

#include "mime/binary.h"

typedef struct KxMimeEdits KxMimeEdits;

/* The message is borrowed and must outlive the edits. */
KxMimeEdits *kx_mime_edits_new(const char *data, size_t len);
void kx_mime_edits_free(KxMimeEdits *edits);

/* Puts `text`, which it takes, in the place of `len` bytes from `start` on. Edits do not overlap;
 * of those with the same start, the first comes first. */
void kx_mime_edits_replace(KxMimeEdits *edits, size_t start, size_t len, GString *text);

gboolean kx_mime_edits_is_empty(const KxMimeEdits *edits);

/* The whole message as it is then. FALSE when the sink fails, with its error. */
gboolean kx_mime_edits_write(const KxMimeEdits *edits, KxMimeSink sink, gpointer user,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMimeEdits, kx_mime_edits_free)

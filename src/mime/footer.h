/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A footer under the text of a message (DOM-10): under the text/plain and the text/html form of it,
 * wherever multiparts have them. Attachments stay as they are. Where a message is nothing but
 * attachments, the footer becomes a text part before them.
 *
 * Left alone are messages that a change would break or that are not the sender's own: signed or
 * encrypted ones (S/MIME, OpenPGP, also inline), those with a DKIM signature, mail of mailing
 * lists, reports; and those that end with the footer already. Thread-safe.
 */
#pragma once

#include "mime/edits.h"

typedef struct KxMimeFooter KxMimeFooter;

/* UTF-8; lines end in LF. Of two forms the one that is empty is made from the other. NULL if both
 * are. */
KxMimeFooter *kx_mime_footer_new(const char *text, const char *html);
void kx_mime_footer_free(KxMimeFooter *footer);

/* What to change, or NULL if the message stays as it is. */
KxMimeEdits *kx_mime_footer_edits(const KxMimeFooter *footer, const char *data, size_t len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMimeFooter, kx_mime_footer_free)

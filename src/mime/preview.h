/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few words of a message to show in a list (RFC 8970). They come from the first text part that is
 * not an attachment; HTML loses its markup, white space is collapsed, and quoted text and the
 * signature are passed over while there is anything else. Thread-safe.
 */
#pragma once

#include <glib.h>
#include "mime/part.h"

enum { KX_PREVIEW_CHARACTERS = 200 }; /* RFC 8970 section 3.3 */

/* UTF-8 without control characters; "" if there is nothing to show. Free with g_free. */
char *kx_mime_preview(const KxMimeMessage *message);

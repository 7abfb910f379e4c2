/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the Content-* fields of a part: RFC 2045, 1864, 2183, 2557, 3282. Private to src/mime. */
#pragma once

#include "mime/arena-private.h"
#include "mime/header.h"
#include "mime/part.h"

typedef struct KxMimeContent {
    KxMimeArena *arena;
    GString *scratch;
    size_t budget; /* bytes of field values still to be read in this message */
} KxMimeContent;

/* Takes what the field says over into the part; of several of one name the first counts. */
void kx_mime_content_field(KxMimeContent *content, KxMimePart *part, const KxHeaderField *field);

/* After the header: sets the defaults of what is missing. */
void kx_mime_content_defaults(KxMimePart *part);

/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the tree of parts and finding one by its IMAP number: see part.h. */
#include "mime/part.h"

const KxMimePart *kx_mime_part_next(const KxMimePart *part)
{
    if (part->first_child)
        return part->first_child;
    while (part && !part->next)
        part = part->parent;
    return part ? part->next : NULL;
}

gboolean kx_mime_part_is(const KxMimePart *part, const char *type, const char *subtype)
{
    return strcmp(part->type, type) == 0 && strcmp(part->subtype, subtype) == 0;
}

static const KxMimePart *nth_child(const KxMimePart *part, unsigned number)
{
    if (number == 0 || number > part->n_children)
        return NULL;
    const KxMimePart *child = part->first_child;
    while (--number > 0)
        child = child->next;
    return child;
}

/* `scope` is what the next number counts in: a multipart, or a message. A message that is no
 * multipart has one part, its own body. */
const KxMimePart *kx_mime_find_part(const KxMimeMessage *message, const unsigned *path, unsigned n)
{
    const KxMimePart *scope = message->root;
    const KxMimePart *part = scope;
    for (unsigned i = 0; i < n; i++) {
        if (!scope)
            return NULL;
        if (scope->kind == KX_MIME_MULTIPART)
            part = nth_child(scope, path[i]);
        else
            part = path[i] == 1 ? scope : NULL;
        if (!part)
            return NULL;
        if (part->kind == KX_MIME_MESSAGE)
            scope = part->first_child;
        else
            scope = part->kind == KX_MIME_MULTIPART ? part : NULL;
    }
    return part;
}

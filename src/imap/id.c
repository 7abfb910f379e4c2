/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/id.h"

enum { FIELDS_MAX = 30, NAME_MAX_LEN = 30, VALUE_MAX_LEN = 1024 }; /* RFC 2971 section 3.3 */

static gboolean parse_field(KxImapParser *args)
{
    KxSlice name, value;
    gboolean nil;
    if (!kx_imap_parse_string(args, &name) || !kx_imap_parse_space(args) ||
        !kx_imap_parse_nstring(args, &value, &nil))
        return FALSE;
    if (name.len > NAME_MAX_LEN || value.len > VALUE_MAX_LEN)
        return kx_imap_parser_fail(args, "A field of ID is too long");
    return TRUE;
}

gboolean kx_imap_parse_id(KxImapParser *args)
{
    if (!kx_imap_parse_space(args))
        return FALSE;
    if (kx_imap_accept_atom(args, "NIL"))
        return kx_imap_parse_end(args);
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    for (guint n = 0; !kx_imap_accept(args, ')'); n++) {
        if (n == FIELDS_MAX)
            return kx_imap_parser_fail(args, "ID has too many fields");
        if ((n > 0 && !kx_imap_parse_space(args)) || !parse_field(args))
            return FALSE;
    }
    return kx_imap_parse_end(args);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* CANCELUPDATE (RFC 5267 section 4.3.5). */
#include "imap/search-context.h"

KX_IMAP_COMMAND(cancelupdate)
{
    g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
    do {
        KxSlice tag = {0};
        if (!kx_imap_parse_space(args) || !kx_imap_parse_string(args, &tag))
            break;
        g_ptr_array_add(tags, g_strndup(tag.data, tag.len));
        if (tags->len > KX_SEARCH_CONTEXTS)
            kx_imap_parser_fail(args, "There are at most %d contexts", KX_SEARCH_CONTEXTS);
    } while (kx_imap_peek(args, ' '));
    if (!kx_imap_check(imap, args))
        return;
    gboolean known = TRUE;
    for (guint i = 0; i < tags->len; i++)
        known &= kx_context_cancel(imap, g_ptr_array_index(tags, i));
    if (known)
        kx_imap_ok(imap, NULL, "No further updates");
    else
        kx_imap_bad(imap, "There is no context of that tag");
}

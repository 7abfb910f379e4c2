/* SPDX-License-Identifier: Apache-2.0 */
/* NAMESPACE (RFC 9051 section 6.3.10): the user's own folders, those of other users, and of the
 * shared ones what he can see anything of. */
#include "imap/namespace.h"

static void append_shared(KxImap *imap, GString *out, const char *prefix)
{
    g_auto(KxSpace) space = {0};
    g_autofree char *any = g_strconcat(prefix, "*", NULL);
    if (kx_space_find(imap, any, &space, NULL) && kx_space_is_visible(imap, &space))
        g_string_append_printf(out, "(\"%s\" \"/\")", prefix);
}

void kx_imap_cmd_namespace(KxImap *imap, KxImapParser *args)
{
    if (!kx_imap_check(imap, args))
        return;
    g_autoptr(GString) shared = g_string_new(NULL);
    append_shared(imap, shared, KX_SPACE_PREFIX_PUBLIC);
    append_shared(imap, shared, KX_SPACE_PREFIX_ARCHIVE);
    kx_session_puts(imap->session,
                    "* NAMESPACE ((\"\" \"/\")) ((\"" KX_SPACE_PREFIX_OTHER "\" \"/\")) ");
    if (shared->len > 0)
        kx_session_printf(imap->session, "(%s)\r\n", shared->str);
    else
        kx_session_puts(imap->session, "NIL\r\n");
    kx_imap_ok(imap, NULL, "NAMESPACE completed");
}

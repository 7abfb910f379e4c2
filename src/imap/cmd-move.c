/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MOVE and UID MOVE (RFC 9051 section 6.4.8): COPYUID comes first, in an untagged OK, so that the
 * client knows where messages went before it hears that they are gone (RFC 6851 section 4.3).
 */
#include "imap/copy.h"

KX_IMAP_COMMAND(move)
{
    g_autofree char *code = NULL;
    guint n;
    if (!kx_imap_copy(imap, args, TRUE, &n, &code))
        return;
    imap->removed = n > 0;
    if (code) {
        kx_session_puts(imap->session, "* OK [");
        kx_session_puts(imap->session, code);
        kx_session_puts(imap->session, "] Moved UIDs.\r\n");
    }
    kx_imap_ok(imap, NULL, n > 0 ? "Move completed" : "No messages to move");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* CAPABILITY (RFC 9051 section 6.1.1). */
#include "imap/capability.h"
#include "imap/imap.h"

void kx_imap_cmd_capability(KxImap *imap, KxImapParser *args)
{
    if (!kx_imap_check(imap, args))
        return;
    guint circumstances = KX_IMAP_SIGNED_IN | (imap->compressed ? 0 : KX_IMAP_CAN_COMPRESS);
    g_autofree char *capabilities =
        kx_imap_capabilities(circumstances, kx_session_settings(imap->session));
    kx_session_printf(imap->session, "* CAPABILITY %s\r\n", capabilities);
    kx_imap_ok(imap, NULL, "CAPABILITY completed");
}

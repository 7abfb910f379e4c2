/* SPDX-License-Identifier: Apache-2.0 */
/* ID (RFC 2971). */
#include "imap/id.h"
#include "imap/imap.h"

void kx_imap_cmd_id(KxImap *imap, KxImapParser *args)
{
    kx_imap_parse_id(args);
    if (!kx_imap_check(imap, args))
        return;
    kx_session_puts(imap->session, kx_imap_id_response(kx_session_settings(imap->session)));
    kx_session_puts(imap->session, "\r\n");
    kx_imap_ok(imap, NULL, "ID completed");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* CLOSE (RFC 9051 section 6.4.1): removes what is \Deleted, without telling, and leaves the folder.
 */
#include "imap/mailbox.h"
#include "store/change.h"

void kx_imap_cmd_close(KxImap *imap, KxImapParser *args)
{
    g_autoptr(GError) error = NULL;
    if (!kx_imap_check(imap, args))
        return;
    KxActor actor = kx_session_actor(imap->session);
    if (!imap->read_only && imap->selected->rights & KX_RIGHT_EXPUNGE &&
        !kx_folder_expunge(kx_view_folder(imap->view), NULL, 0, FALSE, &actor, NULL, &error) &&
        !g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND)) {
        kx_imap_no_error(imap, error);
        return;
    }
    kx_imap_deselect(imap);
    kx_imap_ok(imap, NULL, "CLOSE completed");
}

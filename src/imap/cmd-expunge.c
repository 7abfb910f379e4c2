/* SPDX-License-Identifier: Apache-2.0 */
/* EXPUNGE and UID EXPUNGE (RFC 9051 sections 6.4.3 and 6.4.9). The responses are those of the
 * synchronisation at the command's end, so that they are right whatever other sessions do. */
#include "imap/imap.h"
#include "store/change.h"

KX_IMAP_COMMAND(expunge)
{
    g_auto(KxSeqSet) set = {0};
    g_autoptr(GArray) uids = NULL;
    g_autoptr(GError) error = NULL;
    KxActor actor = kx_session_actor(imap->session);
    if (imap->uid && kx_imap_parse_space(args))
        kx_imap_parse_seqset(args, &set);
    if (!kx_imap_check(imap, args) || (imap->uid && !kx_imap_resolve(imap, &set, &uids)))
        return;
    if ((!uids || uids->len > 0) &&
        !kx_folder_expunge(kx_view_folder(imap->view),
                           uids ? (const guint32 *)(void *)uids->data : NULL, uids ? uids->len : 0,
                           FALSE, &actor, NULL, &error)) {
        kx_imap_no_error(imap, error);
        return;
    }
    kx_imap_ok(imap, NULL, "Expunge completed");
}

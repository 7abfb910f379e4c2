/* SPDX-License-Identifier: Apache-2.0 */
/* EXPUNGE and UID EXPUNGE (RFC 9051 sections 6.4.3 and 6.4.9). The responses are those of the
 * synchronisation at the command's end, so that they are right whatever other sessions do. */
#include "imap/mailbox.h"
#include "imap/message-limit.h"
#include "store/change.h"

/* Those that are \Deleted: they alone count for the limit (RFC 9738 section 3.1). */
static void keep_deleted(KxView *view, GArray *uids)
{
    guint kept = 0;
    for (guint i = 0; i < uids->len; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        KxItem item;
        if (kx_view_item(view, uid, &item) && item.flags & KX_FLAG_DELETED)
            g_array_index(uids, guint32, kept++) = uid;
    }
    g_array_set_size(uids, kept);
}

KX_IMAP_COMMAND(expunge)
{
    g_auto(KxSeqSet) set = {0};
    g_autoptr(GArray) uids = NULL, removed = NULL;
    g_autoptr(GError) error = NULL;
    KxActor actor = kx_session_actor(imap->session);
    if (imap->uid && kx_imap_parse_space(args))
        kx_imap_parse_seqset(args, &set);
    if (!kx_imap_check(imap, args) || (imap->uid && !kx_imap_resolve(imap, &set, &uids)))
        return;
    if (!(imap->selected->rights & KX_RIGHT_EXPUNGE)) {
        kx_imap_no(imap, "NOPERM", "You have no right to remove messages from this folder");
        return;
    }
    if (uids) {
        keep_deleted(imap->view, uids);
        kx_imap_limit_uids(imap, uids);
    }
    if ((!uids || uids->len > 0) &&
        !kx_folder_expunge(kx_view_folder(imap->view),
                           uids ? (const guint32 *)(void *)uids->data : NULL, uids ? uids->len : 0,
                           FALSE, &actor, &removed, &error)) {
        kx_imap_no_error(imap, error);
        return;
    }
    imap->removed = removed && removed->len > 0;
    kx_imap_ok(imap, NULL, "Expunge completed");
}

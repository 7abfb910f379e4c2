/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that work on messages share. */
#include "imap/fetch-message.h"
#include "imap/imap.h"

gboolean kx_imap_resolve_seqs(KxImap *imap, const KxSeqSet *set, GArray **ret_ranges)
{
    if (kx_seqset_resolve(set, imap->uid ? KX_SEQSET_UIDS : KX_SEQSET_SEQS, imap->view, imap->saved,
                          ret_ranges))
        return TRUE;
    kx_imap_bad(imap, "Sequence number out of range");
    return FALSE;
}

gboolean kx_imap_resolve(KxImap *imap, const KxSeqSet *set, GArray **ret_uids)
{
    g_autoptr(GArray) ranges = NULL;
    if (!kx_imap_resolve_seqs(imap, set, &ranges))
        return FALSE;
    *ret_uids = kx_seqset_to_uids(ranges, imap->view);
    return TRUE;
}

void kx_imap_messages_reset(KxImap *imap)
{
    g_clear_pointer(&imap->message, kx_imap_message_free);
    g_clear_pointer(&imap->saved, g_array_unref);
}

void kx_imap_use_condstore(KxImap *imap)
{
    if (imap->enabled & KX_IMAP_CONDSTORE)
        return;
    imap->enabled |= KX_IMAP_CONDSTORE;
    if (imap->view)
        kx_session_printf(imap->session, "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Highest\r\n",
                          kx_folder_highest_modseq(kx_view_folder(imap->view)));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* FETCH and UID FETCH (RFC 9051 section 6.4.5; RFC 7162 section 3.1.4 for CHANGEDSINCE). */
#include "imap/fetch-cursor.h"

KX_IMAP_COMMAND(fetch)
{
    g_auto(KxSeqSet) set = {0};
    g_autoptr(KxFetchPlan) plan = NULL;
    g_autoptr(GArray) ranges = NULL;
    if (kx_imap_parse_space(args) && kx_imap_parse_seqset(args, &set) && kx_imap_parse_space(args))
        plan = kx_fetch_plan_parse(args, imap->uid);
    if (!kx_imap_check(imap, args) || !kx_imap_resolve_seqs(imap, &set, &ranges))
        return;
    if (plan->traits & KX_FETCH_HAS_MODSEQ)
        kx_imap_use_condstore(imap);
    kx_fetch_run(imap, g_steal_pointer(&plan), g_steal_pointer(&ranges), NULL, "Fetch completed");
}

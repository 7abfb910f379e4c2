/* SPDX-License-Identifier: Apache-2.0 */
/* FETCH and UID FETCH (RFC 9051 section 6.4.5; RFC 7162 sections 3.1.4 for CHANGEDSINCE and 3.2.6
 * for VANISHED; RFC 9394 section 3.3 for PARTIAL). */
#include "imap/fetch-cursor.h"
#include "imap/message-limit.h"

static gboolean check_plan(KxImap *imap, KxImapParser *args, const KxFetchPlan *plan)
{
    if (plan && plan->vanished && !(imap->uid && imap->enabled & KX_IMAP_QRESYNC))
        kx_imap_parser_fail(args, "VANISHED is for UID FETCH, after ENABLE QRESYNC");
    return kx_imap_check(imap, args);
}

/* The window of PARTIAL, before CHANGEDSINCE chooses from it (RFC 9394 section 3.4). */
static void keep_window(const KxPartial *partial, GArray **ranges)
{
    guint first = 0, n = kx_partial_window(partial, kx_seqset_count(*ranges), &first);
    GArray *window = kx_seqset_slice(*ranges, first, n);
    g_array_unref(*ranges);
    *ranges = window;
}

/* "*" stands for every UID that was given out: messages at the end may be among those that went. */
static KxVanished *vanished_since(KxImap *imap, const KxFetchPlan *plan, const KxSeqSet *set)
{
    KxViewState state;
    kx_view_save(imap->view, &state);
    return kx_vanished_new(imap, plan->changed_since,
                           kx_seqset_uid_ranges(set, state.uid_next - 1, imap->saved), 0);
}

KX_IMAP_COMMAND(fetch)
{
    g_auto(KxSeqSet) set = {0};
    g_autoptr(KxFetchPlan) plan = NULL;
    g_autoptr(GArray) ranges = NULL;
    gboolean with_uid = imap->uid && !(imap->enabled & KX_IMAP_UIDONLY);
    if (kx_imap_parse_space(args) && kx_imap_parse_seqset(args, &set) && kx_imap_parse_space(args))
        plan = kx_fetch_plan_parse(args, with_uid);
    if (!check_plan(imap, args, plan) || !kx_imap_resolve_seqs(imap, &set, &ranges))
        return;
    if (plan->partial.given && !kx_imap_admit_window(imap, &plan->partial))
        return;
    if (plan->traits & KX_FETCH_HAS_MODSEQ)
        kx_imap_use_condstore(imap);
    if (plan->partial.given)
        keep_window(&plan->partial, &ranges);
    kx_imap_limit_ranges(imap, &ranges);
    KxVanished *vanished = plan->vanished ? vanished_since(imap, plan, &set) : NULL;
    kx_fetch_run_after(imap, vanished, g_steal_pointer(&plan), g_steal_pointer(&ranges), NULL,
                       "Fetch completed");
}

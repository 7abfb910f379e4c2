/* SPDX-License-Identifier: Apache-2.0 */
/* A sequence set and the arguments of FETCH. */
#include "imap/fetch-args.h"
#include "imap/seqset.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_set(const KxSeqSet *set)
{
    g_autoptr(GArray) ranges = kx_seqset_normalize(set->ranges, 1000);
    for (guint i = 0; i < ranges->len; i++) {
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, i);
        g_assert(range->from <= range->to);
        g_assert(i == 0 || range->from > range[-1].to + 1);
        g_assert(kx_seqset_contains(ranges, range->from) && kx_seqset_contains(ranges, range->to));
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_auto(KxImapParser) parser = {0};
    g_auto(KxSeqSet) set = {0};
    kx_imap_parser_init(&parser, (const char *)data, size, FALSE);
    if (!kx_imap_parse_seqset(&parser, &set) || !kx_imap_parse_space(&parser))
        return 0;
    if (!set.saved)
        check_set(&set);
    g_autoptr(KxFetchPlan) plan = kx_fetch_plan_parse(&parser, size % 2 == 0);
    g_assert((plan != NULL) == kx_imap_parser_ok(&parser));
    for (guint i = 0; plan && i < plan->attrs->len; i++) {
        const KxFetchAttr *attr = g_ptr_array_index(plan->attrs, i);
        g_assert(g_str_has_suffix(attr->label, " ") && !strpbrk(attr->label, "\r\n"));
    }
    return 0;
}

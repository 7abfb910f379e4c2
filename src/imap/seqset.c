/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence sets (RFC 9051 section 9, RFC 5182 for "$"). */
#include "imap/seqset.h"

#include "imap/fetch-format.h"

void kx_seqset_clear(KxSeqSet *set)
{
    g_clear_pointer(&set->ranges, g_array_unref);
    set->saved = FALSE;
}

/* ---- parsing ---- */

static gboolean parse_seq_number(KxImapParser *parser, guint32 *ret)
{
    if (kx_imap_accept(parser, '*')) {
        *ret = KX_SEQSET_STAR;
        return TRUE;
    }
    guint64 number;
    if (!kx_imap_parse_number(parser, G_MAXUINT32, &number))
        return FALSE;
    if (number == 0)
        return kx_imap_parser_fail(parser, "A sequence set must not contain 0");
    *ret = (guint32)MIN(number, KX_SEQSET_STAR - 1);
    return TRUE;
}

static gboolean parse_range(KxImapParser *parser, KxSeqRange *ret_range)
{
    guint32 from = 0, to;
    if (!parse_seq_number(parser, &from))
        return FALSE;
    to = from;
    if (kx_imap_accept(parser, ':') && !parse_seq_number(parser, &to))
        return FALSE;
    *ret_range = (KxSeqRange){MIN(from, to), MAX(from, to)};
    return TRUE;
}

gboolean kx_imap_parse_seqset(KxImapParser *parser, KxSeqSet *ret_set)
{
    g_auto(KxSeqSet) set = {0};
    if (kx_imap_accept(parser, '$')) {
        ret_set->ranges = NULL;
        ret_set->saved = TRUE;
        return TRUE;
    }
    set.ranges = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    do {
        KxSeqRange range;
        if (!parse_range(parser, &range))
            return FALSE;
        if (set.ranges->len == KX_SEQSET_RANGES)
            return kx_imap_parser_fail(parser, "A sequence set may have at most %d ranges",
                                       KX_SEQSET_RANGES);
        g_array_append_val(set.ranges, range);
    } while (kx_imap_accept(parser, ','));
    ret_set->ranges = g_steal_pointer(&set.ranges);
    ret_set->saved = FALSE;
    return TRUE;
}

/* ---- ranges ---- */

static int compare_ranges(gconstpointer left, gconstpointer right)
{
    const KxSeqRange *a = left, *b = right;
    return (a->from > b->from) - (a->from < b->from);
}

/* Ranges come in ascending order of `from`; those that overlap or touch become one. */
static void append_merged(GArray *ranges, KxSeqRange range)
{
    KxSeqRange *last = ranges->len > 0 ? &g_array_index(ranges, KxSeqRange, ranges->len - 1) : NULL;
    if (last && (range.from <= last->to || range.from == last->to + 1))
        last->to = MAX(last->to, range.to);
    else
        g_array_append_val(ranges, range);
}

GArray *kx_seqset_normalize(const GArray *ranges, guint32 max)
{
    g_autoptr(GArray) sorted = g_array_sized_new(FALSE, FALSE, sizeof(KxSeqRange), ranges->len);
    for (guint i = 0; i < ranges->len; i++) {
        KxSeqRange range = g_array_index(ranges, KxSeqRange, i);
        guint32 from = range.from == KX_SEQSET_STAR ? max : range.from;
        guint32 to = range.to == KX_SEQSET_STAR ? max : range.to;
        KxSeqRange plain = {MIN(from, to), MAX(from, to)};
        g_array_append_val(sorted, plain);
    }
    g_array_sort(sorted, compare_ranges);
    GArray *merged = g_array_sized_new(FALSE, FALSE, sizeof(KxSeqRange), sorted->len);
    for (guint i = 0; i < sorted->len; i++)
        append_merged(merged, g_array_index(sorted, KxSeqRange, i));
    return merged;
}

gboolean kx_seqset_contains(const GArray *ranges, guint32 number)
{
    guint low = 0, high = ranges->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, middle);
        if (number < range->from)
            high = middle;
        else if (number > range->to)
            low = middle + 1;
        else
            return TRUE;
    }
    return FALSE;
}

/* ---- resolving ---- */

guint32 kx_seqset_first_from(KxView *view, guint32 uid)
{
    guint32 exact = kx_view_seq(view, uid);
    if (exact > 0)
        return exact;
    guint32 low = 1, high = kx_view_count(view) + 1;
    while (low < high) {
        guint32 middle = low + (high - low) / 2;
        if (kx_view_uid(view, middle) < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

GArray *kx_seqset_from_uid_ranges(const GArray *uid_ranges, KxView *view)
{
    GArray *seqs = g_array_sized_new(FALSE, FALSE, sizeof(KxSeqRange), uid_ranges->len);
    for (guint i = 0; i < uid_ranges->len; i++) {
        const KxSeqRange *uids = &g_array_index(uid_ranges, KxSeqRange, i);
        guint32 from = kx_seqset_first_from(view, uids->from);
        guint32 to = kx_seqset_first_from(view, uids->to + 1) - 1;
        if (from <= to)
            append_merged(seqs, (KxSeqRange){from, to});
    }
    return seqs;
}

GArray *kx_seqset_from_uids(const GArray *uids, KxView *view)
{
    GArray *seqs = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    for (guint i = 0; i < uids->len; i++) {
        guint32 seq = kx_view_seq(view, g_array_index(uids, guint32, i));
        if (seq > 0)
            append_merged(seqs, (KxSeqRange){seq, seq});
    }
    return seqs;
}

/* Appends what lies in 1..count of ascending ranges; FALSE if that is not all. */
static gboolean append_clamped(GArray *out, const GArray *ranges, guint32 count)
{
    gboolean all = TRUE;
    for (guint i = 0; i < ranges->len; i++) {
        KxSeqRange range = g_array_index(ranges, KxSeqRange, i);
        if (range.from == 0 || range.to > count)
            all = FALSE;
        range = (KxSeqRange){MAX(range.from, 1), MIN(range.to, count)};
        if (range.from <= range.to)
            g_array_append_val(out, range);
    }
    return all;
}

gboolean kx_seqset_resolve(const KxSeqSet *set, KxSeqSetKind kind, KxView *view,
                           const GArray *saved, GArray **ret_ranges)
{
    if (set->saved) {
        *ret_ranges = saved ? kx_seqset_from_uids(saved, view)
                            : g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
        return TRUE;
    }
    if (kind == KX_SEQSET_UIDS) {
        /* In an empty folder "*" means no message; 0 is the UID of none. */
        g_autoptr(GArray) uids = kx_seqset_normalize(set->ranges, kx_view_max_uid(view));
        *ret_ranges = kx_seqset_from_uid_ranges(uids, view);
        return TRUE;
    }
    g_autoptr(GArray) seqs = kx_seqset_normalize(set->ranges, kx_view_count(view));
    *ret_ranges = g_array_sized_new(FALSE, FALSE, sizeof(KxSeqRange), seqs->len);
    return append_clamped(*ret_ranges, seqs, kx_view_count(view));
}

GArray *kx_seqset_to_uids(const GArray *ranges, KxView *view)
{
    GArray *uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = 0; i < ranges->len; i++) {
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, i);
        for (guint32 seq = range->from; seq <= range->to; seq++) {
            guint32 uid = kx_view_uid(view, seq);
            if (uid > 0)
                g_array_append_val(uids, uid);
        }
    }
    return uids;
}

GArray *kx_seqset_uid_ranges(const KxSeqSet *set, guint32 max, const GArray *saved)
{
    if (!set->saved)
        return kx_seqset_normalize(set->ranges, max);
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    for (guint i = 0; saved && i < saved->len; i++) {
        guint32 uid = g_array_index(saved, guint32, i);
        append_merged(ranges, (KxSeqRange){uid, uid});
    }
    return ranges;
}

GArray *kx_seqset_intersect(const GArray *a, const GArray *b)
{
    GArray *shared = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    for (guint i = 0, k = 0; i < a->len && k < b->len;) {
        const KxSeqRange *left = &g_array_index(a, KxSeqRange, i);
        const KxSeqRange *right = &g_array_index(b, KxSeqRange, k);
        KxSeqRange range = {MAX(left->from, right->from), MIN(left->to, right->to)};
        if (range.from <= range.to)
            g_array_append_val(shared, range);
        if (left->to < right->to)
            i++;
        else
            k++;
    }
    return shared;
}

guint kx_seqset_count(const GArray *ranges)
{
    guint n = 0;
    for (guint i = 0; i < ranges->len; i++) {
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, i);
        n += range->to - range->from + 1;
    }
    return n;
}

GArray *kx_seqset_slice(const GArray *ranges, guint first, guint n)
{
    GArray *slice = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    for (guint i = 0; i < ranges->len && n > 0; i++) {
        KxSeqRange range = g_array_index(ranges, KxSeqRange, i);
        guint len = range.to - range.from + 1;
        if (first >= len) {
            first -= len;
            continue;
        }
        range.from += first;
        range.to = MIN(range.to, range.from + n - 1);
        n -= range.to - range.from + 1;
        first = 0;
        g_array_append_val(slice, range);
    }
    return slice;
}

/* ---- writing ---- */

void kx_seqset_format(GString *out, const guint32 *numbers, guint n)
{
    for (guint i = 0; i < n;) {
        guint end = i;
        while (end + 1 < n && numbers[end + 1] == numbers[end] + 1)
            end++;
        if (i > 0)
            g_string_append_c(out, ',');
        kx_fetch_append_uint(out, numbers[i]);
        if (end > i) {
            g_string_append_c(out, ':');
            kx_fetch_append_uint(out, numbers[end]);
        }
        i = end + 1;
    }
}

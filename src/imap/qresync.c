/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/qresync.h"

#include "imap/fetch-cursor.h"

void kx_qresync_clear(KxQresync *qresync)
{
    kx_seqset_clear(&qresync->known);
    kx_seqset_clear(&qresync->match_seqs);
    kx_seqset_clear(&qresync->match_uids);
}

/* ---- parsing ---- */

static gboolean parse_positive(KxImapParser *parser, guint64 max, guint64 *ret)
{
    if (!kx_imap_parse_number(parser, max, ret))
        return FALSE;
    return *ret > 0 || kx_imap_parser_fail(parser, "QRESYNC takes no 0");
}

/* A set in which neither "*" nor "$" may stand. */
static gboolean parse_plain_set(KxImapParser *parser, KxSeqSet *ret)
{
    if (kx_imap_peek(parser, '$') || !kx_imap_parse_seqset(parser, ret))
        return kx_imap_parser_fail(parser, "Expected a set of numbers");
    for (guint i = 0; i < ret->ranges->len; i++)
        if (g_array_index(ret->ranges, KxSeqRange, i).to == KX_SEQSET_STAR)
            return kx_imap_parser_fail(parser, "In a set of QRESYNC no * is allowed");
    return TRUE;
}

static gboolean ascends(const GArray *ranges)
{
    for (guint i = 1; i < ranges->len; i++)
        if (g_array_index(ranges, KxSeqRange, i).from <=
            g_array_index(ranges, KxSeqRange, i - 1).to)
            return FALSE;
    return TRUE;
}

static guint64 size_of(const GArray *ranges)
{
    guint64 n = 0;
    for (guint i = 0; i < ranges->len; i++) {
        const KxSeqRange *range = &g_array_index(ranges, KxSeqRange, i);
        n += (guint64)range->to - range->from + 1;
    }
    return n;
}

static gboolean parse_match(KxImapParser *parser, gboolean uid_only, KxQresync *ret)
{
    if (uid_only) {
        parser->code = "UIDREQUIRED";
        return kx_imap_parser_fail(parser, "After ENABLE UIDONLY there are no sequence numbers");
    }
    if (!parse_plain_set(parser, &ret->match_seqs) || !kx_imap_parse_space(parser) ||
        !parse_plain_set(parser, &ret->match_uids) || !kx_imap_parse_char(parser, ')'))
        return FALSE;
    const GArray *seqs = ret->match_seqs.ranges, *uids = ret->match_uids.ranges;
    if (!ascends(seqs) || !ascends(uids) || size_of(seqs) != size_of(uids))
        return kx_imap_parser_fail(parser, "Sequence match data must ascend and be of equal size");
    return TRUE;
}

gboolean kx_qresync_parse(KxImapParser *parser, gboolean uid_only, KxQresync *ret)
{
    guint64 uid_validity = 0;
    if (ret->given)
        return kx_imap_parser_fail(parser, "QRESYNC may be given once");
    ret->given = TRUE;
    if (!kx_imap_parse_space(parser) || !kx_imap_parse_char(parser, '(') ||
        !parse_positive(parser, G_MAXUINT32, &uid_validity) || !kx_imap_parse_space(parser) ||
        !parse_positive(parser, G_MAXINT64, &ret->modseq))
        return FALSE;
    ret->uid_validity = (guint32)uid_validity;
    gboolean more = kx_imap_accept(parser, ' ');
    if (more && !kx_imap_peek(parser, '(')) {
        if (!parse_plain_set(parser, &ret->known))
            return FALSE;
        more = kx_imap_accept(parser, ' ');
    }
    if (more && (!kx_imap_parse_char(parser, '(') || !parse_match(parser, uid_only, ret)))
        return FALSE;
    return kx_imap_parse_char(parser, ')');
}

/* ---- sequence match data ---- */

/* Where the client's numbers and UIDs still go together nothing was removed before. Of one run of n
 * pairs: how many do, from its begin. */
static guint32 count_intact(KxView *view, guint32 seq, guint32 uid, guint32 n)
{
    guint32 low = 0, high = n;
    while (low < high) {
        guint32 middle = low + (high - low) / 2;
        if (kx_view_uid(view, seq + middle) == uid + middle)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The highest UID of a pair that still goes together; 0 if none does. */
static guint32 find_intact(KxView *view, const GArray *seqs, const GArray *uids)
{
    guint32 intact = 0, seq_done = 0, uid_done = 0;
    for (guint s = 0, u = 0; s < seqs->len && u < uids->len;) {
        const KxSeqRange *by_seq = &g_array_index(seqs, KxSeqRange, s);
        const KxSeqRange *by_uid = &g_array_index(uids, KxSeqRange, u);
        guint32 seq = by_seq->from + seq_done, uid = by_uid->from + uid_done;
        guint32 n = MIN(by_seq->to - seq, by_uid->to - uid) + 1;
        guint32 good = count_intact(view, seq, uid, n);
        if (good > 0)
            intact = uid + good - 1;
        seq_done += n;
        uid_done += n;
        if (by_seq->from + seq_done > by_seq->to)
            s++, seq_done = 0;
        if (by_uid->from + uid_done > by_uid->to)
            u++, uid_done = 0;
    }
    return intact;
}

/* ---- the answer ---- */

/* All UIDs that were ever given out, if the client does not say which it knows. */
static GArray *known_uids(const KxQresync *qresync, guint32 uid_next)
{
    if (qresync->known.ranges)
        return kx_seqset_normalize(qresync->known.ranges, 0);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    KxSeqRange range = {1, uid_next - 1};
    if (range.to > 0)
        g_array_append_val(all, range);
    return all;
}

void kx_qresync_run(KxImap *imap, const KxQresync *qresync, const char *code, const char *text)
{
    KxViewState state;
    kx_view_save(imap->view, &state);
    if (qresync->uid_validity != state.uid_validity) {
        kx_imap_ok(imap, code, text);
        return;
    }
    guint32 intact =
        qresync->match_seqs.ranges
            ? find_intact(imap->view, qresync->match_seqs.ranges, qresync->match_uids.ranges)
            : 0;
    GArray *known = known_uids(qresync, state.uid_next);
    GArray *ranges = kx_seqset_from_uid_ranges(known, imap->view);
    KxVanished *vanished = kx_vanished_new(imap, qresync->modseq, known, intact);
    guint uid = imap->enabled & KX_IMAP_UIDONLY ? 0 : KX_FETCH_HAS_UID;
    KxFetchPlan *plan = kx_fetch_plan_new(uid | KX_FETCH_HAS_FLAGS | KX_FETCH_HAS_MODSEQ);
    plan->since = TRUE;
    plan->changed_since = qresync->modseq;
    kx_fetch_run_after(imap, vanished, plan, ranges, g_strdup(code), text);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The sequence sets among the keys of a search: what they mean in a folder, and later. */
#include "imap/search-args.h"

static gboolean uses_numbers(const KxSearchKey *key)
{
    if (key->set.ranges && key->set_kind == KX_SEQSET_SEQS)
        return TRUE;
    for (guint i = 0; key->keys && i < key->keys->len; i++)
        if (uses_numbers(g_ptr_array_index(key->keys, i)))
            return TRUE;
    return FALSE;
}

gboolean kx_search_uses_numbers(const KxSearchProgram *program)
{
    return uses_numbers(program->root);
}

static void resolve_key(KxSearchKey *key, KxView *view, const GArray *saved)
{
    g_clear_pointer(&key->seqs, g_array_unref);
    if (key->set.ranges || key->set.saved)
        kx_seqset_resolve(&key->set, key->set_kind, view, saved, &key->seqs);
    for (guint i = 0; key->keys && i < key->keys->len; i++)
        resolve_key(g_ptr_array_index(key->keys, i), view, saved);
}

void kx_search_resolve(KxSearchProgram *program, KxView *view, const GArray *saved)
{
    resolve_key(program->root, view, saved);
}

/* "5:*" goes on; "*" alone is the last message there is. */
static GArray *open_ended(const KxSeqSet *set, guint32 last)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    for (guint i = 0; i < set->ranges->len; i++) {
        KxSeqRange range = g_array_index(set->ranges, KxSeqRange, i);
        if (range.from == KX_SEQSET_STAR)
            range.from = range.to = last;
        else if (range.to == KX_SEQSET_STAR)
            range = (KxSeqRange){MIN(range.from, MAX(last, 1)), KX_SEQSET_STAR - 1};
        g_array_append_val(ranges, range);
    }
    return kx_seqset_normalize(ranges, last);
}

static GArray *as_uid_ranges(const GArray *seqs, KxView *view)
{
    g_autoptr(GArray) uids = kx_seqset_to_uids(seqs, view);
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    for (guint i = 0; i < uids->len; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        KxSeqRange range = {uid, uid};
        KxSeqRange *before =
            ranges->len > 0 ? &g_array_index(ranges, KxSeqRange, ranges->len - 1) : NULL;
        if (before && before->to + 1 == uid)
            before->to = uid;
        else
            g_array_append_val(ranges, range);
    }
    return g_steal_pointer(&ranges);
}

static void freeze_key(KxSearchKey *key, KxView *view)
{
    if (key->seqs && key->set.ranges && key->set_kind == KX_SEQSET_UIDS)
        key->uids = open_ended(&key->set, kx_view_max_uid(view));
    else if (key->seqs)
        key->uids = as_uid_ranges(key->seqs, view);
    for (guint i = 0; key->keys && i < key->keys->len; i++)
        freeze_key(g_ptr_array_index(key->keys, i), view);
}

void kx_search_freeze(KxSearchProgram *program, KxView *view)
{
    freeze_key(program->root, view);
}

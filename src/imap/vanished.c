/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/vanished.h"

enum { LINE = 8000 }; /* bytes of a set, about */

struct KxVanished {
    KxImap *imap;
    GArray *known;   /* KxSeqRange */
    GArray *removed; /* guint32: from the tombstones; NULL: they do not reach back */
    guint at;        /* of `removed` */
    guint range;     /* of `known`, if there are no tombstones */
    guint32 next;    /* UID to go on with in that range */
    GString *set;
};

/* ---- writing ---- */

static void append_range(GString *set, guint32 from, guint32 to)
{
    if (from == to)
        g_string_append_printf(set, "%s%u", set->len > 0 ? "," : "", from);
    else
        g_string_append_printf(set, "%s%u:%u", set->len > 0 ? "," : "", from, to);
}

static void flush(KxImap *imap, GString *set, const char *earlier)
{
    if (set->len == 0)
        return;
    kx_session_printf(imap->session, "* VANISHED%s %s\r\n", earlier, set->str);
    g_string_truncate(set, 0);
}

/* Appends the run of UIDs that begins at position i; returns where it ends. */
static guint append_run(GString *set, const GArray *uids, guint i)
{
    guint32 from = g_array_index(uids, guint32, i), to = from;
    while (++i < uids->len && g_array_index(uids, guint32, i) == to + 1)
        to++;
    append_range(set, from, to);
    return i;
}

void kx_vanished_write(KxImap *imap, const GArray *uids)
{
    g_autoptr(GString) set = g_string_new(NULL);
    for (guint i = 0; i < uids->len;) {
        i = append_run(set, uids, i);
        if (set->len > LINE)
            flush(imap, set, "");
    }
    flush(imap, set, "");
}

/* ---- what went earlier ---- */

static void append_since(KxVanished *vanished)
{
    while (vanished->at < vanished->removed->len && vanished->set->len < LINE)
        vanished->at = append_run(vanished->set, vanished->removed, vanished->at);
}

/* UIDs of one known range, from `next` on, that the view does not have. */
static void append_missing_of(KxVanished *vanished, const KxSeqRange *range)
{
    KxView *view = vanished->imap->view;
    guint32 seq = kx_seqset_first_from(view, vanished->next);
    while (vanished->next <= range->to && vanished->set->len < LINE) {
        guint32 uid = kx_view_uid(view, seq++);
        gboolean last = uid == 0 || uid > range->to;
        if (last || uid > vanished->next)
            append_range(vanished->set, vanished->next, last ? range->to : uid - 1);
        vanished->next = last ? range->to + 1 : uid + 1;
    }
}

static void append_missing(KxVanished *vanished)
{
    while (vanished->range < vanished->known->len && vanished->set->len < LINE) {
        const KxSeqRange *range = &g_array_index(vanished->known, KxSeqRange, vanished->range);
        vanished->next = MAX(vanished->next, range->from);
        append_missing_of(vanished, range);
        if (vanished->next > range->to)
            vanished->range++;
    }
}

gboolean kx_vanished_step(KxVanished *vanished)
{
    while (!kx_session_full(vanished->imap->session)) {
        if (vanished->removed)
            append_since(vanished);
        else
            append_missing(vanished);
        if (vanished->set->len == 0)
            return TRUE;
        flush(vanished->imap, vanished->set, " (EARLIER)");
    }
    return FALSE;
}

/* Those the client asks about and still counts are not gone for it yet. */
static void keep_known(KxVanished *vanished)
{
    GArray *removed = vanished->removed;
    guint kept = 0;
    for (guint i = 0; i < removed->len; i++) {
        guint32 uid = g_array_index(removed, guint32, i);
        if (kx_seqset_contains(vanished->known, uid) && kx_view_seq(vanished->imap->view, uid) == 0)
            g_array_index(removed, guint32, kept++) = uid;
    }
    g_array_set_size(removed, kept);
}

/* Nobody knows a UID that was never given out. */
static void clamp_known(KxVanished *vanished)
{
    KxViewState state;
    kx_view_save(vanished->imap->view, &state);
    GArray *known = vanished->known;
    while (known->len > 0 &&
           g_array_index(known, KxSeqRange, known->len - 1).from >= state.uid_next)
        g_array_set_size(known, known->len - 1);
    if (known->len > 0) {
        KxSeqRange *last = &g_array_index(known, KxSeqRange, known->len - 1);
        last->to = MIN(last->to, state.uid_next - 1);
    }
}

KxVanished *kx_vanished_new(KxImap *imap, guint64 modseq, GArray *known, guint32 intact)
{
    KxVanished *vanished = g_new0(KxVanished, 1);
    vanished->imap = imap;
    vanished->known = known;
    vanished->next = intact + 1;
    vanished->set = g_string_sized_new(LINE + 32);
    clamp_known(vanished);
    if (kx_folder_vanished_since(kx_view_folder(imap->view), modseq, &vanished->removed, NULL))
        keep_known(vanished);
    return vanished;
}

void kx_vanished_free(KxVanished *vanished)
{
    if (!vanished)
        return;
    g_array_unref(vanished->known);
    g_clear_pointer(&vanished->removed, g_array_unref);
    g_string_free(vanished->set, TRUE);
    g_free(vanished);
}

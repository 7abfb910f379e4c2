/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STORE and UID STORE (RFC 9051 section 6.4.6; RFC 7162 section 3.1.3 for UNCHANGEDSINCE).
 *
 * With .SILENT the client works out the new flags from those it knows. So that it never gets them
 * wrong, a silent change is the client's own only where it knows what the flags were before; others
 * are reported in full when the command ends. Whatever is told during a STORE is the state after
 * it.
 */
#include "imap/fetch-cursor.h"
#include "imap/message-limit.h"
#include "imap/mailbox.h"
#include "store/change.h"

typedef struct {
    KxSeqSet set;
    KxFlagsOp op;
    gboolean silent;
    KxImapFlags flags;
    gboolean conditional;
    guint64 unchanged_since;
    guint32 keep_flags; /* for want of rights */
    gboolean keep_keywords;
} StoreArgs;

static void store_args_clear(StoreArgs *store)
{
    kx_seqset_clear(&store->set);
    kx_imap_flags_clear(&store->flags);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StoreArgs, store_args_clear)

static const struct {
    const char *name;
    KxFlagsOp op;
    gboolean silent;
} ITEMS[] = {
    {"FLAGS", KX_FLAGS_REPLACE, FALSE}, {"FLAGS.SILENT", KX_FLAGS_REPLACE, TRUE},
    {"+FLAGS", KX_FLAGS_ADD, FALSE},    {"+FLAGS.SILENT", KX_FLAGS_ADD, TRUE},
    {"-FLAGS", KX_FLAGS_REMOVE, FALSE}, {"-FLAGS.SILENT", KX_FLAGS_REMOVE, TRUE},
};

static gboolean parse_modifiers(KxImapParser *args, StoreArgs *store)
{
    if (!kx_imap_accept(args, '('))
        return kx_imap_parser_ok(args);
    if (!kx_imap_accept_atom(args, "UNCHANGEDSINCE"))
        return kx_imap_parser_fail(args, "Unknown STORE modifier");
    store->conditional = TRUE;
    return kx_imap_parse_space(args) &&
           kx_imap_parse_number(args, G_MAXINT64, &store->unchanged_since) &&
           kx_imap_parse_char(args, ')') && kx_imap_parse_space(args);
}

static gboolean parse_item(KxImapParser *args, StoreArgs *store)
{
    for (guint i = 0; i < G_N_ELEMENTS(ITEMS); i++) {
        if (!kx_imap_accept_atom(args, ITEMS[i].name))
            continue;
        store->op = ITEMS[i].op;
        store->silent = ITEMS[i].silent;
        return TRUE;
    }
    return kx_imap_parser_fail(args,
                               "STORE takes FLAGS, +FLAGS or -FLAGS, with or without .SILENT");
}

static gboolean parse_args(KxImapParser *args, StoreArgs *store)
{
    return kx_imap_parse_space(args) && kx_imap_parse_seqset(args, &store->set) &&
           kx_imap_parse_space(args) && parse_modifiers(args, store) && parse_item(args, store) &&
           kx_imap_parse_space(args) && kx_imap_parse_flags(args, TRUE, &store->flags);
}

/* Flags the user may not change are passed over; only if there are no others the command fails (RFC
 * 4314 section 4). A client that is told nothing would believe that all were changed, so then it is
 * told. FALSE: NO was sent. */
static gboolean keep_what_must_stay(KxImap *imap, StoreArgs *store)
{
    gboolean keywords;
    guint32 permitted = kx_imap_permitted_flags(imap->selected->rights, &keywords);
    gboolean given_keywords = store->flags.keywords && store->flags.keywords->len > 1;
    guint32 given = store->flags.flags;
    gboolean any = (given & permitted) || (given_keywords && keywords);
    gboolean none_given = !given && !given_keywords && (permitted || keywords);
    store->keep_flags = KX_FLAG_ALL & ~permitted;
    store->keep_keywords = !keywords;
    if (!any && !none_given) {
        kx_imap_no(imap, "NOPERM", "You have no right to change these flags");
        return FALSE;
    }
    if (store->keep_flags & (store->op == KX_FLAGS_REPLACE ? KX_FLAG_ALL : given) ||
        (store->keep_keywords && (given_keywords || store->op == KX_FLAGS_REPLACE)))
        store->silent = FALSE;
    return TRUE;
}

/* ---- the change ---- */

/* Ascending `uids` without those that are in ascending `others`. */
static GArray *without(const GArray *uids, const GArray *others)
{
    GArray *rest = g_array_sized_new(FALSE, FALSE, sizeof(guint32), uids->len);
    for (guint i = 0, other = 0; i < uids->len; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        while (other < others->len && g_array_index(others, guint32, other) < uid)
            other++;
        if (other == others->len || g_array_index(others, guint32, other) != uid)
            g_array_append_val(rest, uid);
    }
    return rest;
}

static gboolean change(KxImap *imap, const KxFlagsChange *change, const GArray *uids,
                       guint64 *ret_modseq, GArray **ret_failed, GError **error)
{
    return kx_folder_change_flags(kx_view_folder(imap->view), (const guint32 *)(void *)uids->data,
                                  uids->len, change, ret_modseq, ret_failed, error);
}

/* `ret_failed`: UIDs that UNCHANGEDSINCE kept from being changed. `ret_modseq`: the least of the
 * new ones. */
static gboolean apply(KxImap *imap, const StoreArgs *store, const GArray *uids, guint64 *ret_modseq,
                      GArray **ret_failed, GError **error)
{
    g_autoptr(GArray) failed = NULL;
    KxViewState known;
    KxFlagsChange flags = {
        .op = store->op,
        .flags = store->flags.flags,
        .keywords =
            store->flags.keywords ? (const char *const *)store->flags.keywords->pdata : NULL,
        .conditional = store->conditional,
        .unchanged_since = store->unchanged_since,
        .keep_flags = store->keep_flags,
        .keep_keywords = store->keep_keywords,
    };
    kx_view_save(imap->view, &known);
    gboolean careful =
        store->silent && (!store->conditional || store->unchanged_since > known.change_modseq);
    if (careful) {
        flags.conditional = TRUE;
        flags.unchanged_since = known.change_modseq;
    }
    if (!change(imap, &flags, uids, ret_modseq, &failed, error))
        return FALSE;
    if (!failed)
        failed = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (*ret_modseq > 0) {
        g_autoptr(GArray) own = without(uids, failed);
        kx_view_note_own(imap->view, (const guint32 *)(void *)own->data, own->len, *ret_modseq);
    }
    if (careful && failed->len > 0) {
        g_autoptr(GArray) unknown = g_steal_pointer(&failed);
        guint64 modseq;
        flags.conditional = store->conditional;
        flags.unchanged_since = store->unchanged_since;
        if (!change(imap, &flags, unknown, &modseq, &failed, error))
            return FALSE;
        if (*ret_modseq == 0)
            *ret_modseq = modseq;
    }
    *ret_failed = g_steal_pointer(&failed);
    return TRUE;
}

/* ---- the answer ---- */

/* "MODIFIED 7,9", in the numbers the command used; NULL if there are none. */
static char *modified_code(KxImap *imap, const GArray *failed)
{
    if (!failed || failed->len == 0)
        return NULL;
    g_autoptr(GArray) numbers = g_array_sized_new(FALSE, FALSE, sizeof(guint32), failed->len);
    for (guint i = 0; i < failed->len; i++) {
        guint32 uid = g_array_index(failed, guint32, i);
        guint32 number = imap->uid ? uid : kx_view_seq(imap->view, uid);
        g_array_append_val(numbers, number);
    }
    GString *code = g_string_new("MODIFIED ");
    kx_seqset_format(code, (const guint32 *)(void *)numbers->data, numbers->len);
    return g_string_free(code, FALSE);
}

/* Silent: the new modseqs alone, for a client that keeps them. */
static void answer(KxImap *imap, const StoreArgs *store, GArray *ranges, guint64 modseq, char *code)
{
    gboolean condstore = (imap->enabled & KX_IMAP_CONDSTORE) != 0;
    gboolean with_uid = imap->uid && !(imap->enabled & KX_IMAP_UIDONLY);
    if (store->silent && (!condstore || modseq == 0))
        g_array_set_size(ranges, 0);
    guint with = (store->silent ? 0 : KX_FETCH_HAS_FLAGS) | (condstore ? KX_FETCH_HAS_MODSEQ : 0) |
                 (with_uid ? KX_FETCH_HAS_UID : 0);
    KxFetchPlan *plan = kx_fetch_plan_new(with);
    if (store->silent && modseq > 0) {
        plan->since = TRUE;
        plan->changed_since = modseq - 1;
    }
    kx_fetch_run(imap, plan, ranges, code, code ? "Conditional store failed" : "Store completed");
}

KX_IMAP_COMMAND(store)
{
    g_auto(StoreArgs) store = {0};
    g_autoptr(GArray) ranges = NULL, failed = NULL;
    g_autoptr(GError) error = NULL;
    guint64 modseq = 0;
    parse_args(args, &store);
    if (!kx_imap_check(imap, args) || !kx_imap_resolve_seqs(imap, &store.set, &ranges))
        return;
    if (!keep_what_must_stay(imap, &store))
        return;
    if (store.conditional)
        kx_imap_use_condstore(imap);
    kx_imap_limit_ranges(imap, &ranges);
    g_autoptr(GArray) uids = kx_seqset_to_uids(ranges, imap->view);
    if (uids->len > 0 && !apply(imap, &store, uids, &modseq, &failed, &error)) {
        kx_imap_no_error(imap, error);
        return;
    }
    if (store.flags.keywords)
        kx_imap_tell_flags(imap, TRUE);
    answer(imap, &store, g_steal_pointer(&ranges), modseq, modified_code(imap, failed));
}

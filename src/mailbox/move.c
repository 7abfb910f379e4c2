/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/move.h"

#include "base/error.h"
#include "store/change.h"
#include "store/view.h"

enum { AT_ONCE = 1000 /* items in one commit */, NAMES_MAX = 1000 };

struct KxMove {
    KxStore *store;
    KxAccount *source, *target;
    char *folder; /* of the target */
    guint64 items;
    GHashTable *done; /* id of a source folder -> the next UID to copy, in its pointer */
};

static const KxActor *system_actor(void)
{
    static const KxActor SYSTEM = {.protocol = "SYSTEM"};
    return &SYSTEM;
}

/* ---- one folder ---- */

static gboolean copy_uids(KxMove *move, KxFolder *from, const GArray *uids, const char *path,
                          GError **error)
{
    for (guint at = 0; at < uids->len; at += AT_ONCE) {
        g_auto(KxCopied) copied = {0};
        guint n = MIN(uids->len - at, (guint)AT_ONCE);
        if (!kx_folder_copy(from, &g_array_index(uids, guint32, at), n, move->target, path, FALSE,
                            system_actor(), &copied, error))
            return FALSE;
        move->items += copied.to->len;
    }
    return TRUE;
}

static guint32 done_up_to(const KxMove *move, guint32 folder)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(move->done, GUINT_TO_POINTER(folder)));
}

/* Copies what has not been copied yet. */
static gboolean copy_items(KxMove *move, const KxFolderInfo *info, const char *path, GError **error)
{
    g_autoptr(KxFolder) from = kx_folder_open(move->source, info->path, error);
    g_autoptr(KxView) view = from ? kx_view_new(from, FALSE) : NULL;
    g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!view)
        return FALSE;
    guint32 first = done_up_to(move, info->id);
    for (guint32 seq = kx_view_count(view); seq > 0; seq--) {
        guint32 uid = kx_view_uid(view, seq);
        if (uid < first)
            break;
        g_array_prepend_val(uids, uid);
    }
    if (!copy_uids(move, from, uids, path, error))
        return FALSE;
    guint32 next = MAX(first, kx_view_max_uid(view) + 1);
    g_hash_table_insert(move->done, GUINT_TO_POINTER(info->id), GUINT_TO_POINTER(next));
    return TRUE;
}

static gboolean make_folder(KxMove *move, const char *path, KxFolderType type, GError **error)
{
    g_autoptr(GError) problem = NULL;
    if (kx_folder_create(move->target, path, type, 0, &problem) ||
        g_error_matches(problem, KX_ERROR, KX_ERR_EXISTS))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

static gboolean copy_all(KxMove *move, const char *top, GError **error)
{
    g_autoptr(GPtrArray) folders = kx_folder_list(move->source, TRUE, error);
    if (!folders || !make_folder(move, top, KX_TYPE_MAIL, error))
        return FALSE;
    for (guint i = 0; i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        g_autofree char *path = g_strconcat(top, "/", info->path, NULL);
        if (!make_folder(move, path, info->type, error) || !copy_items(move, info, path, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- the folder in the target ---- */

static void remove_tree(KxAccount *account, const char *top)
{
    g_autofree char *below = g_strconcat(top, "/", NULL);
    g_autoptr(GPtrArray) folders = kx_folder_list(account, FALSE, NULL);
    for (guint i = folders ? folders->len : 0; i > 0; i--) {
        const KxFolderInfo *info = folders->pdata[i - 1];
        if (!g_str_equal(info->path, top) && !g_str_has_prefix(info->path, below))
            continue;
        kx_folder_subscribe(account, info->path, FALSE, NULL);
        kx_folder_discard(account, info->path, NULL);
    }
}

/* One for each source, whatever it will be called in the end: what an interrupted move left is
 * found again. */
static char *base_name(const KxMove *move)
{
    return g_strdup_printf("Deleted mailbox - %s", kx_account_name(move->source));
}

/* Another user of the same name may have been removed before. */
static char *free_name(const KxMove *move, GError **error)
{
    g_autofree char *base = base_name(move);
    for (guint i = 1; i < NAMES_MAX; i++) {
        g_autofree char *name = i > 1 ? g_strdup_printf("%s (%u)", base, i) : g_strdup(base);
        g_autoptr(KxFolderInfo) there = kx_folder_find(move->target, name, NULL);
        if (!there)
            return g_steal_pointer(&name);
    }
    kx_fail(error, KX_ERR_TOO_BIG, "too many mailboxes of %s were moved there",
            kx_account_name(move->source));
    return NULL;
}

static gboolean fits(const KxMove *move, GError **error)
{
    KxLimits limits = kx_account_limits(move->target);
    KxUsage used = kx_account_usage(move->target), more = kx_account_usage(move->source);
    if ((limits.bytes == 0 || used.bytes + more.bytes <= limits.bytes) &&
        (limits.items == 0 || used.items + more.items <= limits.items))
        return TRUE;
    return kx_fail(error, KX_ERR_OVERQUOTA,
                   "the mailbox of %s does not fit into the quota of %s; raise that first",
                   kx_account_name(move->source), kx_account_name(move->target));
}

static gboolean copy_under_final_name(KxMove *move, GError **error)
{
    g_autofree char *name = free_name(move, error), *base = base_name(move);
    g_autofree char *staged = g_strconcat(base, " (incomplete)", NULL);
    if (!name)
        return FALSE;
    remove_tree(move->target, staged);
    if (!copy_all(move, staged, error) ||
        !kx_folder_rename(move->target, staged, name, system_actor(), error)) {
        remove_tree(move->target, staged);
        return FALSE;
    }
    move->folder = g_steal_pointer(&name);
    return TRUE;
}

/* The folder itself, so that it is seen, and in it what was subscribed before. */
static gboolean subscribe(const KxMove *move, GError **error)
{
    g_autoptr(GPtrArray) paths = kx_folder_subscriptions(move->source, error);
    if (!paths || !kx_folder_subscribe(move->target, move->folder, TRUE, error))
        return FALSE;
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *path = g_strconcat(move->folder, "/", paths->pdata[i], NULL);
        g_autoptr(KxFolderInfo) there = kx_folder_find(move->target, path, NULL);
        if (there && !kx_folder_subscribe(move->target, path, TRUE, error))
            return FALSE;
    }
    return TRUE;
}

KxMove *kx_move_begin(KxStore *store, KxAccount *source, KxAccount *target, GError **error)
{
    g_autoptr(KxMove) move = g_new0(KxMove, 1);
    move->store = store;
    move->source = kx_account_ref(source);
    move->target = kx_account_ref(target);
    move->done = g_hash_table_new(NULL, NULL);
    if (source == target) {
        kx_fail(error, KX_ERR_INVALID, "a mailbox cannot be moved into itself");
        return NULL;
    }
    if (!fits(move, error) || !copy_under_final_name(move, error))
        return NULL;
    if (!subscribe(move, error)) {
        kx_move_undo(move);
        return NULL;
    }
    return g_steal_pointer(&move);
}

void kx_move_undo(KxMove *move)
{
    remove_tree(move->target, move->folder);
}

gboolean kx_move_finish(KxMove *move, GError **error)
{
    return copy_all(move, move->folder, error) && subscribe(move, error);
}

const char *kx_move_folder(const KxMove *move)
{
    return move->folder;
}

guint64 kx_move_items(const KxMove *move)
{
    return move->items;
}

void kx_move_free(KxMove *move)
{
    if (!move)
        return;
    kx_account_unref(move->source);
    kx_account_unref(move->target);
    g_clear_pointer(&move->done, g_hash_table_unref);
    g_free(move->folder);
    g_free(move);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copy and move: hard links into the target folder, then one commit. Within an account a move
 * removes the source in the same commit; between accounts the copy is committed first, so a crash
 * may double an item but not lose it.
 */
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/redo-private.h"
#include "store/remove-private.h"

typedef struct {
    KxEntry entry;     /* as it was in the source */
    char **keywords;   /* NULL-terminated, NULL if none */
    KxItemFacts facts; /* filled when the source is in another account */
    guint32 uid;       /* new */
} Source;

static void clear_source(gpointer data)
{
    Source *source = data;
    g_strfreev(source->keywords);
    kx_item_facts_clear(&source->facts);
}

typedef struct {
    KxFolder *from;
    const guint32 *uids; /* NULL: all */
    guint n;
    const char *to_path; /* normalised */
    gboolean move;       /* in this commit */
    const KxCopyMask *mask;
    GArray *sources; /* Source, those that exist */
    GArray *taken;   /* KxEntry, those that were copied */
    KxFolder *to;    /* with a reference */
    GPtrArray *op_items;
    KxCopied copied;
} Copy;

void kx_copied_clear(KxCopied *copied)
{
    g_clear_pointer(&copied->from, g_array_unref);
    g_clear_pointer(&copied->to, g_array_unref);
}

static void tell_progress(const Copy *copy, guint done)
{
    if (copy->mask && copy->mask->progress)
        copy->mask->progress(copy->mask->data, done, copy->sources->len);
}

/* ---- what is to be copied ---- */

static gboolean collect_sources(Copy *copy, GError **error)
{
    KxFolder *from = copy->from;
    if (!kx_folder_lock_loaded(from, error))
        return FALSE;
    g_array_set_size(copy->sources, 0);
    guint n = copy->uids ? copy->n : from->n;
    for (guint i = 0; i < n; i++) {
        KxEntry *entry = copy->uids ? kx_items_find(from, copy->uids[i]) : &from->entries[i];
        if (!entry)
            continue;
        Source source = {.entry = *entry};
        source.keywords = g_strdupv((char **)kx_keywords_names(&from->keywords, entry->keywords));
        g_array_append_val(copy->sources, source);
    }
    pthread_mutex_unlock(&from->account->state_lock);
    return TRUE;
}

static gboolean read_facts_work(KxAccount *account, KxDb *db, gpointer data, GError **error)
{
    Copy *copy = data;
    for (guint i = 0; i < copy->sources->len; i++) {
        Source *source = &g_array_index(copy->sources, Source, i);
        if (!kx_index_read_facts(db, copy->from->id, source->entry.uid, KX_FACT_ALL, &source->facts,
                                 error))
            return FALSE;
    }
    return TRUE;
}

/* ---- links ---- */

static gboolean link_source(Copy *copy, KxFolderMeta *meta, Source *source, GError **error)
{
    g_autofree char *dir = NULL;
    GError *problem = NULL;
    pthread_mutex_lock(&copy->from->account->state_lock);
    dir = g_strdup(copy->from->dir);
    pthread_mutex_unlock(&copy->from->account->state_lock);
    g_autofree char *path = kx_message_file(dir, source->entry.uid);
    source->uid = 0;
    if (kx_link_message(copy->to, meta, path, &source->uid, &problem))
        return TRUE;
    if (g_error_matches(problem, KX_ERROR, KX_ERR_NOT_FOUND)) {
        g_error_free(
            problem); /* its content has vanished: passed over like a UID that does not exist */
        return TRUE;
    }
    g_propagate_error(error, problem);
    return FALSE;
}

static gboolean link_all(Copy *copy, KxFolderMeta *meta, GError **error)
{
    g_autofree char *messages = g_build_filename(copy->to->dir, "#msgs", NULL);
    for (guint i = 0; i < copy->sources->len; i++) {
        if (!link_source(copy, meta, &g_array_index(copy->sources, Source, i), error))
            return FALSE;
        tell_progress(copy, i + 1);
    }
    return kx_sync_dir(messages, error);
}

static void unlink_all(Copy *copy)
{
    for (guint i = 0; i < copy->sources->len; i++) {
        Source *source = &g_array_index(copy->sources, Source, i);
        if (source->uid == 0)
            continue;
        g_autofree char *path = kx_message_file(copy->to->dir, source->uid);
        unlink(path);
        source->uid = 0;
    }
}

/* ---- rows ---- */

/* How many from the first on have UIDs one after the other, here as there. */
static guint run_length(GArray *sources, guint first)
{
    const Source *source = &g_array_index(sources, Source, first);
    guint n = 1;
    while (first + n < sources->len && source[n].uid == source->uid + n &&
           source[n].entry.uid == source->entry.uid + n)
        n++;
    return n;
}

static gboolean copy_facts(KxTxn *txn, Copy *copy, GError **error)
{
    gboolean within = copy->from->account == txn->account;
    for (guint i = 0, n; i < copy->sources->len; i += n) {
        const Source *first = &g_array_index(copy->sources, Source, i);
        n = within && first->uid != 0 ? run_length(copy->sources, i) : 1;
        if (first->uid == 0)
            continue;
        if (within ? !kx_index_copy_facts(txn->db, copy->from->id, first->entry.uid, n,
                                          copy->to->id, first->uid, error)
                   : !kx_index_add_facts(txn->db, copy->to->id, first->uid, &first->facts, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean insert_source(KxTxn *txn, Copy *copy, KxFolderMeta *meta, Source *source,
                              GArray *added, GError **error)
{
    KxFolder *to = copy->to;
    KxEntry entry = source->entry;
    gboolean keywords = !copy->mask || copy->mask->keywords;
    pthread_mutex_lock(&to->account->state_lock);
    int set = kx_keywords_apply(&to->keywords, 0, KX_FLAGS_REPLACE,
                                keywords ? (const char *const *)source->keywords : NULL);
    pthread_mutex_unlock(&to->account->state_lock);
    if (set < 0)
        return kx_fail(error, KX_ERR_TOO_BIG, "there are too many keywords in %s", to->path);
    entry.uid = source->uid;
    if (copy->mask)
        entry.flags &= copy->mask->flags & KX_FLAG_ALL;
    entry.keywords = (guint32)set & 0xffffff;
    entry.modseq = txn->meta.modseq;
    entry.save_date = g_get_real_time() / G_USEC_PER_SEC;
    meta->messages++;
    meta->unseen += !(entry.flags & KX_FLAG_SEEN);
    meta->deleted += (entry.flags & KX_FLAG_DELETED) != 0;
    meta->size += entry.size;
    txn->meta.items++;
    txn->meta.bytes += entry.size;
    g_array_append_val(added, entry);
    return kx_index_add_item(txn->db, to->id, &entry,
                             kx_keywords_bytes(&to->keywords, entry.keywords), error);
}

static gboolean insert_all(KxTxn *txn, Copy *copy, KxFolderMeta *meta, GArray *added,
                           GError **error)
{
    g_array_set_size(copy->taken, 0);
    meta->highest_modseq = ++txn->meta.modseq;
    for (guint i = 0; i < copy->sources->len; i++) {
        Source *source = &g_array_index(copy->sources, Source, i);
        if (source->uid == 0)
            continue;
        if (!insert_source(txn, copy, meta, source, added, error))
            return FALSE;
        g_array_append_val(copy->taken, source->entry);
    }
    return copy_facts(txn, copy, error);
}

static void set_result(Copy *copy, GArray *added)
{
    kx_copied_clear(&copy->copied);
    copy->copied.uid_validity = copy->to->meta.uid_validity;
    copy->copied.from = kx_entry_uids(copy->taken);
    copy->copied.to = kx_entry_uids(added);
}

static gboolean admit(const KxTxn *txn, const Copy *copy, GError **error)
{
    gint64 bytes = 0;
    for (guint i = 0; i < copy->sources->len; i++)
        bytes += (gint64)g_array_index(copy->sources, Source, i).entry.size;
    return kx_txn_admit(txn, bytes, copy->sources->len, error);
}

static gboolean commit_copy(KxAccount *account, Copy *copy, GError **error)
{
    KxFolder *to = copy->to, *from = copy->from;
    g_autoptr(GArray) added = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    g_auto(KxTxn) txn = {0};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    if (!copy->move && !admit(&txn, copy, error))
        return FALSE;
    KxFolderMeta *meta = kx_txn_folder(&txn, to);
    if (!link_all(copy, meta, error) || !insert_all(&txn, copy, meta, added, error))
        return FALSE;
    guint64 modseq = txn.meta.modseq;
    if (copy->move && !kx_remove_rows(&txn, from, copy->taken, modseq, error))
        return FALSE;
    if (!kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    for (guint i = 0; i < added->len; i++)
        kx_items_append(to, &g_array_index(added, KxEntry, i));
    to->recent += added->len;
    if (copy->move)
        kx_remove_publish(from, copy->taken, modseq);
    pthread_mutex_unlock(&account->state_lock);
    if (copy->move)
        kx_remove_files(from, copy->taken, modseq);
    set_result(copy, added);
    return TRUE;
}

static gboolean prepare_removal(Copy *copy, GError **error)
{
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    for (guint i = 0; i < copy->sources->len; i++)
        g_array_append_val(entries, g_array_index(copy->sources, Source, i).entry);
    return kx_remove_prepare(copy->from, entries, copy->op_items, error);
}

static gboolean copy_work(KxAccount *account, gpointer data, GError **error)
{
    Copy *copy = data;
    KxFolder *to = kx_tree_find(account, copy->to_path);
    if (!to)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", copy->to_path);
    g_clear_pointer(&copy->to, kx_folder_unref);
    copy->to = kx_folder_ref(to);
    if (copy->from->account ==
        account) { /* what is there may have changed since collect_sources() */
        if (copy->from->gone)
            return kx_fail(error, KX_ERR_NOT_FOUND, "the folder has been removed");
        if (!kx_folder_load(copy->from, error) || !collect_sources(copy, error) ||
            !kx_redo_settle(account, error))
            return FALSE;
    }
    if (!kx_folder_load_keywords(to, error))
        return FALSE;
    if (copy->sources->len == 0) {
        g_array_set_size(copy->taken, 0);
        set_result(copy, copy->taken);
        return TRUE;
    }
    if (copy->move && !prepare_removal(copy, error))
        return FALSE;
    if (commit_copy(account, copy, error))
        return TRUE;
    unlink_all(copy);
    return FALSE;
}

/* ---- the public function ---- */

static gboolean settle_work(KxAccount *account, gpointer data G_GNUC_UNUSED, GError **error)
{
    return kx_redo_settle(account, error);
}

static gboolean run_copy(Copy *copy, KxAccount *to_account, GError **error)
{
    KxAccount *from_account = copy->from->account;
    if (from_account == to_account)
        return kx_account_write(to_account, copy_work, copy, error);
    return collect_sources(copy, error) &&
           kx_account_write(from_account, settle_work, NULL, error) &&
           kx_account_read(from_account, read_facts_work, copy, error) &&
           kx_account_write(to_account, copy_work, copy, error);
}

static gboolean finish_move(Copy *copy, KxAccount *to_account, const KxActor *actor, GError **error)
{
    GArray *uids = copy->copied.from;
    g_autofree char *target = kx_path_for_log(to_account, copy->to_path);
    if (copy->from->account != to_account)
        return kx_folder_remove(copy->from, (const guint32 *)(void *)uids->data, uids->len, target,
                                actor, error);
    if (uids->len > 0)
        kx_watch_signal(copy->from, KX_WATCH_EXPUNGE);
    kx_oplog_items(copy->from, actor, target, copy->op_items);
    return TRUE;
}

gboolean kx_folder_copy_masked(KxFolder *from, const guint32 *uids, guint n, KxAccount *to_account,
                               const char *to_path, gboolean move, const KxCopyMask *mask,
                               const KxActor *actor, KxCopied *ret_copied, GError **error)
{
    g_autofree char *normal = kx_path_normalise(to_path, NULL);
    if (!normal)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no folder %s", to_path);
    gboolean between = from->account != to_account;
    g_autoptr(GArray) sources = g_array_new(FALSE, FALSE, sizeof(Source));
    g_array_set_clear_func(sources, clear_source);
    g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(KxEntry));
    g_autoptr(GPtrArray) op_items = g_ptr_array_new_with_free_func(kx_op_item_free);
    Copy copy = {.from = from,
                 .uids = uids,
                 .n = n,
                 .to_path = normal,
                 .move = move && !between,
                 .mask = mask,
                 .sources = sources,
                 .taken = taken,
                 .op_items = op_items};
    gboolean ok = run_copy(&copy, to_account, error);
    if (ok && taken->len > 0) {
        kx_watch_signal(copy.to, KX_WATCH_NEW);
        kx_store_arrived(to_account);
    }
    if (ok && move)
        ok = finish_move(&copy, to_account, actor, error);
    g_clear_pointer(&copy.to, kx_folder_unref);
    if (ok && ret_copied)
        *ret_copied = copy.copied;
    else
        kx_copied_clear(&copy.copied);
    return ok;
}

gboolean kx_folder_copy(KxFolder *from, const guint32 *uids, guint n, KxAccount *to_account,
                        const char *to_path, gboolean move, const KxActor *actor,
                        KxCopied *ret_copied, GError **error)
{
    return kx_folder_copy_masked(from, uids, n, to_account, to_path, move, NULL, actor, ret_copied,
                                 error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the index anew. The files say which items there are; the index that was there before,
 * renamed to index.bad (by us, or by an administrator who wants this to happen), and what is in
 * memory say the rest. The new index is built aside and renamed into place, so a crash meanwhile
 * only means doing it again.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/rebuild-private.h"
#include "store/redo-private.h"

/* ---- which folders there are ---- */

static guint32 fresh_uid_validity(KxRebuild *rebuild)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    KxAccountMeta *meta = &rebuild->meta;
    meta->uid_validity = now > meta->uid_validity ? (guint32)now : meta->uid_validity + 1;
    return meta->uid_validity;
}

/* A folder without #folder, or with a copy of another's. */
static void identify(KxRebuild *rebuild, KxFoundFolder *folder, GHashTable *ids)
{
    guint32 parent = folder->parent < 0
                         ? 0
                         : g_array_index(rebuild->found, KxFoundFolder, folder->parent).file.id;
    guint32 id = kx_old_folder_id(rebuild->old, parent, folder->name);
    KxOldFolder old = {0};
    if (id != 0 && !g_hash_table_contains(ids, GUINT_TO_POINTER(id)))
        kx_old_folder_read(rebuild->old, id, NULL, &old);
    folder->has_file = FALSE;
    kx_folder_file_clear(&folder->file);
    folder->file = (KxFolderFile){.acl = old.known ? kx_old_folder_acl(rebuild->old, id) : NULL,
                                  .id = old.known ? id : rebuild->meta.next_folder++,
                                  .type = KX_TYPE_MAIL,
                                  .uid_validity = old.known ? old.meta.uid_validity
                                                            : fresh_uid_validity(rebuild)};
    if (old.items)
        kx_old_folder_clear(&old);
    g_hash_table_add(ids, GUINT_TO_POINTER(folder->file.id));
}

static void identify_all(KxRebuild *rebuild)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < rebuild->found->len; i++) {
        KxFoundFolder *folder = &g_array_index(rebuild->found, KxFoundFolder, i);
        if (folder->has_file && !g_hash_table_add(ids, GUINT_TO_POINTER(folder->file.id)))
            folder->has_file = FALSE;
        if (!folder->has_file)
            continue;
        rebuild->meta.next_folder = MAX(rebuild->meta.next_folder, folder->file.id + 1);
        rebuild->meta.uid_validity = MAX(rebuild->meta.uid_validity, folder->file.uid_validity);
    }
    for (guint i = 0; i < rebuild->found->len; i++) {
        KxFoundFolder *folder = &g_array_index(rebuild->found, KxFoundFolder, i);
        if (!folder->has_file)
            identify(rebuild, folder, ids);
    }
}

static gboolean has_inbox(GArray *found)
{
    for (guint i = 0; i < found->len; i++)
        if (g_str_equal(g_array_index(found, KxFoundFolder, i).path, "INBOX"))
            return TRUE;
    return FALSE;
}

/* Messages whose files may not have reached the disk before an unclean end, as far as the old index
 * still has them. Where a store is running their files are synced already. Once only: the old index
 * may lie about for long. FALSE only if the disk does not take them: they must not be lost. */
static gboolean restore_waiting(KxRebuild *rebuild, GError **error)
{
    g_autoptr(GError) problem = NULL;
    if (!rebuild->old->db)
        return TRUE;
    g_autoptr(GHashTable) dirs = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < rebuild->found->len; i++) {
        const KxFoundFolder *folder = &g_array_index(rebuild->found, KxFoundFolder, i);
        g_hash_table_insert(dirs, GUINT_TO_POINTER(folder->file.id), folder->dir);
    }
    if (!rebuild->account->ready &&
        !kx_redo_restore(rebuild->account->store, rebuild->old->db, dirs, &problem) &&
        g_error_matches(problem, KX_ERROR, KX_ERR_IO)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (!problem)
        kx_redo_drop(rebuild->old->db, NULL);
    return TRUE;
}

static gboolean find_folders(KxRebuild *rebuild, GError **error)
{
    KxAccount *account = rebuild->account;
    rebuild->found = kx_walk_folders(account);
    if (account->kind == KX_ACCOUNT_PERSONAL && !has_inbox(rebuild->found)) {
        g_autofree char *inbox = g_build_filename(account->dir, "INBOX", NULL);
        if (!kx_mkdir_durable(inbox, error))
            return FALSE;
        g_array_unref(rebuild->found);
        rebuild->found = kx_walk_folders(account);
    }
    identify_all(rebuild);
    return restore_waiting(rebuild, error);
}

/* ---- the new index ---- */

static gboolean add_subscriptions(KxRebuild *rebuild, GError **error)
{
    g_autoptr(GPtrArray) paths = rebuild->account->ready
                                     ? kx_folder_subscriptions(rebuild->account, NULL)
                                     : kx_old_subscriptions(rebuild->old);
    for (guint i = 0; paths && i < paths->len; i++)
        if (!kx_index_subscribe(rebuild->db, paths->pdata[i], TRUE, error))
            return FALSE;
    for (guint i = 0; !paths && i < rebuild->found->len; i++) {
        const KxFoundFolder *folder = &g_array_index(rebuild->found, KxFoundFolder, i);
        if (folder->file.type == KX_TYPE_MAIL &&
            !kx_index_subscribe(rebuild->db, folder->path, TRUE, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean fill(KxRebuild *rebuild, GError **error)
{
    if (!kx_db_begin(rebuild->db, error) || !find_folders(rebuild, error))
        return FALSE;
    for (guint i = 0; i < rebuild->found->len; i++)
        if (!kx_rebuild_folder(rebuild, &g_array_index(rebuild->found, KxFoundFolder, i), error))
            return FALSE;
    return add_subscriptions(rebuild, error) && kx_rebuild_metadata(rebuild, error) &&
           kx_index_write_account(rebuild->db, &rebuild->meta, error) &&
           kx_db_commit(rebuild->db, error);
}

/* Everything counts as swept: what was left of removals is finished here. The modseq never goes
 * back. */
static void start_meta(KxRebuild *rebuild)
{
    const KxAccountMeta *old = &rebuild->old->meta;
    KxAccountMeta *meta = &rebuild->meta;
    if (rebuild->old->has_account)
        *meta = (KxAccountMeta){.modseq = old->modseq,
                                .next_folder = old->next_folder,
                                .uid_validity = old->uid_validity};
    else
        *meta = (KxAccountMeta){.next_folder = 1};
    if (!rebuild->latest)
        meta->modseq = MAX(meta->modseq, (guint64)g_get_real_time());
    meta->modseq = MAX(meta->modseq, rebuild->account->meta.modseq) + 1;
    meta->next_folder = MAX(meta->next_folder, rebuild->account->meta.next_folder);
    meta->uid_validity = MAX(meta->uid_validity, rebuild->account->meta.uid_validity);
    meta->swept = rebuild->base = meta->modseq;
    rebuild->swept = MAX(old->swept, rebuild->account->sweep_to);
}

static void remove_index(const char *path)
{
    static const char *const SUFFIXES[] = {"", "-wal", "-shm"};
    for (guint i = 0; i < G_N_ELEMENTS(SUFFIXES); i++) {
        g_autofree char *file = g_strconcat(path, SUFFIXES[i], NULL);
        unlink(file);
    }
}

/* index.db becomes index.bad, unless somebody has made it so already. */
static gboolean set_aside(KxAccount *account, const char *bad, GError **error)
{
    g_autofree char *wal = g_strconcat(account->index, "-wal", NULL);
    g_autofree char *bad_wal = g_strconcat(bad, "-wal", NULL);
    g_autofree char *shm = g_strconcat(account->index, "-shm", NULL);
    if (access(account->index, F_OK) == 0) {
        remove_index(bad);
        if (rename(account->index, bad) < 0)
            return kx_error_errno(error, "cannot rename %s", account->index);
        if (rename(wal, bad_wal) < 0 && errno != ENOENT)
            return kx_error_errno(error, "cannot rename %s", wal);
    } else if (access(wal, F_OK) == 0 && access(bad, F_OK) == 0 && access(bad_wal, F_OK) < 0) {
        rename(wal, bad_wal);
    }
    unlink(wal);
    unlink(shm);
    return TRUE;
}

static gboolean make_index(KxRebuild *rebuild, GError **error)
{
    KxAccount *account = rebuild->account;
    g_autofree char *temp = g_build_filename(account->dir, "index.new", NULL);
    remove_index(temp);
    start_meta(rebuild);
    rebuild->db = kx_index_open(temp, KX_DB_CREATE | KX_DB_UNSYNCED, error);
    gboolean ok = rebuild->db && fill(rebuild, error);
    g_clear_pointer(&rebuild->db, kx_db_close);
    g_clear_pointer(&rebuild->found, g_array_unref);
    ok = ok && kx_sync_path(temp, error);
    if (ok && rename(temp, account->index) < 0)
        ok = kx_error_errno(error, "cannot rename %s", temp);
    return ok && kx_sync_dir(account->dir, error);
}

/* ---- memory ---- */

static void make_stale(KxFolder *folder)
{
    for (KxView *view = folder->views; view; view = view->next)
        view->stale = TRUE;
}

/* What views know must be in memory before the old index goes, or they cannot be told what has
 * changed. */
static void prepare_views(KxAccount *account)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxFolder *folder = value;
        if (!folder->views || folder->loaded || (account->db && kx_folder_load(folder, NULL)))
            continue;
        pthread_mutex_lock(&account->state_lock);
        make_stale(folder);
        pthread_mutex_unlock(&account->state_lock);
    }
}

typedef struct {
    KxFolder *folder;
    KxEntry *entries;
    guint n;
    guint32 uid_validity;
} Before;

static GArray *take_entries(KxAccount *account)
{
    GArray *taken = g_array_new(FALSE, FALSE, sizeof(Before));
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&account->state_lock);
    g_hash_table_iter_init(&iter, account->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        KxFolder *folder = value;
        if (!folder->loaded)
            continue;
        Before before = {kx_folder_ref_locked(folder), folder->entries, folder->n,
                         folder->meta.uid_validity};
        g_array_append_val(taken, before);
        folder->entries = NULL;
        kx_folder_unload(folder);
    }
    pthread_mutex_unlock(&account->state_lock);
    return taken;
}

static void tell_views(Before *before)
{
    KxFolder *folder = before->folder;
    pthread_mutex_lock(&folder->account->state_lock);
    gboolean other =
        folder->gone || !folder->loaded || folder->meta.uid_validity != before->uid_validity;
    if (other)
        make_stale(folder);
    for (guint i = 0; !other && folder->views && i < before->n; i++) {
        KxLogEntry gone = {folder->account->meta.modseq, before->entries[i].uid};
        if (!kx_items_find(folder, gone.uid))
            g_array_append_val(folder->removed, gone);
    }
    pthread_mutex_unlock(&folder->account->state_lock);
}

static gboolean reload(KxAccount *account, GError **error)
{
    g_autoptr(GArray) taken = take_entries(account);
    gboolean ok = kx_account_connect(account, error) && kx_account_load(account, error);
    for (guint i = 0; i < taken->len; i++) {
        Before *before = &g_array_index(taken, Before, i);
        if (ok && !before->folder->gone)
            kx_folder_load(before->folder, NULL);
        tell_views(before);
        kx_watch_signal(before->folder, 0);
        g_free(before->entries);
        kx_folder_unref(before->folder);
    }
    return ok;
}

/* ---- all of it ---- */

static void report_folders(KxAccount *account)
{
    g_autoptr(GArray) found = kx_walk_folders(account);
    for (guint i = 0; i < found->len; i++) {
        g_autofree char *name =
            kx_path_for_log(account, g_array_index(found, KxFoundFolder, i).path);
        kx_log(account->store->logger, KX_LOG_ERROR,
               "store.c: Folder %s has corrupted status and index files, going to restore them. "
               "Some flag information may be lost",
               name);
    }
}

/* An index.bad that was there before may be a leftover of long ago. */
static gboolean is_latest(KxAccount *account, const KxOldIndex *old, gboolean set_aside_now)
{
    if (!old->has_account)
        return FALSE;
    return account->ready ? old->meta.modseq == account->meta.modseq : set_aside_now;
}

gboolean kx_account_rebuild(KxAccount *account, gboolean report, guint *ret_items, GError **error)
{
    g_autofree char *bad = g_build_filename(account->dir, "index.bad", NULL);
    if (report)
        report_folders(account);
    prepare_views(account);
    if (!kx_account_mark(account, error) || !kx_redo_sync(account, error))
        return FALSE;
    kx_account_disconnect(account, TRUE);
    gboolean there = access(account->index, F_OK) == 0;
    if (!set_aside(account, bad, error))
        return FALSE;
    g_autoptr(KxOldIndex) old = kx_old_index_open(bad);
    KxRebuild rebuild = {.account = account, .old = old, .latest = is_latest(account, old, there)};
    if (!make_index(&rebuild, error) || !reload(account, error))
        return FALSE;
    kx_watch_overflow(account);
    g_hash_table_remove_all(account->unswept);
    account->sweep_to = 0;
    if (ret_items)
        *ret_items = (guint)rebuild.meta.items;
    return TRUE;
}

typedef struct {
    guint items;
} Reindex;

static gboolean reindex_work(KxAccount *account, gpointer data, GError **error)
{
    Reindex *reindex = data;
    if (!kx_account_rebuild(account, FALSE, &reindex->items, error))
        return FALSE;
    g_autofree char *bad = g_build_filename(account->dir, "index.bad", NULL);
    remove_index(bad);
    return TRUE;
}

gboolean kx_account_reindex(KxAccount *account, guint *ret_items, GError **error)
{
    Reindex reindex = {0};
    if (!kx_account_write(account, reindex_work, &reindex, error))
        return FALSE;
    if (ret_items)
        *ret_items = reindex.items;
    return TRUE;
}

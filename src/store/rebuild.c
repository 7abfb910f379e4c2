/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the index anew. The files say which items there are; the index that was there before,
 * renamed to index.bad (by us, or by an administrator who wants this to happen), and what is in
 * memory say the rest. The new index is built aside and renamed into place, so a crash meanwhile
 * only means doing it again.
 *
 * UIDs: a file named by the server keeps its UID, unless the old index, read completely, knows that
 * the UID was given out and is gone, or nobody can have given it out. Those and files with any
 * other name get new UIDs. A file whose removal was committed but not finished goes.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/old-index-private.h"

typedef struct {
    KxAccount *account;
    KxOldIndex *old;
    KxDb *db; /* the new one */
    KxAccountMeta meta;
    guint64 base;  /* modseq of everything that is new */
    guint64 swept; /* removals up to here had their files removed */
    GArray *found; /* KxFoundFolder */
} Rebuild;

/* One folder on its way into the new index. */
typedef struct {
    Rebuild *rebuild;
    KxFoundFolder *found;
    KxOldFolder old;
    KxFolderMeta meta;
    guint32 uid_limit; /* no UID from here on can have been given out */
    GArray *fresh;     /* KxFoundFile that need a new UID */
    GHashTable *kept;  /* UIDs of old items that are still there */
} FolderBuild;

/* ---- UIDs ---- */

typedef enum { KEEP, RENAME, FINISH_REMOVAL } Fate;

static const KxLogEntry *find_tombstone(const KxOldFolder *old, guint32 uid)
{
    guint low = 0, high = old->tombstones->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const KxLogEntry *entry = &g_array_index(old->tombstones, KxLogEntry, middle);
        if (entry->uid == uid)
            return entry;
        if (entry->uid < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static Fate decide(FolderBuild *build, guint32 uid)
{
    const KxOldFolder *old = &build->old;
    if (uid == 0 || uid >= build->uid_limit)
        return RENAME;
    if (kx_old_folder_find(old, uid))
        return KEEP;
    const KxLogEntry *tombstone = find_tombstone(old, uid);
    if (tombstone)
        return tombstone->modseq > build->rebuild->swept ? FINISH_REMOVAL : RENAME;
    return old->known && old->complete && uid < old->meta.uid_next ? RENAME : KEEP;
}

/* ---- items ---- */

static void copy_cache(FolderBuild *build, guint32 uid)
{
    Rebuild *rebuild = build->rebuild;
    g_auto(KxItemCache) cache = {0};
    guint32 id = build->found->file.id;
    if (rebuild->old->db && kx_index_read_cache(rebuild->old->db, id, uid, &cache, NULL) &&
        cache.envelope)
        kx_index_add_cache(rebuild->db, id, uid, &cache, NULL);
}

static gboolean add_entry(FolderBuild *build, const KxEntry *entry, GBytes *keywords,
                          GError **error)
{
    KxFolderMeta *meta = &build->meta;
    meta->messages++;
    meta->unseen += !(entry->flags & KX_FLAG_SEEN);
    meta->deleted += (entry->flags & KX_FLAG_DELETED) != 0;
    meta->size += entry->size;
    meta->highest_modseq = MAX(meta->highest_modseq, entry->modseq);
    build->rebuild->meta.items++;
    build->rebuild->meta.bytes += entry->size;
    return kx_index_add_item(build->rebuild->db, build->found->file.id, entry, keywords, error);
}

static gboolean add_old_item(FolderBuild *build, const KxEntry *old, const KxFoundFile *file,
                             GError **error)
{
    KxEntry entry = *old;
    GBytes *keywords =
        build->old.keywords ? kx_keywords_bytes(build->old.keywords, old->keywords) : NULL;
    gboolean same = old->size == file->size;
    entry.size = file->size;
    if (!same || entry.modseq > build->rebuild->base)
        entry.modseq = build->rebuild->base;
    if (same)
        copy_cache(build, old->uid);
    g_hash_table_add(build->kept, GUINT_TO_POINTER(old->uid));
    return add_entry(build, &entry, keywords, error);
}

static gboolean add_new_item(FolderBuild *build, guint32 uid, const KxFoundFile *file,
                             GError **error)
{
    KxEntry entry = {.uid = uid,
                     .modseq = build->rebuild->base,
                     .size = file->size,
                     .internal_date = file->mtime,
                     .save_date = file->mtime};
    return add_entry(build, &entry, NULL, error);
}

static gboolean add_file(FolderBuild *build, const KxFoundFile *file, GError **error)
{
    g_autofree char *path = kx_message_file(build->found->dir, file->uid);
    const KxEntry *old;
    switch (decide(build, file->uid)) {
    case RENAME: {
        KxFoundFile fresh = *file;
        fresh.name = g_strdup(file->name);
        g_array_append_val(build->fresh, fresh);
        return TRUE;
    }
    case FINISH_REMOVAL:
        unlink(path);
        return TRUE;
    default:
        old = kx_old_folder_find(&build->old, file->uid);
        if (file->uid >= build->meta.uid_next)
            build->meta.uid_next = file->uid + 1;
        return old ? add_old_item(build, old, file, error)
                   : add_new_item(build, file->uid, file, error);
    }
}

/* Files that need a UID get one in the order of their times. */
static gboolean add_fresh(FolderBuild *build, GError **error)
{
    for (guint i = 0; i < build->fresh->len; i++) {
        const KxFoundFile *file = &g_array_index(build->fresh, KxFoundFile, i);
        g_autofree char *from = file->name
                                    ? g_strdup_printf("%s/#msgs/%s", build->found->dir, file->name)
                                    : kx_message_file(build->found->dir, file->uid);
        guint32 uid = build->meta.uid_next;
        g_autofree char *to = kx_message_file(build->found->dir, uid);
        if (uid >= KX_UID_MAX)
            return kx_fail(error, KX_ERR_TOO_BIG, "the folder %s has used up its UIDs",
                           build->found->path);
        if (rename(from, to) < 0)
            return kx_error_errno(error, "cannot rename %s", from);
        build->meta.uid_next++;
        if (!add_new_item(build, uid, file, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- what is gone ---- */

static gboolean add_tombstones(FolderBuild *build, GError **error)
{
    Rebuild *rebuild = build->rebuild;
    guint32 id = build->found->file.id;
    const KxOldFolder *old = &build->old;
    gboolean reaches =
        old->known && old->complete && old->has_tombstones && rebuild->old->has_account;
    if (!reaches)
        build->meta.floor_modseq = build->meta.highest_modseq = rebuild->base;
    for (guint i = 0; reaches && i < old->tombstones->len; i++) {
        const KxLogEntry *entry = &g_array_index(old->tombstones, KxLogEntry, i);
        if (!kx_index_add_tombstone(rebuild->db, id, entry->uid, entry->modseq, error))
            return FALSE;
        build->meta.tombstones++;
    }
    for (guint i = 0; i < old->items->len; i++) {
        guint32 uid = g_array_index(old->items, KxEntry, i).uid;
        if (g_hash_table_contains(build->kept, GUINT_TO_POINTER(uid)))
            continue;
        if (!kx_index_add_tombstone(rebuild->db, id, uid, rebuild->base, error))
            return FALSE;
        build->meta.tombstones++;
        build->meta.highest_modseq = rebuild->base;
    }
    return TRUE;
}

static gboolean add_keywords(FolderBuild *build, GError **error)
{
    const KxKeywordTable *table = build->old.keywords;
    for (guint i = 0; table && i < table->names->len; i++)
        if (!kx_index_add_keyword(build->rebuild->db, build->found->file.id, i,
                                  table->names->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* ---- one folder ---- */

static void clear_fresh(gpointer data)
{
    g_free(((KxFoundFile *)data)->name);
}

static int compare_times(gconstpointer a, gconstpointer b)
{
    const KxFoundFile *left = a, *right = b;
    if (left->mtime != right->mtime)
        return left->mtime < right->mtime ? -1 : 1;
    return g_strcmp0(left->name, right->name);
}

static gboolean add_files(FolderBuild *build, GError **error)
{
    g_autofree char *messages = g_build_filename(build->found->dir, "#msgs", NULL);
    g_autoptr(GArray) files = kx_walk_messages(build->found->dir);
    g_autoptr(GArray) fresh = g_array_new(FALSE, FALSE, sizeof(KxFoundFile));
    g_array_set_clear_func(fresh, clear_fresh);
    build->fresh = fresh;
    for (guint i = 0; i < files->len; i++)
        if (!add_file(build, &g_array_index(files, KxFoundFile, i), error))
            return FALSE;
    g_array_sort(fresh, compare_times);
    return add_fresh(build, error) && kx_mkdir_durable(messages, error) &&
           kx_sync_dir(messages, error);
}

static gboolean write_folder_file(FolderBuild *build, GError **error)
{
    KxFoundFolder *found = build->found;
    gboolean good = found->has_file && found->file.uid_bound > build->meta.uid_next;
    if (!good) {
        found->file.uid_bound =
            (guint32)MIN((guint64)build->meta.uid_next + KX_UID_RESERVE, KX_UID_MAX + 1);
        if (!kx_folder_file_write(found->dir, &found->file, TRUE, error))
            return FALSE;
    }
    build->meta.uid_bound = found->file.uid_bound;
    return TRUE;
}

static void start_folder(FolderBuild *build)
{
    const KxOldFolder *old = &build->old;
    const KxFoundFolder *found = build->found;
    build->uid_limit = found->has_file ? found->file.uid_bound : (guint32)KX_UID_MAX;
    build->meta.uid_validity = found->file.uid_validity;
    build->meta.uid_next = old->known        ? old->meta.uid_next
                           : found->has_file ? found->file.uid_bound
                                             : 1;
    build->meta.floor_modseq = old->known ? old->meta.floor_modseq : 0;
    build->meta.highest_modseq =
        old->known ? MIN(old->meta.highest_modseq, build->rebuild->base) : build->rebuild->base;
}

static gboolean build_folder(Rebuild *rebuild, KxFoundFolder *found, GError **error)
{
    g_auto(KxOldFolder) old = {0};
    g_autoptr(GHashTable) kept = g_hash_table_new(NULL, NULL);
    KxFolder *in_memory =
        g_hash_table_lookup(rebuild->account->by_id, GUINT_TO_POINTER(found->file.id));
    kx_old_folder_read(rebuild->old, found->file.id, in_memory, &old);
    if (old.known && old.meta.uid_validity != found->file.uid_validity)
        old.known = old.complete = FALSE;
    FolderBuild build = {.rebuild = rebuild, .found = found, .old = old, .kept = kept};
    start_folder(&build);
    guint32 parent =
        found->parent < 0 ? 0 : g_array_index(rebuild->found, KxFoundFolder, found->parent).file.id;
    guint32 known_next = build.meta.uid_next;
    if (!add_keywords(&build, error) || !add_files(&build, error) ||
        !add_tombstones(&build, error) || !write_folder_file(&build, error))
        return FALSE;
    guint32 recent_uid =
        old.known ? MIN(old.recent_uid, build.meta.uid_next) : MIN(known_next, build.meta.uid_next);
    return kx_index_add_folder(rebuild->db, found->file.id, parent, found->name, found->file.type,
                               found->file.special_use, &build.meta, recent_uid, error);
}

/* ---- which folders there are ---- */

static guint32 fresh_uid_validity(Rebuild *rebuild)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    KxAccountMeta *meta = &rebuild->meta;
    meta->uid_validity = now > meta->uid_validity ? (guint32)now : meta->uid_validity + 1;
    return meta->uid_validity;
}

/* A folder without #folder, or with a copy of another's. */
static void identify(Rebuild *rebuild, KxFoundFolder *folder, GHashTable *ids)
{
    guint32 parent = folder->parent < 0
                         ? 0
                         : g_array_index(rebuild->found, KxFoundFolder, folder->parent).file.id;
    guint32 id = kx_old_folder_id(rebuild->old, parent, folder->name);
    KxOldFolder old = {0};
    if (id != 0 && !g_hash_table_contains(ids, GUINT_TO_POINTER(id)))
        kx_old_folder_read(rebuild->old, id, NULL, &old);
    folder->has_file = FALSE;
    folder->file = (KxFolderFile){.id = old.known ? id : rebuild->meta.next_folder++,
                                  .type = KX_TYPE_MAIL,
                                  .uid_validity = old.known ? old.meta.uid_validity
                                                            : fresh_uid_validity(rebuild)};
    if (old.items)
        kx_old_folder_clear(&old);
    g_hash_table_add(ids, GUINT_TO_POINTER(folder->file.id));
}

static void identify_all(Rebuild *rebuild)
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

static gboolean find_folders(Rebuild *rebuild, GError **error)
{
    KxAccount *account = rebuild->account;
    rebuild->found = kx_walk_folders(account);
    if (!has_inbox(rebuild->found)) {
        g_autofree char *inbox = g_build_filename(account->dir, "INBOX", NULL);
        if (!kx_mkdir_durable(inbox, error))
            return FALSE;
        g_array_unref(rebuild->found);
        rebuild->found = kx_walk_folders(account);
    }
    identify_all(rebuild);
    return TRUE;
}

/* ---- the new index ---- */

static gboolean add_subscriptions(Rebuild *rebuild, GError **error)
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

static gboolean fill(Rebuild *rebuild, GError **error)
{
    if (!kx_db_begin(rebuild->db, error) || !find_folders(rebuild, error))
        return FALSE;
    for (guint i = 0; i < rebuild->found->len; i++)
        if (!build_folder(rebuild, &g_array_index(rebuild->found, KxFoundFolder, i), error))
            return FALSE;
    return add_subscriptions(rebuild, error) &&
           kx_index_write_account(rebuild->db, &rebuild->meta, error) &&
           kx_db_commit(rebuild->db, error);
}

/* Everything counts as swept: what was left of removals is finished here. The modseq never goes
 * back. */
static void start_meta(Rebuild *rebuild)
{
    const KxAccountMeta *old = &rebuild->old->meta;
    KxAccountMeta *meta = &rebuild->meta;
    if (rebuild->old->has_account)
        *meta = (KxAccountMeta){.modseq = old->modseq,
                                .next_folder = old->next_folder,
                                .uid_validity = old->uid_validity};
    else
        *meta = (KxAccountMeta){.modseq = (guint64)g_get_real_time(), .next_folder = 1};
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
        if (rename(wal, bad_wal) < 0 && errno != ENOENT)
            return kx_error_errno(error, "cannot rename %s", wal);
        if (rename(account->index, bad) < 0)
            return kx_error_errno(error, "cannot rename %s", account->index);
    } else if (access(wal, F_OK) == 0 && access(bad, F_OK) == 0 && access(bad_wal, F_OK) < 0) {
        rename(wal, bad_wal);
    }
    unlink(wal);
    unlink(shm);
    return TRUE;
}

static gboolean make_index(Rebuild *rebuild, GError **error)
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
        kx_watch_signal(before->folder);
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

gboolean kx_account_rebuild(KxAccount *account, gboolean report, guint *ret_items, GError **error)
{
    g_autofree char *bad = g_build_filename(account->dir, "index.bad", NULL);
    if (report)
        report_folders(account);
    prepare_views(account);
    if (!kx_account_mark(account, error))
        return FALSE;
    kx_account_disconnect(account, TRUE);
    if (!set_aside(account, bad, error))
        return FALSE;
    g_autoptr(KxOldIndex) old = kx_old_index_open(bad);
    Rebuild rebuild = {.account = account, .old = old};
    if (!make_index(&rebuild, error) || !reload(account, error))
        return FALSE;
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
    return kx_account_rebuild(account, FALSE, &reindex->items, error);
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

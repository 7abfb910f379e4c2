/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One folder of a rebuild: which file becomes which item.
 *
 * A file named by the server keeps its UID, unless the old index, read completely, knows that the
 * UID was given out and is gone, or nobody can have given it out. Those and files with any other
 * name get new UIDs. A file whose removal was committed but not finished goes.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/groupware.h"
#include "store/rebuild-private.h"

enum { BARE_MAX = 16 * 1024 * 1024 };

/* One folder on its way into the new index. */
typedef struct {
    KxRebuild *rebuild;
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

static void copy_facts(FolderBuild *build, guint32 uid)
{
    KxRebuild *rebuild = build->rebuild;
    g_auto(KxItemFacts) facts = {0};
    guint32 id = build->found->file.id;
    if (rebuild->old->db &&
        kx_index_read_facts(rebuild->old->db, id, uid, KX_FACT_ALL, &facts, NULL))
        kx_index_add_facts(rebuild->db, id, uid, &facts, NULL);
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
        copy_facts(build, old->uid);
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

/* An event or contact that an administrator has put there becomes a message. What cannot be read
 * stays where it is. */
static gboolean adopt_bare(FolderBuild *build, const char *from, const char *to, KxFoundFile *item)
{
    KxAccount *account = build->rebuild->account;
    g_autofree char *content = NULL;
    size_t len = 0;
    if (!kx_read_file(from, BARE_MAX, &content, &len, NULL))
        return FALSE;
    g_autoptr(GString) message =
        kx_groupware_wrap(build->found->file.type, account->name, item->mtime, content, len);
    const struct timespec times[2] = {{.tv_sec = item->mtime}, {.tv_sec = item->mtime}};
    if (!kx_write_file_durable(to, message->str, message->len, 0600, NULL))
        return FALSE;
    utimensat(AT_FDCWD, to, times, 0);
    unlink(from);
    item->size = message->len;
    return TRUE;
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
        KxFoundFile item = *file;
        if (file->name && kx_groupware_is_bare(build->found->file.type, file->name)) {
            if (!adopt_bare(build, from, to, &item))
                continue;
        } else if (rename(from, to) < 0) {
            return kx_error_errno(error, "cannot rename %s", from);
        }
        build->meta.uid_next++;
        if (!add_new_item(build, uid, &item, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- what is gone ---- */

static gboolean add_tombstones(FolderBuild *build, GError **error)
{
    KxRebuild *rebuild = build->rebuild;
    guint32 id = build->found->file.id;
    const KxOldFolder *old = &build->old;
    gboolean reaches = rebuild->latest && old->known && old->complete && old->has_tombstones;
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
    g_autoptr(GArray) files = kx_walk_messages(build->found->dir, build->found->file.type);
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
    guint32 bound = found->has_file ? found->file.uid_bound : 1;
    build->meta.uid_next = old->known ? old->meta.uid_next : bound;
    if (!build->rebuild->latest && !build->rebuild->account->ready)
        build->meta.uid_next = MAX(build->meta.uid_next, bound);
    build->meta.floor_modseq = old->known ? old->meta.floor_modseq : 0;
    build->meta.highest_modseq =
        old->known ? MIN(old->meta.highest_modseq, build->rebuild->base) : build->rebuild->base;
}

/* It speaks of another folder that was there before. */
static void forget(KxOldFolder *old)
{
    old->known = old->complete = FALSE;
    g_array_set_size(old->items, 0);
    g_array_set_size(old->tombstones, 0);
}

gboolean kx_rebuild_folder(KxRebuild *rebuild, KxFoundFolder *found, GError **error)
{
    g_auto(KxOldFolder) old = {0};
    g_autoptr(GHashTable) kept = g_hash_table_new(NULL, NULL);
    KxFolder *in_memory =
        g_hash_table_lookup(rebuild->account->by_id, GUINT_TO_POINTER(found->file.id));
    kx_old_folder_read(rebuild->old, found->file.id, in_memory, &old);
    if (old.known && old.meta.uid_validity != found->file.uid_validity)
        forget(&old);
    FolderBuild build = {.rebuild = rebuild, .found = found, .old = old, .kept = kept};
    start_folder(&build);
    guint32 parent =
        found->parent < 0 ? 0 : g_array_index(rebuild->found, KxFoundFolder, found->parent).file.id;
    guint32 known_next = build.meta.uid_next;
    if (!add_keywords(&build, error) || !add_files(&build, error) ||
        !add_tombstones(&build, error) || !write_folder_file(&build, error))
        return FALSE;
    build.meta.changed_modseq = build.meta.highest_modseq;
    guint32 recent_uid =
        old.known ? MIN(old.recent_uid, build.meta.uid_next) : MIN(known_next, build.meta.uid_next);
    return kx_index_add_folder(rebuild->db, &found->file, parent, found->name, &build.meta,
                               recent_uid, error);
}

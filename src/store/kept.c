/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kept file is called <removed>.<folder>.<uid>.<flags>.<internal date>[.<keyword> <keyword>].eml,
 * all numbers in hex, so that the order of names is that of removals. Keywords that do not fit into
 * a name are dropped.
 */
#include "store/kept-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "store/redo-private.h"

static const char KEPT[] = "#kept";
static const char SUFFIX[] = ".eml";

enum { NAME_MAX_BYTES = 255, NUMBERS = 5, HEX = 16 };

/* ---- names ---- */

static void append_keywords(GString *name, const char *const *keywords)
{
    const char *divider = ".";
    for (guint i = 0; keywords && keywords[i]; i++) {
        g_autofree char *escaped = kx_path_escape(keywords[i]);
        if (name->len + 1 + strlen(escaped) + strlen(SUFFIX) > NAME_MAX_BYTES)
            continue;
        g_string_append_printf(name, "%s%s", divider, escaped);
        divider = " ";
    }
}

static char *format_path(const KxKeeping *keeping, const KxEntry *entry)
{
    KxFolder *folder = keeping->folder;
    GString *name = g_string_new(NULL);
    g_string_append_printf(name, "%010" G_GINT64_MODIFIER "x.%x.%x.%x.%" G_GINT64_MODIFIER "x",
                           (guint64)keeping->when, folder->id, entry->uid, entry->flags,
                           (guint64)entry->internal_date);
    append_keywords(name, kx_keywords_names(&folder->keywords, entry->keywords));
    g_string_append(name, SUFFIX);
    char *path = g_build_filename(folder->account->dir, KEPT, name->str, NULL);
    g_string_free(name, TRUE);
    return path;
}

static gboolean parse_numbers(char *const *parts, guint64 *ret_numbers)
{
    for (guint i = 0; i < NUMBERS; i++) {
        char *end;
        if (!parts[i] || !g_ascii_isxdigit(*parts[i]))
            return FALSE;
        ret_numbers[i] = g_ascii_strtoull(parts[i], &end, HEX);
        if (*end)
            return FALSE;
    }
    return TRUE;
}

static char **parse_keywords(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text ? text : "", " ", -1);
    g_autoptr(GPtrArray) keywords = g_ptr_array_new();
    for (guint i = 0; parts[i]; i++) {
        char *keyword = kx_path_unescape(parts[i]);
        if (keyword && kx_keyword_is_valid(keyword))
            g_ptr_array_add(keywords, keyword);
        else
            g_free(keyword);
    }
    g_ptr_array_add(keywords, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&keywords), FALSE);
}

static gboolean parse_name(const char *name, KxKeptFile *ret_file)
{
    guint64 numbers[NUMBERS];
    if (!g_str_has_suffix(name, SUFFIX))
        return FALSE;
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen(SUFFIX));
    g_auto(GStrv) parts = g_strsplit(stem, ".", NUMBERS + 1);
    if (!parse_numbers(parts, numbers))
        return FALSE;
    *ret_file = (KxKeptFile){.when = (gint64)numbers[0],
                             .folder = (guint32)numbers[1],
                             .uid = (guint32)numbers[2],
                             .flags = (guint32)numbers[3] & KX_FLAG_ALL,
                             .internal_date = (gint64)numbers[4],
                             .keywords = parse_keywords(parts[NUMBERS])};
    return TRUE;
}

void kx_kept_file_clear(gpointer data)
{
    KxKeptFile *file = data;
    g_free(file->path);
    g_strfreev(file->keywords);
}

/* ---- the directory ---- */

static int compare_files(gconstpointer a, gconstpointer b)
{
    const KxKeptFile *left = a, *right = b;
    if (left->when != right->when)
        return left->when < right->when ? -1 : 1;
    return strcmp(left->path, right->path);
}

GArray *kx_kept_list(const char *account_dir, gint64 since)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(KxKeptFile));
    g_array_set_clear_func(files, kx_kept_file_clear);
    g_autofree char *path = g_build_filename(account_dir, KEPT, NULL);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        KxKeptFile file = {0};
        struct stat st;
        if (!parse_name(entry->d_name, &file))
            continue;
        if (file.when < since || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            kx_kept_file_clear(&file);
            continue;
        }
        file.path = g_build_filename(path, entry->d_name, NULL);
        file.inode = st.st_ino;
        file.size = (guint64)st.st_size;
        g_array_append_val(files, file);
    }
    if (dir)
        closedir(dir);
    g_array_sort(files, compare_files);
    return files;
}

KxKept kx_account_kept(KxAccount *account, gint64 since)
{
    g_autoptr(GArray) files = kx_kept_list(account->dir, since);
    KxKept kept = {.items = files->len};
    for (guint i = 0; i < files->len; i++)
        kept.bytes += g_array_index(files, KxKeptFile, i).size;
    return kept;
}

guint kx_store_expire_kept(KxStore *store G_GNUC_UNUSED, const char *domain, const char *user,
                           gint64 before)
{
    g_auto(KxPlace) place = {0};
    guint n = 0;
    if (!kx_place_of_user(domain, user, &place, NULL))
        return 0;
    g_autoptr(GArray) files = kx_kept_list(place.dir, G_MININT64);
    for (guint i = 0; i < files->len; i++) {
        const KxKeptFile *file = &g_array_index(files, KxKeptFile, i);
        if (file->when < before && unlink(file->path) == 0)
            n++;
    }
    return n;
}

/* ---- a removal ---- */

static gboolean link_entry(const KxKeeping *keeping, const KxEntry *entry, GError **error)
{
    g_autofree char *from = kx_message_file(keeping->folder->dir, entry->uid);
    g_autofree char *to = format_path(keeping, entry);
    if (link(from, to) == 0 || errno == EEXIST || access(from, F_OK) < 0)
        return TRUE;
    return kx_error_errno(error, "cannot keep %s", from);
}

gboolean kx_keep(KxKeeping *keeping, KxFolder *folder, GArray *entries, GError **error)
{
    KxAccount *account = folder->account;
    if (account->kind != KX_ACCOUNT_PERSONAL || !kx_account_limits(account).keeps)
        return TRUE;
    g_autofree char *dir = g_build_filename(account->dir, KEPT, NULL);
    if (!kx_redo_settle(account, error) || !kx_folder_load_keywords(folder, error) ||
        !kx_mkdir_durable(dir, error))
        return FALSE;
    *keeping = (KxKeeping){folder, entries, g_get_real_time() / G_USEC_PER_SEC, FALSE};
    for (guint i = 0; i < entries->len; i++)
        if (!link_entry(keeping, &g_array_index(entries, KxEntry, i), error))
            return FALSE;
    return kx_sync_dir(dir, error);
}

void kx_keeping_end(KxKeeping *keeping)
{
    if (keeping->when == 0 || keeping->done)
        return;
    for (guint i = 0; i < keeping->entries->len; i++) {
        g_autofree char *path = format_path(keeping, &g_array_index(keeping->entries, KxEntry, i));
        unlink(path);
    }
}

/* ---- after an unclean end ---- */

gboolean kx_kept_drop_live(KxAccount *account, GError **error)
{
    g_autoptr(GArray) files = kx_kept_list(account->dir, G_MININT64);
    for (guint i = 0; i < files->len; i++) {
        const KxKeptFile *file = &g_array_index(files, KxKeptFile, i);
        KxStmt *stmt = kx_index_stmt(
            account->db, "SELECT 1 FROM items WHERE account=? AND folder=? AND uid=?", error);
        if (!stmt)
            return FALSE;
        kx_stmt_bind_int(stmt, 2, file->folder);
        kx_stmt_bind_int(stmt, 3, file->uid);
        int rc = kx_stmt_step(stmt, error);
        if (rc < 0)
            return FALSE;
        if (rc == 1)
            unlink(file->path);
        kx_stmt_reset(stmt);
    }
    return TRUE;
}

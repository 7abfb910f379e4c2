/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file #folder of each folder: what must outlive the index, as lines of "name value". The
 * folder's own name is that of its directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"
#include "store/store-private.h"

enum { FILE_MAX = 4096 };

static const char FIRST_LINE[] = "keryx folder 1";

static const char *const TYPES[] = {
    [KX_TYPE_MAIL] = "mail",   [KX_TYPE_CALENDAR] = "calendar", [KX_TYPE_CONTACTS] = "contacts",
    [KX_TYPE_TASKS] = "tasks", [KX_TYPE_NOTES] = "notes",
};

static gboolean write_plain(const char *path, const char *text, size_t len, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return kx_error_errno(error, "cannot create %s", path);
    gboolean ok = kx_write_all(fd, text, len, error);
    close(fd);
    return ok;
}

gboolean kx_folder_file_write(const char *dir, const KxFolderFile *file, gboolean sync,
                              GError **error)
{
    g_autofree char *path = g_build_filename(dir, "#folder", NULL);
    g_autofree char *text = g_strdup_printf(
        "%s\nid %u\nuidvalidity %u\nuidnext %u\ntype %s\nuse %u\n", FIRST_LINE, file->id,
        file->uid_validity, file->uid_bound, TYPES[file->type], file->special_use);
    return sync ? kx_write_file_durable(path, text, strlen(text), 0600, error)
                : write_plain(path, text, strlen(text), error);
}

static gboolean read_number(const char *line, const char *name, guint32 *ret_value)
{
    guint64 value;
    if (!g_str_has_prefix(line, name) || !kx_parse_uint(line + strlen(name), G_MAXUINT32, &value))
        return FALSE;
    *ret_value = (guint32)value;
    return TRUE;
}

static void read_line(KxFolderFile *file, const char *line)
{
    if (read_number(line, "id ", &file->id) ||
        read_number(line, "uidvalidity ", &file->uid_validity) ||
        read_number(line, "uidnext ", &file->uid_bound) ||
        read_number(line, "use ", &file->special_use))
        return;
    for (guint i = 0; g_str_has_prefix(line, "type ") && i < G_N_ELEMENTS(TYPES); i++)
        if (g_str_equal(line + strlen("type "), TYPES[i]))
            file->type = (KxFolderType)i;
}

gboolean kx_folder_file_read(const char *dir, KxFolderFile *ret_file, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "#folder", NULL);
    g_autofree char *text = NULL;
    if (!kx_read_file(path, FILE_MAX, &text, NULL, error))
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    KxFolderFile file = {.type = KX_TYPE_MAIL};
    if (!lines[0] || !g_str_equal(lines[0], FIRST_LINE))
        return kx_fail(error, KX_ERR_CORRUPT, "%s is not what the server wrote", path);
    for (guint i = 1; lines[i]; i++)
        read_line(&file, lines[i]);
    if (file.id == 0 || file.id > G_MAXINT32 || file.uid_validity == 0 || file.uid_bound == 0)
        return kx_fail(error, KX_ERR_CORRUPT, "%s is incomplete", path);
    *ret_file = file;
    return TRUE;
}

gboolean kx_folder_reserve_uid(KxFolder *folder, KxFolderMeta *meta, GError **error)
{
    if (meta->uid_next < meta->uid_bound)
        return TRUE;
    if (meta->uid_next >= KX_UID_MAX - KX_UID_RESERVE)
        return kx_fail(error, KX_ERR_TOO_BIG, "the folder %s has used up its UIDs", folder->path);
    KxFolderFile file = {.id = folder->id,
                         .uid_validity = meta->uid_validity,
                         .uid_bound = meta->uid_next + KX_UID_RESERVE,
                         .type = folder->type,
                         .special_use = folder->special_use};
    if (!kx_folder_file_write(folder->dir, &file, TRUE, error))
        return FALSE;
    meta->uid_bound = file.uid_bound;
    return TRUE;
}

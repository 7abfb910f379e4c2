/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file #folder of each folder: what must outlive the index, as lines of "name value". The
 * folder's own name is that of its directory. Each entry of the access list is a line "acl rights
 * identifier".
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/text.h"
#include "store/store-private.h"

enum { FILE_MAX = 1024 * 1024 }; /* most of it is the access list */

static const char FIRST_LINE[] = "keryx folder 1";
static const char ACL[] = "acl ";

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

void kx_folder_file_clear(KxFolderFile *file)
{
    g_clear_pointer(&file->acl, kx_acl_unref);
}

static void append_acl(GString *out, const KxAcl *acl)
{
    g_autofree char *text = kx_acl_format(acl);
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n") + 1;
        g_string_append(out, ACL);
        g_string_append_len(out, line, (gssize)len);
        line += len;
    }
}

gboolean kx_folder_file_write(const char *dir, const KxFolderFile *file, gboolean sync,
                              GError **error)
{
    g_autofree char *path = g_build_filename(dir, "#folder", NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "%s\nid %u\nuidvalidity %u\nuidnext %u\ntype %s\nuse %u\n", FIRST_LINE,
                    file->id, file->uid_validity, file->uid_bound, TYPES[file->type],
                    file->special_use);
    append_acl(text, file->acl);
    return sync ? kx_write_file_durable(path, text->str, text->len, 0600, error)
                : write_plain(path, text->str, text->len, error);
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
    g_autoptr(GString) acl = g_string_new(NULL);
    KxFolderFile file = {.type = KX_TYPE_MAIL};
    if (!lines[0] || !g_str_equal(lines[0], FIRST_LINE))
        return kx_fail(error, KX_ERR_CORRUPT, "%s is not what the server wrote", path);
    for (guint i = 1; lines[i]; i++)
        if (g_str_has_prefix(lines[i], ACL))
            g_string_append_printf(acl, "%s\n", lines[i] + strlen(ACL));
        else
            read_line(&file, lines[i]);
    if (file.id == 0 || file.id > G_MAXINT32 || file.uid_validity == 0 || file.uid_bound == 0)
        return kx_fail(error, KX_ERR_CORRUPT, "%s is incomplete", path);
    file.acl = kx_acl_parse(acl->str);
    *ret_file = file;
    return TRUE;
}

KxFolderFile kx_folder_file_of(const KxFolder *folder)
{
    return (KxFolderFile){.id = folder->id,
                          .uid_validity = folder->meta.uid_validity,
                          .uid_bound = folder->meta.uid_bound,
                          .type = folder->type,
                          .special_use = folder->special_use,
                          .acl = folder->acl};
}

gboolean kx_folder_reserve_uid(KxFolder *folder, KxFolderMeta *meta, GError **error)
{
    if (meta->uid_next < meta->uid_bound)
        return TRUE;
    if (meta->uid_next >= KX_UID_MAX - KX_UID_RESERVE)
        return kx_fail(error, KX_ERR_TOO_BIG, "the folder %s has used up its UIDs", folder->path);
    KxFolderFile file = kx_folder_file_of(folder);
    file.uid_bound = meta->uid_next + KX_UID_RESERVE;
    if (!kx_folder_file_write(folder->dir, &file, TRUE, error))
        return FALSE;
    meta->uid_bound = file.uid_bound;
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-rotate.h"

#include <errno.h>
#include <unistd.h>

#include "log/log-file.h"

static gboolean remove_one(const char *path, guint generation)
{
    g_autofree char *log = kx_log_file_path(path, generation);
    g_autofree char *index = kx_log_file_index_path(path, generation);
    gboolean existed = unlink(log) == 0;
    unlink(index);
    return existed;
}

static gboolean move_one(const char *path, guint generation)
{
    g_autofree char *log = kx_log_file_path(path, generation);
    g_autofree char *log_to = kx_log_file_path(path, generation + 1);
    g_autofree char *index = kx_log_file_index_path(path, generation);
    g_autofree char *index_to = kx_log_file_index_path(path, generation + 1);
    if (rename(log, log_to) < 0)
        return FALSE;
    /* An index that stays behind or is missing is found unfit and built anew when read. */
    if (rename(index, index_to) < 0)
        unlink(index_to);
    return TRUE;
}

void kx_log_rotate_trim(const char *path, guint keep)
{
    for (guint generation = MAX(keep, 1); generation <= KX_LOG_KEEP_MAX; generation++)
        if (!remove_one(path, generation))
            break;
}

gboolean kx_log_rotate_files(const char *path, guint keep)
{
    if (keep <= 1) {
        kx_log_rotate_trim(path, keep);
        return remove_one(path, 0);
    }
    kx_log_rotate_trim(path, keep);
    remove_one(path, keep - 1);
    for (guint generation = keep - 1; generation-- > 1;)
        if (!move_one(path, generation) && errno != ENOENT)
            return FALSE;
    return move_one(path, 0);
}

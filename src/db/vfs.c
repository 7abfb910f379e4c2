/* SPDX-License-Identifier: Apache-2.0 */
#include "db/vfs.h"

#include <glib.h>
#include <sqlite3.h>

static int full_pathname(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    return g_strlcpy(out, name, (gsize)room) < (gsize)room ? SQLITE_OK : SQLITE_CANTOPEN;
}

const char *kx_vfs_name(void)
{
    static sqlite3_vfs layer;
    static gsize once;
    if (g_once_init_enter(&once)) {
        layer = *sqlite3_vfs_find(NULL);
        layer.pNext = NULL;
        layer.zName = "keryx";
        layer.xFullPathname = full_pathname;
        sqlite3_vfs_register(&layer, 0);
        g_once_init_leave(&once, 1);
    }
    return "keryx";
}

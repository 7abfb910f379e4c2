/* SPDX-License-Identifier: Apache-2.0 */
/* Which accounts there are, by their directories alone. */
#include <dirent.h>
#include <unistd.h>

#include "store/store-private.h"

static void add_place(const KxPlace *place, const char *file, GPtrArray *names)
{
    g_autofree char *path = g_build_filename(place->dir, file, NULL);
    if (access(path, F_OK) == 0)
        g_ptr_array_add(names, g_strdup(place->name));
}

static void add_below(const char *domain_dir, const char *file, GPtrArray *names)
{
    g_autofree char *path = g_build_filename(KX_MAIL_DIR, domain_dir, NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_auto(KxPlace) place = {0};
        if (kx_place_of_directory(domain_dir, name, &place))
            add_place(&place, file, names);
    }
    if (dir)
        g_dir_close(dir);
}

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *kx_store_account_names(const char *file)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_auto(KxPlace) public = {0};
    g_auto(KxPlace) archive = {0};
    GDir *dir = g_dir_open(KX_MAIL_DIR, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        add_below(name, file, names);
    if (dir)
        g_dir_close(dir);
    if (kx_place_of_public(NULL, &public, NULL))
        add_place(&public, file, names);
    kx_place_of_archive(&archive);
    add_place(&archive, file, names);
    g_ptr_array_sort(names, compare);
    return names;
}

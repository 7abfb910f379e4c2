/* SPDX-License-Identifier: Apache-2.0 */
/* Where aliases and forwarding may lead: to public folders only that are there (ALIAS-07). */
#include "base/error.h"
#include "directory/names.h"
#include "directory/object.h"

void kx_directory_on_public_folder(KxDirectory *directory, KxPublicFolderCheck func, gpointer data)
{
    directory->folder_check = func;
    directory->folder_check_data = data;
}

/* Of the object that is changed; NULL: there is none, which shows later. */
static char *domain_of(KxDirectory *directory, const char *name)
{
    g_autofree char *local = NULL, *domain = NULL;
    if (!kx_name_split(name, &local, &domain))
        return NULL;
    return domain != NULL ? kx_name_domain(domain, NULL) : kx_domain_primary(directory);
}

static gboolean check_list(KxDirectory *directory, const char *domain, const KxFieldRow *row,
                           const char *list, GError **error)
{
    g_auto(GStrv) targets = g_strsplit(list, ",", -1);
    for (guint i = 0; targets[i] != NULL; i++) {
        if (!g_str_has_prefix(targets[i], KX_NAME_PUBLIC) ||
            directory->folder_check(directory->folder_check_data, domain,
                                    targets[i] + strlen(KX_NAME_PUBLIC), error))
            continue;
        g_prefix_error(error, "%s: ", row->name);
        return FALSE;
    }
    return TRUE;
}

gboolean kx_targets_check(KxDirectory *directory, const KxObjectChange *change, GError **error)
{
    if (directory->folder_check == NULL)
        return TRUE;
    for (guint id = 0; id < KX_FIELD_COUNT; id++) {
        const KxFieldRow *row = kx_field_row((KxFieldId)id);
        const char *list = change->values.text[id];
        if (row->kind != &kx_kind_targets || list == NULL || strstr(list, KX_NAME_PUBLIC) == NULL)
            continue;
        g_autofree char *domain = domain_of(directory, change->given.name);
        if (domain != NULL && !check_list(directory, domain, row, list, error))
            return FALSE;
    }
    return TRUE;
}

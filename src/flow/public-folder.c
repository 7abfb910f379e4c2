/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/public-folder.h"

#include "base/error.h"
#include "store/folder.h"

static gboolean check_folder(KxAccount *account, const char *folder, GError **error)
{
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, folder, NULL);
    if (!info)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no public folder '%s'", folder);
    return info->type == KX_TYPE_MAIL ||
           kx_fail(error, KX_ERR_NOT_FOUND, "the public folder '%s' is not for mail", folder);
}

KxAccount *kx_public_folder_open(KxStore *store, KxDirectory *directory, const char *domain,
                                 const char *folder, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    gboolean shared =
        strcmp(kx_settings_text(settings, KX_SET_PUBLIC_FOLDERS_SCOPE), "server") == 0;
    g_autoptr(KxAccount) account = kx_store_public(store, shared ? NULL : domain, error);
    return account && check_folder(account, folder, error) ? g_steal_pointer(&account) : NULL;
}

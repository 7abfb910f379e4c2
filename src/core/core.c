/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include "flow/public-folder.h"

/* An account whose user was removed holds what it holds. */
static KxLimits limits(gpointer directory, const char *account)
{
    KxMailboxRules rules = {0};
    gboolean known = kx_user_rules(directory, account, &rules);
    return (KxLimits){rules.quota, rules.quota_items, rules.keep_deleted_days > 0, !known};
}

static gboolean public_folder(gpointer data, const char *domain, const char *folder, GError **error)
{
    const KxCore *core = data;
    g_autoptr(KxAccount) account =
        kx_public_folder_open(core->store, core->directory, domain, folder, error);
    return account != NULL;
}

gboolean kx_core_open_store(KxCore *core, GError **error)
{
    core->store = kx_store_open(core->logger, error);
    if (!core->store)
        return FALSE;
    kx_store_set_limits(core->store, limits, core->directory);
    kx_directory_on_public_folder(core->directory, public_folder, core);
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

/* An account whose user was removed holds what it holds. */
static KxLimits limits(gpointer directory, const char *account)
{
    KxMailboxRules rules = {0};
    gboolean known = kx_user_rules(directory, account, &rules);
    return (KxLimits){rules.quota, rules.quota_items, rules.keep_deleted_days > 0, !known};
}

gboolean kx_core_open_store(KxCore *core, GError **error)
{
    core->store = kx_store_open(core->logger, error);
    if (core->store)
        kx_store_set_limits(core->store, limits, core->directory);
    return core->store != NULL;
}

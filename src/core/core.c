/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

/* An account whose user was removed holds what it holds. */
static KxLimits quotas(gpointer directory, const char *account)
{
    KxLimits limits = {0};
    kx_user_quotas(directory, account, &limits.bytes, &limits.items);
    return limits;
}

gboolean kx_core_open_store(KxCore *core, GError **error)
{
    core->store = kx_store_open(core->logger, error);
    if (core->store)
        kx_store_set_limits(core->store, quotas, core->directory);
    return core->store != NULL;
}

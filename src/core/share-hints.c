/* SPDX-License-Identifier: Apache-2.0 */
#include "core/share-hints.h"

char *kx_share_identifier(KxAccount *account, const char *identifier)
{
    const char *name = *identifier == '-' ? identifier + 1 : identifier;
    return strcmp(name, "anyone") == 0 ? g_strdup(strrchr(kx_account_name(account), '@'))
                                       : g_strdup(name);
}

GPtrArray *kx_share_hints_missing(KxDirectory *directory, KxAccount *account)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
    if (kx_account_kind(account) != KX_ACCOUNT_PERSONAL)
        return missing;
    g_autoptr(GPtrArray) named = kx_account_identifiers(account);
    for (guint i = 0; i < named->len; i++) {
        g_autofree char *share = kx_share_identifier(account, named->pdata[i]);
        if (!kx_shares_has(directory, kx_account_name(account), share))
            g_ptr_array_add(missing, g_steal_pointer(&share));
    }
    return missing;
}

gboolean kx_share_hints_renew(KxDirectory *directory, KxAccount *account, GError **error)
{
    g_autoptr(GPtrArray) missing = kx_share_hints_missing(directory, account);
    for (guint i = 0; i < missing->len; i++)
        if (!kx_shares_add(directory, kx_account_name(account), missing->pdata[i], error))
            return FALSE;
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/object.h"

#include "base/error.h"

KxField *kx_call_fields(const KxCall *call, guint *ret_n)
{
    KxField *fields = g_new0(KxField, call->command->n_options);
    guint n = 0;
    for (guint i = 0; i < call->command->n_options; i++) {
        const char *name = call->command->options[i].name;
        const char *value = kx_call_text(call, name);
        if (value)
            fields[n++] = (KxField){name, value};
    }
    *ret_n = n;
    return fields;
}

KxAccount *kx_call_account(const KxCall *call, const KxUser *user, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s@%s", user->name, user->domain);
    g_autoptr(GError) inner = NULL;
    KxAccount *account = kx_store_existing_account(call->context->core->store, name, &inner);
    if (g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        kx_fail(error, KX_ERR_NOT_FOUND, "%s has no mailbox yet", name);
    else if (inner)
        g_propagate_error(error, g_steal_pointer(&inner));
    return account;
}

KxAccount *kx_call_any_account(const KxCall *call, const char *name, GError **error)
{
    const KxCore *core = call->context->core;
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxUser) user = kx_user_get(core->directory, name, &inner);
    if (user)
        return kx_call_account(call, user, error);
    KxAccount *account = kx_store_existing_account(core->store, name, NULL);
    if (!account)
        g_propagate_error(error, g_steal_pointer(&inner));
    return account;
}

json_t *kx_json_strings(char *const *texts)
{
    json_t *list = json_array();
    for (; texts && *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

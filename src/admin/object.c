/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/object.h"

#include <unistd.h>

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
    g_autofree char *path = g_build_filename("store/mail", user->domain, user->name, NULL);
    if (access(path, F_OK) == 0)
        return kx_store_account(call->context->core->store, user->domain, user->name, error);
    kx_fail(error, KX_ERR_NOT_FOUND, "%s@%s has no mailbox yet", user->name, user->domain);
    return NULL;
}

json_t *kx_json_strings(char *const *texts)
{
    json_t *list = json_array();
    for (; texts && *texts; texts++)
        json_array_append_new(list, json_string(*texts));
    return list;
}

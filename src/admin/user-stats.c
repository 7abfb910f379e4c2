/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/user-stats.h"

#include "directory/sign-ins.h"

static json_t *entry(const KxSignIn *sign_in)
{
    g_autoptr(GDateTime) last = g_date_time_new_from_unix_utc(sign_in->last);
    g_autofree char *text = last ? g_date_time_format(last, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("");
    return json_pack("{s:s, s:s, s:s, s:I, s:s}", "user", sign_in->login, "service",
                     sign_in->service, "last-login", text, "login-count",
                     (json_int_t)sign_in->count, "address", sign_in->address);
}

static GPtrArray *find(KxDirectory *directory, const char *who, GError **error)
{
    return who && strchr(who, '@') ? kx_sign_ins_of_user(directory, who, error)
                                   : kx_sign_ins_list(directory, who, error);
}

json_t *kx_user_stats_run(const KxCall *call, GError **error)
{
    const char *who = call->n_args > 0 ? call->args[0] : NULL;
    g_autoptr(GPtrArray) all = find(call->context->core->directory, who, error);
    if (!all)
        return NULL;
    json_t *list = json_array();
    for (guint i = 0; i < all->len; i++)
        json_array_append_new(list, entry(all->pdata[i]));
    return list;
}

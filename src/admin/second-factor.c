/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/second-factor.h"

#include "directory/totp.h"

static gboolean set(const KxCall *call, const char *secret, GError **error)
{
    const KxField field = {"second-factor", secret};
    const KxChange change = {.verb = KX_CHANGE_SET,
                             .object = KX_OBJECT_USER,
                             .name = call->args[0],
                             .fields = &field,
                             .n_fields = 1};
    return kx_object_change(call->context->core->directory, &call->context->admin, &change, 1, NULL,
                            error);
}

static json_t *describe(const KxCall *call, const char *secret, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(call->context->core->directory, call->args[0], error);
    g_autoptr(KxSettings) settings = kx_directory_settings(call->context->core->directory);
    if (!user)
        return NULL;
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    char *uri = kx_totp_uri(secret, kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), login);
    json_t *result = json_pack("{s:s, s:s, s:s}", "user", login, "secret", secret, "uri", uri);
    explicit_bzero(uri, strlen(uri));
    g_free(uri);
    return result;
}

json_t *kx_second_factor_run_new(const KxCall *call, GError **error)
{
    char *secret = kx_totp_new();
    json_t *result = set(call, secret, error) ? describe(call, secret, error) : NULL;
    explicit_bzero(secret, strlen(secret));
    g_free(secret);
    return result;
}

json_t *kx_second_factor_run_remove(const KxCall *call, GError **error)
{
    return set(call, NULL, error) ? json_null() : NULL;
}

void kx_second_factor_show(const json_t *result, FILE *out)
{
    fprintf(out, "%s\n%s\n", json_string_value(json_object_get(result, "secret")),
            json_string_value(json_object_get(result, "uri")));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/issued.h"

static json_t *time_json(gint64 seconds)
{
    g_autoptr(GDateTime) time = seconds > 0 ? g_date_time_new_from_unix_utc(seconds) : NULL;
    g_autofree char *text = time ? g_date_time_format_iso8601(time) : NULL;
    return text ? json_string(text) : json_null();
}

static json_t *scopes_json(guint scopes)
{
    g_autofree char *text = kx_scopes_text(scopes, ",");
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    json_t *list = json_array();
    for (guint i = 0; names[i]; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

json_t *kx_issued_make(const KxCall *call, KxIssuedWish *wish, guint presets, const char *key,
                       GError **error)
{
    gint64 days = kx_call_int(call, "expires", 0);
    const char *scopes = kx_call_text(call, "scopes");
    g_autofree char *secret = NULL;
    wish->expires = days > 0 ? g_get_real_time() / G_USEC_PER_SEC + days * 86400 : 0;
    wish->scopes = presets;
    if ((scopes && !kx_scopes_parse(wish->kind, scopes, &wish->scopes, error)) ||
        !kx_issued_add(call->context->core->directory, &call->context->admin, wish, &secret, error))
        return NULL;
    json_t *result = json_pack("{s:s, s:s, s:o, s:o}", key, wish->name, "secret", secret, "scopes",
                               scopes_json(wish->scopes), "expires", time_json(wish->expires));
    explicit_bzero(secret, strlen(secret));
    return result;
}

void kx_issued_show(const json_t *result, FILE *out)
{
    fprintf(out, "%s\n", json_string_value(json_object_get(result, "secret")));
}

static json_t *row(const KxIssued *issued, const char *key)
{
    json_t *json = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s}", key, issued->name, "user",
                             issued->user, "scopes", scopes_json(issued->scopes), "created",
                             time_json(issued->created), "expires", time_json(issued->expires),
                             "used", time_json(issued->used), "used-for", issued->used_for,
                             "used-from", issued->used_from);
    if (issued->kind == KX_ISSUED_TOKEN)
        json_object_set_new(json, "read-only", json_boolean(issued->read_only));
    return json;
}

json_t *kx_issued_rows(const KxCall *call, KxIssuedKind kind, const char *user, const char *key,
                       GError **error)
{
    g_autoptr(GPtrArray) all = kx_issued_list(call->context->core->directory, kind, user, error);
    json_t *list = all ? json_array() : NULL;
    for (guint i = 0; all && i < all->len; i++)
        json_array_append_new(list, row(all->pdata[i], key));
    return list;
}

json_t *kx_issued_take(const KxCall *call, KxIssuedKind kind, const char *user, const char *name,
                       GError **error)
{
    const KxServerHooks *server = call->context->server;
    if (!kx_issued_remove(call->context->core->directory, &call->context->admin, kind, user, name,
                          error))
        return NULL;
    if (server)
        server->end_sessions(server->data);
    return json_null();
}

/* ---- application passwords ---- */

static const char KEY[] = "app-password";

json_t *kx_app_password_run_add(const KxCall *call, GError **error)
{
    KxIssuedWish wish = {
        .kind = KX_ISSUED_APP_PASSWORD, .user = call->args[0], .name = call->args[1]};
    return kx_issued_make(call, &wish, KX_SCOPES_MAIL, KEY, error);
}

json_t *kx_app_password_run_list(const KxCall *call, GError **error)
{
    return kx_issued_rows(call, KX_ISSUED_APP_PASSWORD, call->args[0], KEY, error);
}

json_t *kx_app_password_run_remove(const KxCall *call, GError **error)
{
    return kx_issued_take(call, KX_ISSUED_APP_PASSWORD, call->args[0], call->args[1], error);
}

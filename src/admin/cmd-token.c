/* SPDX-License-Identifier: Apache-2.0 */
/* keryx token: what programs show to the administration API instead of a password. */
#include "admin/command.h"

#include "base/error.h"
#include "directory/tokens.h"

static json_t *time_json(gint64 seconds)
{
    g_autoptr(GDateTime) time = seconds > 0 ? g_date_time_new_from_unix_utc(seconds) : NULL;
    g_autofree char *text = time ? g_date_time_format_iso8601(time) : NULL;
    return text ? json_string(text) : json_null();
}

static json_t *to_json(const KxToken *token)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "token", token->name, "user", token->user,
                     "read-only", token->read_only, "created", time_json(token->created), "expires",
                     time_json(token->expires), "used", time_json(token->used));
}

static json_t *list(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) tokens = kx_token_list(call->context->core->directory);
    json_t *all = json_array();
    for (guint i = 0; i < tokens->len; i++)
        json_array_append_new(all, to_json(tokens->pdata[i]));
    return all;
}

static json_t *add(const KxCall *call, GError **error)
{
    gint64 days = kx_call_int(call, "expires", 0);
    gint64 expires = days > 0 ? g_get_real_time() / G_USEC_PER_SEC + days * 86400 : 0;
    g_autofree char *secret = NULL;
    if (!kx_token_add(call->context->core->directory, &call->context->admin, call->args[0],
                      kx_call_text(call, "user"), kx_call_flag(call, "read-only"), expires, &secret,
                      error))
        return NULL;
    json_t *result = json_pack("{s:s, s:s, s:o}", "token", call->args[0], "secret", secret,
                               "expires", time_json(expires));
    explicit_bzero(secret, strlen(secret));
    return result;
}

static json_t *remove_token(const KxCall *call, GError **error)
{
    return kx_token_remove(call->context->core->directory, &call->context->admin, call->args[0],
                           error)
               ? json_null()
               : NULL;
}

static void show_secret(const json_t *result, FILE *out)
{
    fprintf(out, "%s\n", json_string_value(json_object_get(result, "secret")));
}

static const KxOption add_options[] = {
    {"user", KX_OPTION_TEXT, "USER@DOMAIN", "For whom it acts, with the rights that he has.",
     .required = TRUE},
    {"read-only", KX_OPTION_FLAG, NULL, "It can look, but change nothing."},
    {"expires", KX_OPTION_INT, "DAYS", "Days after which it ends; never if not given.",
     .max = 36500},
};

static const KxCommand commands[] = {
    {.words = "token add",
     .args = "NAME",
     .api = "POST /tokens token",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(add_options),
     .run = add,
     .show = show_secret,
     .manual = "Makes a token for the administration API and prints it, this once: what is kept "
               "does not tell it."},
    {.words = "token list",
     .args = "",
     .api = "GET /tokens",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns =
         "token:Token,user:User,read-only:Read-only,created:Made,expires:Until,used:Last use",
     .manual = "Lists the tokens, without what is secret of them."},
    {.words = "token remove",
     .args = "NAME",
     .api = "DELETE /tokens/{token}",
     .min_args = 1,
     .max_args = 1,
     .run = remove_token,
     .manual = "Removes a token: who shows it is refused from now on."},
};

const KxTopic kx_topic_token = {"token", "Tokens for the API", commands, G_N_ELEMENTS(commands)};

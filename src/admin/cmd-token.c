/* SPDX-License-Identifier: Apache-2.0 */
/* keryx token: what programs show instead of a password, to the administration API and, by
 * OAUTHBEARER and XOAUTH2, to mail services. */
#include "admin/issued.h"

static const char KEY[] = "token";

static json_t *list(const KxCall *call, GError **error)
{
    return kx_issued_rows(call, KX_ISSUED_TOKEN, NULL, KEY, error);
}

static json_t *add(const KxCall *call, GError **error)
{
    KxIssuedWish wish = {.kind = KX_ISSUED_TOKEN,
                         .name = call->args[0],
                         .user = kx_call_text(call, "user"),
                         .read_only = kx_call_flag(call, "read-only")};
    return kx_issued_make(call, &wish, KX_SCOPE_ADMIN, KEY, error);
}

static json_t *remove_token(const KxCall *call, GError **error)
{
    return kx_issued_take(call, KX_ISSUED_TOKEN, NULL, call->args[0], error);
}

static const KxOption add_options[] = {
    {"user", KX_OPTION_TEXT, "USER@DOMAIN", "For whom it acts, with the rights that he has.",
     .required = TRUE},
    {"read-only", KX_OPTION_FLAG, NULL, "In the administration it can look, but change nothing."},
    {"scopes", KX_OPTION_LIST, "SCOPE,...",
     "What it opens: admin (the API), imap, pop3, smtp (submission); admin if not given."},
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
     .show = kx_issued_show,
     .manual = "Makes a token for the administration API, or for mail programs that sign in with "
               "OAUTHBEARER or XOAUTH2, and prints it, this once: what is kept does not tell it."},
    {.words = "token list",
     .args = "",
     .api = "GET /tokens",
     .run = list,
     .flags = KX_COMMAND_READS,
     .columns =
         "token:Token,user:User,scopes:Scopes,read-only:Read-only,created:Made,expires:Until,"
         "used:Last use,used-for:Service,used-from:Address",
     .manual = "Lists the tokens, without what is secret of them."},
    {.words = "token remove",
     .args = "NAME",
     .api = "DELETE /tokens/{token}",
     .min_args = 1,
     .max_args = 1,
     .run = remove_token,
     .manual = "Removes a token: who shows it is refused from now on, and its sessions end."},
};

const KxTopic kx_topic_token = {"token", "Tokens for programs", commands, G_N_ELEMENTS(commands)};

/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user: accounts (USR-11 to USR-42). */
#include "admin/object.h"

#include "base/error.h"
#include "store/acl.h"
#include "store/metadata.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-user.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption remove_options[] = {
    {"delete-mail", KX_OPTION_FLAG, NULL,
     "Deletes the messages too; without it they stay in the store."},
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static json_t *show(const KxCall *call, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(call->context->core->directory, call->args[0], error);
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxAccount) account = user ? kx_call_account(call, user, &inner) : NULL;
    if (inner && !g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&inner));
        return NULL;
    }
    if (!user)
        return NULL;
    KxUsage usage = account ? kx_account_usage(account) : (KxUsage){0};
    json_t *result = kx_object_json(KX_OBJECT_USER, &user->record);
    json_object_set_new(result, "items", json_integer((json_int_t)usage.items));
    json_object_set_new(result, "bytes", json_integer((json_int_t)usage.bytes));
    return result;
}

/* Before the account goes: if it fails, the command can be given again. */
static gboolean delete_mail(const KxCore *core, const KxUser *user, GError **error)
{
    g_autoptr(GError) inner = NULL;
    if (kx_store_remove_account(core->store, user->domain, user->name, &inner) ||
        g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    if (g_error_matches(inner, KX_ERROR, KX_ERR_IN_USE))
        return kx_fail(error, KX_ERR_IN_USE,
                       "%s@%s is signed in: disable the account (keryx user set --disabled yes), "
                       "then try again",
                       user->name, user->domain);
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

static gboolean forget_in(const KxCore *core, const char *account_name, const char *login,
                          GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_autoptr(KxAccount) account = kx_store_existing_account(core->store, account_name, &inner);
    if (account)
        return kx_account_forget_identifier(account, login, error) &&
               kx_metadata_forget_user(account, login, error);
    if (g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&inner));
    return FALSE;
}

static gboolean forget_in_shares(const KxCore *core, const char *identifier, const char *login,
                                 GError **error)
{
    g_autoptr(GPtrArray) owners = kx_shares_owners(core->directory, identifier);
    for (guint i = 0; i < owners->len; i++)
        if (strcmp(owners->pdata[i], login) != 0 &&
            !forget_in(core, owners->pdata[i], login, error))
            return FALSE;
    return TRUE;
}

static gboolean forget_in_public(const KxCore *core, const char *login, GError **error)
{
    g_autoptr(GPtrArray) names = kx_store_account_names(NULL);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (*name == '#' && !forget_in(core, name, login, error))
            return FALSE;
    }
    return TRUE;
}

/* What he has on folders of others, on public ones and on the archive, rights and private metadata:
 * the next one of that name is somebody else. */
static gboolean forget_elsewhere(const KxCore *core, const KxUser *user, GError **error)
{
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    const char *everybody = strrchr(login, '@');
    return forget_in_shares(core, login, login, error) &&
           forget_in_shares(core, everybody, login, error) && forget_in_public(core, login, error);
}

static json_t *remove_user(const KxCall *call, GError **error)
{
    const KxCore *core = call->context->core;
    g_autoptr(KxUser) user = kx_user_get(core->directory, call->args[0], error);
    if (!user || !forget_elsewhere(core, user, error) ||
        (kx_call_flag(call, "delete-mail") && !delete_mail(core, user, error)))
        return NULL;
    return kx_object_run_remove(call, error);
}

static const KxCommand commands[] = {
    {.words = "user add",
     .args = "USER@DOMAIN",
     .api = "POST /users user",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_add,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Adds an account. Without @DOMAIN it is made in the primary domain."},
    {.words = "user list",
     .args = "[DOMAIN]",
     .api = "GET /users domain",
     .max_args = 1,
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "user:User,name:Name,disabled:Disabled,addresses:Addresses,description:Description",
     .manual = "Lists the accounts of one domain, or all."},
    {.words = "user show",
     .args = "USER@DOMAIN",
     .api = "GET /users/{user}",
     .min_args = 1,
     .max_args = 1,
     .run = show,
     .flags = KX_COMMAND_READS | KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual = "Shows one account, and how much its mailbox holds."},
    {.words = "user set",
     .args = "USER@DOMAIN",
     .api = "PATCH /users/{user}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_set,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Changes an account. An empty value takes the field away."},
    {.words = "user remove",
     .args = "USER@DOMAIN",
     .api = "DELETE /users/{user}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(remove_options),
     .object = KX_OBJECT_USER,
     .run = remove_user,
     .flags = KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual =
         "Removes an account, and what rights and private metadata it has on folders of others."},
};

const KxTopic kx_topic_user = {"user", "Accounts", commands, G_N_ELEMENTS(commands)};

/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user: accounts (USR-11 to USR-42). */
#include "admin/object.h"
#include "admin/user-csv.h"

#include <unistd.h>

#include "base/error.h"
#include "store/acl.h"

static const KxOption add_options[] = {
    {"template", KX_OPTION_TEXT, "TEMPLATE",
     "Takes from this template what is not given; it must be for the domain or for all."},
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-user.h"
};

static const KxOption many_options[] = {
    {"search", KX_OPTION_TEXT, "TEXT", "Only accounts with this text in a name or another field."},
    {"dry-run", KX_OPTION_FLAG, NULL, "Changes nothing; shows which accounts would be changed."},
#include "directory/fields-user.h"
};

static const KxOption fields[] = {
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

static const KxOption import_options[] = {
    {"template", KX_OPTION_TEXT, "TEMPLATE",
     "Takes from this template what the table does not give."},
    {"dry-run", KX_OPTION_FLAG, NULL, "Adds nobody; says which lines are wrong, and why."},
    {"all-or-none", KX_OPTION_FLAG, NULL, "Adds nobody if any line is wrong."},
    {"encoding", KX_OPTION_TEXT, "NAME",
     "Character encoding of the file, such as windows-1250; UTF-8 without it."},
    {"first-line", KX_OPTION_INT, "N", "The number of the first line after the header.",
     G_MAXINT32},
};

static const KxOption export_options[] = {
    {"with-hashes", KX_OPTION_FLAG, NULL,
     "Also what is stored of the passwords: keep the file as safe as these."},
};

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

static gboolean forget_in(KxAccount *account, const char *login, GError **error)
{
    g_autoptr(KxAccount) owned = account;
    return owned && kx_account_forget_identifier(owned, login, error);
}

static gboolean forget_in_public(const KxCore *core, const char *login, GError **error)
{
    g_autoptr(GPtrArray) domains = kx_domain_list(core->directory);
    for (guint i = 0; i < domains->len; i++) {
        const char *domain = ((KxDomain *)domains->pdata[i])->name;
        g_autofree char *path = g_build_filename("store/mail", domain, "#public", NULL);
        if (access(path, F_OK) == 0 &&
            !forget_in(kx_store_public(core->store, domain, error), login, error))
            return FALSE;
    }
    return access("store/public", F_OK) < 0 ||
           forget_in(kx_store_public(core->store, NULL, error), login, error);
}

/* Rights he was given on folders of others: the next one of that name is somebody else. */
static gboolean forget_rights(const KxCore *core, const KxUser *user, GError **error)
{
    g_autofree char *login = g_strdup_printf("%s@%s", user->name, user->domain);
    g_autoptr(GPtrArray) owners = kx_shares_owners(core->directory, login);
    for (guint i = 0; i < owners->len; i++) {
        g_autoptr(KxUser) owner = kx_user_get(core->directory, owners->pdata[i], NULL);
        if (owner && !forget_in(kx_store_account(core->store, owner->domain, owner->name, error),
                                login, error))
            return FALSE;
    }
    return forget_in_public(core, login, error) &&
           (access("store/archive", F_OK) < 0 ||
            forget_in(kx_store_archive(core->store, error), login, error));
}

static json_t *remove_user(const KxCall *call, GError **error)
{
    const KxCore *core = call->context->core;
    g_autoptr(KxUser) user = kx_user_get(core->directory, call->args[0], error);
    if (!user || !forget_rights(core, user, error) ||
        (kx_call_flag(call, "delete-mail") && !delete_mail(core, user, error)))
        return NULL;
    return kx_object_run_remove(call, error);
}

static const KxCommand commands[] = {
    {.words = "user add",
     .args = "USER@DOMAIN",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(add_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_add,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Adds an account. Without @DOMAIN it is made in the primary domain."},
    {.words = "user list",
     .args = "[DOMAIN]",
     .max_args = 1,
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "user:User,name:Name,disabled:Disabled,addresses:Addresses,description:Description",
     .manual = "Lists the accounts of one domain, or all."},
    {.words = "user show",
     .args = "USER@DOMAIN",
     .min_args = 1,
     .max_args = 1,
     .run = show,
     .flags = KX_COMMAND_READS | KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual = "Shows one account, and how much its mailbox holds."},
    {.words = "user set",
     .args = "USER@DOMAIN...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_set,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Changes an account, or several in the same way: all of them or none. An empty "
               "value takes the field away; what is not given stays."},
    {.words = "user set-many",
     .args = "[DOMAIN]",
     .max_args = 1,
     KX_OPTIONS(many_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_set_found,
     .flags = KX_COMMAND_ACCOUNTS,
     .columns = "user:User,name:Name",
     .manual = "Changes all accounts of a domain, or of all, or those that --search finds, as one "
               "change: all of them or none. Lists which."},
    {.words = "user remove",
     .args = "USER@DOMAIN",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(remove_options),
     .object = KX_OBJECT_USER,
     .run = remove_user,
     .flags = KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual = "Removes an account."},
    {.words = "user import",
     .args = "DOMAIN FILE",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(import_options),
     .run = kx_user_run_import,
     .local = kx_user_import,
     .flags = KX_COMMAND_ACCOUNTS,
     .manual = "Adds the accounts of a CSV table to a domain; - reads standard input. The first "
               "line names the columns, in any order: Name, Password, FullName, MailAddress, "
               "Groups, Description, and any field of keryx user set. Lines that are wrong are "
               "reported with their numbers, the others are added, some hundred at a time."},
    {.words = "user export",
     .args = "[DOMAIN]",
     .max_args = 1,
     KX_OPTIONS(export_options),
     .run = kx_user_run_export,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .manual = "Prints the accounts of a domain, or all, as a CSV table that keryx user import "
               "reads."},
};

const KxTopic kx_topic_user = {"user", "Accounts", commands, G_N_ELEMENTS(commands)};

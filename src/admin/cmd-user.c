/* SPDX-License-Identifier: Apache-2.0 */
/* keryx user: accounts (USR-11 to USR-42). */
#include "admin/directory-import.h"
#include "admin/export.h"
#include "admin/issued.h"
#include "admin/object.h"
#include "admin/second-factor.h"
#include "admin/user-csv.h"
#include "admin/user-mailbox.h"
#include "admin/user-remove.h"
#include "admin/user-stats.h"

#include "base/error.h"

static const KxOption add_options[] = {
    {"template", KX_OPTION_TEXT, "TEMPLATE",
     "Takes from this template what is not given; it must be for the domain or for all."},
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-user.h"
};

static const KxOption many_options[] = {
    {"search", KX_OPTION_TEXT, "TEXT", "Only accounts with this text in a name or another field."},
    {"users", KX_OPTION_LIST, "USER,...", "Only these accounts."},
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
    {"move-mail-to", KX_OPTION_TEXT, "USER@DOMAIN",
     "Moves the mailbox to another user, into the folder 'Deleted mailbox - USER@DOMAIN'."},
    KX_OBJECT_CHANGE_OPTIONS,
};

static const KxOption recover_options[] = {
    {"since", KX_OPTION_TEXT, "DATE", "Only what was deleted on that day (2026-07-31) or later."},
    {"dry-run", KX_OPTION_FLAG, NULL, "Only says how much there is."},
};
static const KxOption export_options[] = {KX_EXPORT_OPTIONS};
static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};

static const KxOption import_options[] = {
    {"template", KX_OPTION_TEXT, "TEMPLATE",
     "Takes from this template what the table does not give."},
    {"dry-run", KX_OPTION_FLAG, NULL, "Adds nobody; says which lines are wrong, and why."},
    {"all-or-none", KX_OPTION_FLAG, NULL, "Adds nobody if any line is wrong."},
    {"encoding", KX_OPTION_TEXT, "NAME",
     "Character encoding of the file, such as windows-1250; UTF-8 without it.", .local = TRUE},
    {"first-line", KX_OPTION_INT, "N", "The number of the first line after the header.", G_MAXINT32,
     .local = TRUE},
};

static const KxOption import_directory_options[] = {
    {"type", KX_OPTION_TEXT, "active-directory|openldap|freeipa|edirectory",
     "What the directory is like; it decides which entries are users, and where their attributes "
     "are found.",
     .required = TRUE},
    {"server", KX_OPTION_LIST, "HOST[:PORT],...",
     "Its servers; each further one is asked when those before do not answer.", .required = TRUE},
    {"tls", KX_OPTION_TEXT, "tls|starttls|none",
     "How the connection is protected: LDAPS if not given. The certificate must be good and name "
     "the host. "
     "none sends the password in the clear."},
    {"ca", KX_OPTION_LINES, "TEXT",
     "Certificates (PEM) of the authorities that vouch for the servers, in place of those the "
     "system trusts."},
    {"user", KX_OPTION_TEXT, "USER",
     "Who reads the directory: a DN, or in an Active Directory also name@domain. Nobody if not "
     "given."},
    {"password", KX_OPTION_SECRET, "SECRET",
     "The password of that user; - reads it from standard input."},
    {"name", KX_OPTION_TEXT, "DOMAIN",
     "Name of the domain in the directory, if it is another one than here."},
    {"base", KX_OPTION_TEXT, "DN",
     "Entry below which the users are; made of the name of the domain if not given."},
    {"filter", KX_OPTION_TEXT, "FILTER",
     "LDAP filter of the entries that are users, in place of the usual one of the type."},
    {"attributes", KX_OPTION_LIST, "WHAT=ATTRIBUTE,...",
     "Attributes in place of the usual ones, as in directory-attributes of domains."},
    {"timeout", KX_OPTION_TEXT, "SECONDS",
     "How long one answer of a server may take; 5 seconds if not given."},
    {"authentication", KX_OPTION_TEXT, "password|kerberos|pam",
     "Who checks the passwords of the accounts, as the field authentication has it. If not given "
     "and no template is, kerberos for an Active Directory in a domain with kerberos-realm."},
    {"template", KX_OPTION_TEXT, "TEMPLATE",
     "Takes from this template what the directory does not say."},
    {"dry-run", KX_OPTION_FLAG, NULL,
     "Adds nobody; lists whom it would, and who cannot be, and why."},
    {"all-or-none", KX_OPTION_FLAG, NULL, "Adds nobody if anybody cannot be."},
};

static const KxOption app_password_options[] = {
    {"scopes", KX_OPTION_LIST, "SCOPE,...",
     "What it opens: imap, pop3, smtp (submission); all of them if not given."},
    {"expires", KX_OPTION_INT, "DAYS", "Days after which it ends; never if not given.",
     .max = 36500},
};

static const KxOption csv_options[] = {
    {"with-hashes", KX_OPTION_FLAG, NULL,
     "Also what is stored of the passwords, and second factors: keep the file as safe as these."},
};

static const KxCommand commands[] = {
    {.words = "user add",
     .args = "USER@DOMAIN",
     .api = "POST /users user",
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
     .api = "GET /users domain",
     .max_args = 1,
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "user:User,name:Name,source:Data source,disabled:Disabled,addresses:Addresses,"
                "description:Description",
     .manual = "Lists the accounts of one domain, or all."},
    {.words = "user show",
     .args = "USER@DOMAIN",
     .api = "GET /users/{user}",
     .min_args = 1,
     .max_args = 1,
     .run = kx_user_show_run,
     .flags = KX_COMMAND_READS | KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual = "Shows one account, and how much its mailbox holds, with quotas also in percent of "
               "them; what is kept of deleted items counts apart."},
    {.words = "user set",
     .args = "USER@DOMAIN...",
     .api = "PATCH /users/{user}",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_set,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Changes an account, or several in the same way: all of them or none. An empty "
               "value takes the field away; what is not given stays."},
    {.words = "user recover",
     .args = "USER@DOMAIN",
     .api = "POST /users/{user}/recover",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(recover_options),
     .run = kx_user_recover_run,
     .show = kx_user_recover_show,
     .flags = KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual = "Brings what the user deleted for good back into Deleted Items, if the domain keeps "
               "it (keep-deleted-days)."},
    {.words = "user stats",
     .args = "[USER@DOMAIN|DOMAIN]",
     .api = "GET /statistics domain; GET /users/{user}/statistics",
     .max_args = 1,
     KX_OPTIONS(export_options),
     .run = kx_user_stats_run,
     .local = kx_export_local,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "user:User,service:Service,last-login:Last login,login-count:Login count,"
                "address:Address",
     .manual = "Shows when and from where an account, those of a domain or all signed in last, and "
               "how often, for each service."},
    {.words = "user set-many",
     .args = "[DOMAIN]",
     .api = "PATCH /users domain",
     .max_args = 1,
     KX_OPTIONS(many_options),
     .object = KX_OBJECT_USER,
     .run = kx_object_run_set_found,
     .flags = KX_COMMAND_ACCOUNTS,
     .columns = "user:User,name:Name",
     .manual = "Changes all accounts of a domain, or of all, or those that --search finds or "
               "--users names, as one "
               "change: all of them or none. Lists which."},
    {.words = "user remove",
     .args = "USER@DOMAIN",
     .api = "DELETE /users/{user}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(remove_options),
     .object = KX_OBJECT_USER,
     .run = kx_user_remove_run,
     .show = kx_user_remove_show,
     .flags = KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual =
         "Removes an account, and what rights and private metadata it has on folders of others. "
         "Its "
         "sessions end. Without an option its messages stay in the store. Tells which aliases "
         "still name the account."},
    {.words = "user import",
     .args = "DOMAIN FILE",
     .api = "POST /domains/{domain}/users.csv table",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(import_options),
     .run = kx_user_run_import,
     .local = kx_user_import,
     .flags = KX_COMMAND_ACCOUNTS | KX_COMMAND_TABLE,
     .manual = "Adds the accounts of a CSV table to a domain; - reads standard input. The first "
               "line names the columns, in any order: Name, Password, FullName, MailAddress, "
               "Groups, Description, and any field of keryx user set. Lines that are wrong are "
               "reported with their numbers, the others are added, some hundred at a time."},
    {.words = "user import-directory",
     .args = "DOMAIN [USER...]",
     .api = "POST /domains/{domain}/directory-import users...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(import_directory_options),
     .run = kx_directory_import_run,
     .local = kx_directory_import_local,
     .flags = KX_COMMAND_SERVER,
     .columns = "user:User,name:Name,addresses:Addresses,state:State,entry:Entry",
     .manual =
         "Adds accounts to a domain for the users of an LDAP directory, or for those that are "
         "named: once. The accounts are kept here from then on, and what changes in the "
         "directory is not followed; see directory-hosts of domains for what is. They have no "
         "password. Who cannot be added is listed with the reason, and the others are added."},
    {.words = "user export",
     .args = "[DOMAIN]",
     .api = "GET /users.csv domain; GET /domains/{domain}/users.csv",
     .max_args = 1,
     KX_OPTIONS(csv_options),
     .run = kx_user_run_export,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS | KX_COMMAND_TABLE,
     .manual = "Prints the accounts of a domain, or all, as a CSV table that keryx user import "
               "reads."},
    {.words = "user second-factor new",
     .args = "USER@DOMAIN",
     .api = "POST /users/{user}/second-factor",
     .min_args = 1,
     .max_args = 1,
     .run = kx_second_factor_run_new,
     .show = kx_second_factor_show,
     .flags = KX_COMMAND_ACCOUNTS,
     .manual =
         "Gives a user a second factor for the administration and prints its secret, this once, "
         "as a text and as the URL that programs on phones read. From then on the password "
         "opens the administration over HTTPS only with a code of such a program. One that there "
         "was is replaced."},
    {.words = "user second-factor remove",
     .args = "USER@DOMAIN",
     .api = "DELETE /users/{user}/second-factor",
     .min_args = 1,
     .max_args = 1,
     .run = kx_second_factor_run_remove,
     .flags = KX_COMMAND_ACCOUNTS,
     .show = kx_show_nothing,
     .manual = "Takes the second factor of a user away, as when the phone is lost."},
    {.words = "user app-password add",
     .args = "USER@DOMAIN NAME",
     .api = "POST /users/{user}/app-passwords app-password",
     .min_args = 2,
     .max_args = 2,
     KX_OPTIONS(app_password_options),
     .run = kx_app_password_run_add,
     .show = kx_issued_show,
     .flags = KX_COMMAND_ACCOUNTS,
     .manual = "Makes a password for one device or program of a user and prints it, this once: "
               "what is kept does not tell it. It opens mail, with the user's name and PLAIN or "
               "LOGIN, whatever the user's own password becomes; not the administration."},
    {.words = "user app-password list",
     .args = "USER@DOMAIN",
     .api = "GET /users/{user}/app-passwords",
     .min_args = 1,
     .max_args = 1,
     .run = kx_app_password_run_list,
     .flags = KX_COMMAND_READS | KX_COMMAND_ACCOUNTS,
     .columns = "app-password:Name,scopes:Scopes,created:Made,expires:Until,used:Last use,"
                "used-for:Service,used-from:Address",
     .manual = "Lists the application passwords of a user, without what is secret of them, and "
               "when, for what and from where each was used last."},
    {.words = "user app-password remove",
     .args = "USER@DOMAIN NAME",
     .api = "DELETE /users/{user}/app-passwords/{app-password}",
     .min_args = 2,
     .max_args = 2,
     .run = kx_app_password_run_remove,
     .flags = KX_COMMAND_ACCOUNTS,
     .manual = "Removes an application password: it is refused from now on, and the sessions that "
               "it opened end."},
};

const KxTopic kx_topic_user = {"user", "Accounts", commands, G_N_ELEMENTS(commands)};

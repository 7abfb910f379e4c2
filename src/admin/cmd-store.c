/* SPDX-License-Identifier: Apache-2.0 */
/* keryx reindex, keryx store check: the indexes of the message store (TRB-01 to TRB-06). */
#include <unistd.h>

#include "admin/cli-private.h"
#include "admin/object.h"
#include "base/error.h"
#include "core/share-hints.h"
#include "mailbox/clean.h"

static json_t *check_account(const KxCall *call, KxAccount *account, GError **error)
{
    g_autoptr(GPtrArray) lines = kx_account_check(account, error);
    if (!lines)
        return NULL;
    json_t *texts = json_array();
    for (guint i = 0; i < lines->len; i++)
        json_array_append_new(texts, json_string(lines->pdata[i]));
    g_autoptr(GPtrArray) missing = kx_share_hints_missing(call->context->core->directory, account);
    for (guint i = 0; i < missing->len; i++)
        json_array_append_new(texts, json_sprintf("the directory does not know that it shares "
                                                  "folders with %s",
                                                  (const char *)missing->pdata[i]));
    return json_pack("{s:s, s:o}", "user", kx_account_name(account), "differences", texts);
}

static json_t *reindex(const KxCall *call, GError **error)
{
    const KxCore *core = call->context->core;
    g_autoptr(KxAccount) account = kx_call_any_account(call, call->args[0], error);
    guint items;
    if (!account)
        return NULL;
    if (kx_call_flag(call, "check"))
        return check_account(call, account, error);
    if (!kx_account_reindex(account, &items, error) ||
        !kx_share_hints_renew(core->directory, account, error))
        return NULL;
    if (core->search) /* the files may be others now */
        kx_search_wish(core->search, account, TRUE);
    kx_call_log(call, "Index of %s rebuilt, %u items", kx_account_name(account), items);
    return json_pack("{s:s, s:i}", "user", kx_account_name(account), "items", (int)items);
}

static void show_reindexed(const json_t *result, FILE *out)
{
    const char *user = json_string_value(json_object_get(result, "user"));
    const json_t *differences = json_object_get(result, "differences");
    if (!differences)
        fprintf(out, "%s: the index is new, %" JSON_INTEGER_FORMAT " items\n", user,
                json_integer_value(json_object_get(result, "items")));
    for (size_t i = 0; i < json_array_size(differences); i++)
        fprintf(out, "%s: %s\n", user, json_string_value(json_array_get(differences, i)));
}

/* Exit status 1 when index and files differ. */
static int reindex_and_judge(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    if (!answer)
        return kx_cli_fail(error);
    int status = kx_cli_answer(invocation, answer);
    const json_t *result = json_object_get(answer, "result");
    return json_array_size(json_object_get(result, "differences")) > 0 ? KX_EXIT_FAILED : status;
}

/* ---- all accounts ---- */

static json_t *store_accounts(G_GNUC_UNUSED const KxCall *call, G_GNUC_UNUSED GError **error)
{
    g_autoptr(GPtrArray) found = kx_store_account_names(NULL);
    json_t *names = json_array();
    for (guint i = 0; i < found->len; i++)
        json_array_append_new(names, json_string(found->pdata[i]));
    return names;
}

/* Asks as `keryx reindex USER --check` would. */
static json_t *ask_check(const KxInvocation *invocation, const char *user, GError **error)
{
    guint used;
    g_autoptr(GPtrArray) args = g_ptr_array_new();
    g_ptr_array_add(args, (gpointer)user);
    json_auto_t *options = json_pack("{s:b}", "check", 1);
    KxInvocation one = *invocation;
    one.command = kx_command_find((const char *const[]){"reindex"}, 1, &used);
    one.args = args;
    one.options = options;
    return kx_cli_ask(&one, error);
}

static void show_progress(size_t done, size_t all)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\rChecking accounts: %zu of %zu%s", done, all, done == all ? "\n" : "");
}

/* Checks them one by one, so that the server is never held up for long. Returns the differing
 * accounts. */
static json_t *check_all(const KxInvocation *invocation, const json_t *names, GError **error)
{
    json_auto_t *found = json_array();
    size_t n = json_array_size(names);
    for (size_t i = 0; i < n; i++) {
        json_auto_t *answer =
            ask_check(invocation, json_string_value(json_array_get(names, i)), error);
        if (!answer)
            return NULL;
        json_t *result = json_object_get(answer, "result");
        const char *text = json_string_value(json_object_get(answer, "error"));
        if (text)
            json_array_append_new(found, json_pack("{s:O, s:[s]}", "user", json_array_get(names, i),
                                                   "differences", text));
        else if (json_array_size(json_object_get(result, "differences")) > 0)
            json_array_append(found, result);
        show_progress(i + 1, n);
    }
    return json_incref(found);
}

static int store_check(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    if (!answer)
        return kx_cli_fail(error);
    const json_t *names = json_object_get(answer, "result");
    if (!names)
        return kx_cli_answer(invocation, answer);
    json_auto_t *found = check_all(invocation, names, &error);
    if (!found)
        return kx_cli_fail(error);
    if (invocation->json)
        kx_show_json(found, stdout);
    for (size_t i = 0; !invocation->json && i < json_array_size(found); i++)
        show_reindexed(json_array_get(found, i), stdout);
    if (!invocation->json)
        printf("%zu accounts checked, %zu with differences\n", json_array_size(names),
               json_array_size(found));
    return json_array_size(found) > 0 ? KX_EXIT_FAILED : KX_EXIT_OK;
}

/* ---- clean-out ---- */

static gboolean clean_one(const KxCore *core, const char *login, KxCleaned *cleaned, GError **error)
{
    g_autoptr(KxUser) user = kx_user_get(core->directory, login, error);
    return user && kx_clean_mailbox(core->store, core->directory, user, cleaned, error);
}

static json_t *clean(const KxCall *call, GError **error)
{
    const KxCore *core = call->context->core;
    const char *who = call->n_args > 0 ? call->args[0] : NULL;
    KxCleaned cleaned = {0};
    gboolean one = who && strchr(who, '@');
    if (!(one ? clean_one(core, who, &cleaned, error)
              : kx_clean_all(core->store, core->directory, core->logger, who, NULL, NULL, &cleaned,
                             error)))
        return NULL;
    return json_pack("{s:I, s:I, s:I}", "items", (json_int_t)cleaned.items, "folders",
                     (json_int_t)cleaned.folders, "expired", (json_int_t)cleaned.expired);
}

static void show_cleaned(const json_t *result, FILE *out)
{
    fprintf(out,
            "%" JSON_INTEGER_FORMAT " items deleted, %" JSON_INTEGER_FORMAT
            " empty folders removed, %" JSON_INTEGER_FORMAT " kept items gone for good\n",
            json_integer_value(json_object_get(result, "items")),
            json_integer_value(json_object_get(result, "folders")),
            json_integer_value(json_object_get(result, "expired")));
}

static const KxOption reindex_options[] = {
    {"check", KX_OPTION_FLAG, NULL,
     "Only compares index and files: prints each difference and ends with status 1 if there is "
     "one."},
};

static const KxCommand commands[] = {
    {.words = "reindex",
     .args = "ACCOUNT",
     .api = "POST /indexes/{account}/rebuild",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(reindex_options),
     .run = reindex,
     .local = reindex_and_judge,
     .show = show_reindexed,
     .flags = KX_COMMAND_STORE,
     .manual =
         "Builds the index of an account anew from its files. UIDs and flags stay. The account "
         "is USER@DOMAIN, #public@DOMAIN or #public for public folders, or #archive. With whom "
         "a user shares folders is told to the directory, in case that it comes from an old "
         "backup."},
    {.words = "store clean",
     .args = "[USER@DOMAIN|DOMAIN]",
     .api = "POST /clean-out domain; POST /users/{user}/clean-out",
     .max_args = 1,
     .run = clean,
     .show = show_cleaned,
     .flags = KX_COMMAND_STORE | KX_COMMAND_ACCOUNTS,
     .manual = "Cleans up now what the server cleans up every six hours: old items in the junk "
               "folder and in Deleted Items, and deleted items that were kept long enough."},
    {.words = "store check",
     .args = "",
     .api = "GET /indexes",
     .run = store_accounts,
     .local = store_check,
     .flags = KX_COMMAND_READS,
     .manual = "Compares index and files of every account, those of public folders and the archive "
               "too. Ends with status 1 if some differ; keryx reindex repairs them."},
};

const KxTopic kx_topic_store = {"store", "The message store", commands, G_N_ELEMENTS(commands)};

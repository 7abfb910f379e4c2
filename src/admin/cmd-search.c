/* SPDX-License-Identifier: Apache-2.0 */
/* keryx search: the indexes of full texts, and what search finds messages by. */
#include "admin/cli-private.h"
#include "admin/object.h"
#include "admin/search-text.h"
#include "base/error.h"

/* ---- status ---- */

static json_t *numbers(guint items, guint indexed)
{
    return json_pack("{s:i, s:i, s:i}", "items", (int)items, "indexed", (int)indexed, "lagging",
                     (int)(items - indexed));
}

static json_t *account_line(KxAccount *account, const KxSearchStatus *status)
{
    json_t *line = numbers(status->items, status->indexed);
    json_object_set_new(line, "user", json_string(kx_account_name(account)));
    json_object_set_new(line, "size", json_integer((json_int_t)status->bytes));
    json_object_set_new(line, "state", json_string(status->waiting ? "waiting" : "idle"));
    return line;
}

static json_t *one_account(const KxCall *call, const char *name, GError **error)
{
    KxSearch *search = call->context->core->search;
    g_autoptr(KxAccount) account = kx_call_any_account(call, name, error);
    g_autoptr(KxSearchStatus) status = account ? kx_search_status(search, account, error) : NULL;
    if (!status)
        return NULL;
    json_t *folders = json_array();
    for (guint i = 0; i < status->folders->len; i++) {
        const KxSearchFolderStatus *folder = status->folders->pdata[i];
        json_t *line = numbers(folder->items, folder->indexed);
        json_object_set_new(line, "folder", json_string(folder->path));
        json_array_append_new(folders, line);
    }
    json_t *line = account_line(account, status);
    json_object_set_new(line, "queue", json_integer(kx_search_queue_length(search)));
    json_object_set_new(line, "folders", folders);
    return line;
}

static void add_account(const KxCore *core, const char *name, json_t *lines)
{
    g_autoptr(KxAccount) account = kx_store_existing_account(core->store, name, NULL);
    g_autoptr(KxSearchStatus) status =
        account ? kx_search_status(core->search, account, NULL) : NULL;
    if (status)
        json_array_append_new(lines, account_line(account, status));
}

static json_t *status(const KxCall *call, GError **error)
{
    if (call->n_args > 0)
        return one_account(call, call->args[0], error);
    g_autoptr(GPtrArray) names = kx_store_account_names(KX_SEARCH_FILE);
    json_t *lines = json_array();
    for (guint i = 0; i < names->len; i++)
        add_account(call->context->core, names->pdata[i], lines);
    return lines;
}

static const char ACCOUNT_COLUMNS[] =
    "user:User,items:Items,indexed:Indexed,lagging:Lagging,size:Bytes,state:State";
static const char FOLDER_COLUMNS[] = "folder:Folder,items:Items,indexed:Indexed,lagging:Lagging";

static void show_status(const json_t *result, FILE *out)
{
    if (json_is_array(result)) {
        kx_show_table(ACCOUNT_COLUMNS, result, out);
        return;
    }
    json_auto_t *lines = json_array();
    json_array_append(lines, (json_t *)result);
    kx_show_table(ACCOUNT_COLUMNS, lines, out);
    fputc('\n', out);
    kx_show_table(FOLDER_COLUMNS, json_object_get(result, "folders"), out);
    fprintf(out, "\nAccounts that wait to be indexed: %" JSON_INTEGER_FORMAT "\n",
            json_integer_value(json_object_get(result, "queue")));
}

/* ---- rebuild ---- */

static json_t *rebuild(const KxCall *call, GError **error)
{
    g_autoptr(KxAccount) account = kx_call_any_account(call, call->args[0], error);
    if (!account)
        return NULL;
    kx_search_wish(call->context->core->search, account, TRUE);
    kx_call_log(call, "Search index of %s is made anew", kx_account_name(account));
    return json_pack("{s:s, s:i}", "user", kx_account_name(account), "queue",
                     (int)kx_search_queue_length(call->context->core->search));
}

static void show_rebuild(const json_t *result, FILE *out)
{
    fprintf(out, "%s: the search index is made anew in the background\n",
            json_string_value(json_object_get(result, "user")));
}

static const KxOption text_options[] = KX_SEARCH_TEXT_OPTIONS;

static const KxCommand commands[] = {
    {.words = "search status",
     .args = "[ACCOUNT]",
     .api = "GET /search-indexes account",
     .max_args = 1,
     .run = status,
     .show = show_status,
     .flags = KX_COMMAND_READS | KX_COMMAND_STORE | KX_COMMAND_SERVER,
     .manual = "How far the full texts of messages are indexed: of an account, folder by folder, "
               "or of all accounts that have an index. Messages that lag are read when somebody "
               "searches."},
    {.words = "search rebuild",
     .args = "ACCOUNT",
     .api = "POST /search-indexes/{account}/rebuild",
     .min_args = 1,
     .max_args = 1,
     .run = rebuild,
     .show = show_rebuild,
     .flags = KX_COMMAND_STORE | KX_COMMAND_SERVER,
     .manual = "Makes the index of an account's full texts anew, in the background."},
    {KX_SEARCH_TEXT_COMMAND, KX_OPTIONS(text_options)},
};

const KxTopic kx_topic_search = {"search", "Search", commands, G_N_ELEMENTS(commands)};

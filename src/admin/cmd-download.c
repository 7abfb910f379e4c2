/* SPDX-License-Identifier: Apache-2.0 */
/* keryx download: mailboxes on other servers, whose mail is brought here (POP3D-01 to POP3D-13). */
#include "admin/object.h"
#include "base/error.h"

static const KxOption fields[] = {
#define KX_FIELD KX_FIELD_OPTION
#include "directory/fields-download.h"
#undef KX_FIELD
    KX_OBJECT_CHANGE_OPTIONS,
};

enum { WAIT_SECONDS = 600 };

static const KxOption list_options[] = {KX_OBJECT_LIST_OPTIONS};
static const KxOption change_options[] = {KX_OBJECT_CHANGE_OPTIONS};

static const KxOption run_options[] = {
    {"wait", KX_OPTION_FLAG, NULL, "Waits until it is over, ten minutes at most.", 0},
};

/* ---- what became of it ---- */

static char *local_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = seconds ? g_date_time_new_from_unix_local(seconds) : NULL;
    return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("");
}

static json_t *last_json(KxFetcher *fetcher, const char *name)
{
    KxFetchResult last;
    gboolean running;
    if (!fetcher || !kx_fetcher_result(fetcher, name, &last, &running))
        return json_null();
    g_autofree char *began = local_time(last.began), *ended = local_time(last.ended);
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:s}", "state",
                     running     ? "running"
                     : last.good ? "good"
                                 : "failed",
                     "began", began, "ended", ended, "on-server", (int)last.listed, "delivered",
                     (int)last.taken, "duplicates", (int)last.copies, "left", (int)last.left,
                     "deleted", (int)last.deleted, "error", last.text);
}

static json_t *show(const KxCall *call, GError **error)
{
    json_t *json = kx_object_run_show(call, error);
    if (json)
        json_object_set_new(json, "last-session",
                            last_json(call->context->core->fetcher,
                                      json_string_value(json_object_get(json, "download"))));
    return json;
}

/* ---- sessions ---- */

static json_t *results(const KxCall *call, const char *name)
{
    KxFetcher *fetcher = call->context->core->fetcher;
    json_t *all = json_array();
    g_autoptr(GPtrArray) downloads = kx_object_list(call->context->core->directory,
                                                    KX_OBJECT_DOWNLOAD, &(KxQuery){0}, NULL, NULL);
    for (guint i = 0; i < downloads->len; i++) {
        const KxRecord *record = downloads->pdata[i];
        json_t *last = last_json(fetcher, record->name);
        if (json_is_object(last) && (!name || g_ascii_strcasecmp(name, record->name) == 0)) {
            json_object_set_new(last, "download", json_string(record->name));
            json_array_append_new(all, last);
        } else {
            json_decref(last);
        }
    }
    return all;
}

static json_t *run(const KxCall *call, GError **error)
{
    KxFetcher *fetcher = call->context->core->fetcher;
    const char *name = call->n_args > 0 ? call->args[0] : NULL;
    guint n;
    if (!kx_fetcher_begin(fetcher, name, &n, error))
        return NULL;
    if (kx_call_flag(call, "wait") && !kx_fetcher_wait(fetcher, name, WAIT_SECONDS)) {
        kx_fail(error, KX_ERR_BUSY, "it goes on; keryx download show says what becomes of it");
        return NULL;
    }
    return results(call, name);
}

static json_t *test(const KxCall *call, GError **error)
{
    guint messages;
    if (!kx_fetcher_test(call->context->core->fetcher, call->args[0], &messages, error))
        return NULL;
    return json_pack("{s:i}", "messages", (int)messages);
}

static json_t *forget(const KxCall *call, GError **error)
{
    if (!kx_fetcher_forget(call->context->core->fetcher, call->args[0], error))
        return NULL;
    kx_call_log(call, "Download \"%s\": all messages count as new again", call->args[0]);
    return json_null();
}

static const KxCommand commands[] = {
    {.words = "download add",
     .args = "DOWNLOAD",
     .api = "POST /downloads download",
     .min_args = 1,
     .max_args = 1,
     .options = fields,
     .n_options = G_N_ELEMENTS(fields) - G_N_ELEMENTS(change_options),
     .object = KX_OBJECT_DOWNLOAD,
     .run = kx_object_run_add,
     .show = kx_show_nothing,
     .manual = "Adds a mailbox on another server, under a name of its own. Mail is downloaded when "
               "a schedule or keryx download run says so."},
    {.words = "download list",
     .args = "",
     .api = "GET /downloads",
     KX_OPTIONS(list_options),
     .object = KX_OBJECT_DOWNLOAD,
     .run = kx_object_run_list,
     .flags = KX_COMMAND_READS,
     .columns = "download:Download,protocol:Protocol,host:Server,login:Login,deliver-to:Deliver to,"
                "disabled:Disabled,description:Description",
     .manual = "Lists the mailboxes on other servers."},
    {.words = "download show",
     .args = "DOWNLOAD",
     .api = "GET /downloads/{download}",
     .min_args = 1,
     .max_args = 1,
     .object = KX_OBJECT_DOWNLOAD,
     .run = show,
     .flags = KX_COMMAND_READS,
     .manual = "Shows one of them, and what became of its last session since the server started."},
    {.words = "download set",
     .args = "DOWNLOAD",
     .api = "PATCH /downloads/{download}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(fields),
     .object = KX_OBJECT_DOWNLOAD,
     .run = kx_object_run_set,
     .show = kx_show_nothing,
     .manual = "Changes one of them. An empty value takes the field away."},
    {.words = "download remove",
     .args = "DOWNLOAD",
     .api = "DELETE /downloads/{download}",
     .min_args = 1,
     .max_args = 1,
     KX_OPTIONS(change_options),
     .object = KX_OBJECT_DOWNLOAD,
     .run = kx_object_run_remove,
     .manual = "Removes one of them. What was downloaded stays, and so does what is on the other "
               "server."},
    {.words = "download run",
     .args = "[DOWNLOAD]",
     .api = "POST /download-runs download",
     .max_args = 1,
     KX_OPTIONS(run_options),
     .run = run,
     .flags = KX_COMMAND_SERVER,
     .columns = "download:Download,state:State,on-server:On server,delivered:Delivered,"
                "duplicates:Duplicates,left:Left,deleted:Deleted,error:Error",
     .manual = "Downloads mail now: from one mailbox, or from all that are not disabled."},
    {.words = "download test",
     .args = "DOWNLOAD",
     .api = "POST /downloads/{download}/test",
     .min_args = 1,
     .max_args = 1,
     .run = test,
     .flags = KX_COMMAND_SERVER,
     .manual = "Signs in to the other server and counts the messages there, without downloading "
               "any."},
    {.words = "download forget",
     .args = "DOWNLOAD",
     .api = "POST /downloads/{download}/forget",
     .min_args = 1,
     .max_args = 1,
     .run = forget,
     .flags = KX_COMMAND_SERVER,
     .manual = "Forgets which messages were downloaded: those that are still on the other server "
               "come again."},
};

const KxTopic kx_topic_download = {"download", "Mailboxes on other servers", commands,
                                   G_N_ELEMENTS(commands)};

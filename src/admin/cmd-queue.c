/* SPDX-License-Identifier: Apache-2.0 */
/* keryx queue: messages on their way (SMTP-35, STAT-02 to STAT-08). */
#include "admin/command.h"

#include "base/error.h"
#include "flow/queue-steer.h"
#include "settings/value.h"

static char *local_time(gint64 seconds, GTimeZone *zone)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);
    g_autoptr(GDateTime) time = utc ? g_date_time_to_timezone(utc, zone) : NULL;
    return time ? g_date_time_format(time, "%Y-%m-%d %H:%M:%S") : g_strdup("");
}

static json_t *recipients(const KxEnvelope *envelope)
{
    json_t *all = json_array();
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:s?, s:s?}", "address", rcpt->address,
                                        "original", rcpt->original ? rcpt->original : rcpt->address,
                                        "account", rcpt->account, "status", rcpt->status));
    }
    return all;
}

static json_t *addresses(const KxEnvelope *envelope)
{
    enum { SHOWN = 3 };
    json_t *all = json_array();
    for (guint i = 0; i < MIN(envelope->recipients->len, SHOWN); i++)
        json_array_append_new(
            all, json_string(((KxEnvelopeRcpt *)envelope->recipients->pdata[i])->address));
    if (envelope->recipients->len > SHOWN) {
        g_autofree char *more = g_strdup_printf("and %u more", envelope->recipients->len - SHOWN);
        json_array_append_new(all, json_string(more));
    }
    return all;
}

static json_t *summary(const KxQueueItem *item, GTimeZone *zone)
{
    const KxEnvelope *envelope = item->envelope;
    g_autofree char *created = local_time(envelope->created, zone);
    g_autofree char *next = envelope->held || item->untimed ? g_strdup("")
                            : envelope->next_try > 0        ? local_time(envelope->next_try, zone)
                                                            : g_strdup("ASAP");
    const char *status = NULL;
    for (guint i = 0; i < envelope->recipients->len && !status; i++)
        status = ((KxEnvelopeRcpt *)envelope->recipients->pdata[i])->status;
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:I, s:o, s:I, s:s, s:s, s:s}", "id", envelope->id, "created", created,
        "sender", envelope->sender, "size", (json_int_t)(envelope->size - envelope->skip),
        "recipients", addresses(envelope), "attempts", (json_int_t)envelope->attempts, "next-try",
        next, "state", kx_queue_state_word(item->state), "status", status ? status : "");
    if (item->server)
        json_object_set_new(row, "server", json_string(item->server));
    if (item->percent > 0)
        json_object_set_new(row, "percent", json_integer(item->percent));
    return row;
}

/* ---- filters ---- */

static gboolean read_filter(const KxCall *call, KxQueueFilter *ret, GError **error)
{
    const char *older = kx_call_text(call, "older-than");
    const char *larger = kx_call_text(call, "larger-than");
    KxQueueFilter filter = {
        .sender = kx_call_text(call, "sender"),
        .recipient = kx_call_text(call, "recipient"),
        .domain = kx_call_text(call, "domain"),
        .subject = kx_call_text(call, "subject"),
        .state = kx_call_text(call, "state"),
    };
    gint64 size = 0;
    if ((older &&
         !kx_setting_amount_parse(KX_SETTING_DURATION, older, &filter.older_than, error)) ||
        (larger && !kx_setting_amount_parse(KX_SETTING_SIZE, larger, &size, error)) ||
        !kx_queue_filter_check(&filter, error))
        return FALSE;
    filter.larger_than = (guint64)size;
    *ret = filter;
    return TRUE;
}

/* IDs of the messages that are meant: those named, those that the filter finds, or all. */
static GPtrArray *choose(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    KxQueueFilter filter;
    gboolean filtered = json_object_size(call->options) >
                        (gsize)(kx_call_flag(call, "bounce") + kx_call_flag(call, "all"));
    if (call->n_args > 0 && (filtered || kx_call_flag(call, "all"))) {
        kx_fail(error, KX_ERR_INVALID, "name messages, or say which by options, not both");
        return NULL;
    }
    if (call->n_args == 0 && !filtered && !kx_call_flag(call, "all")) {
        kx_fail(error, KX_ERR_INVALID, "name messages, or say which by options; --all means all");
        return NULL;
    }
    for (guint i = 0; i < call->n_args; i++)
        g_ptr_array_add(ids, g_strdup(call->args[i]));
    if (call->n_args > 0)
        return g_steal_pointer(&ids);
    if (!read_filter(call, &filter, error))
        return NULL;
    return kx_queue_find(call->context->core->queue, &filter);
}

/* What a filter found may be gone by now; what was named must be there. */
static json_t *steer(const KxCall *call, KxQueueAction action, GError **error)
{
    g_autoptr(GPtrArray) ids = choose(call, error);
    guint done = 0, later = 0;
    for (guint i = 0; ids && i < ids->len; i++) {
        g_autoptr(GError) problem = NULL;
        gboolean busy = FALSE;
        if (kx_queue_steer(call->context->core->queue, call->context->admin.name, ids->pdata[i],
                           action, &busy, &problem)) {
            done += !busy;
            later += busy != FALSE;
        } else if (call->n_args > 0) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
    }
    return ids ? json_pack("{s:i, s:i}", "messages", (int)done, "later", (int)later) : NULL;
}

static void show_steered(const json_t *result, FILE *out)
{
    json_int_t later = json_integer_value(json_object_get(result, "later"));
    if (later > 0)
        fprintf(out,
                "%" JSON_INTEGER_FORMAT
                " being delivered right now: done when the attempt is over, "
                "if anything is left then.\n",
                later);
}

/* ---- commands ---- */

#define LIST_COLUMNS                                                                               \
    "id:ID,created:Created,size:Size,sender:Sender,recipients:Recipients,attempts:Attempts,"       \
    "next-try:Next try,state:State,status:Status"

typedef struct {
    json_t *rows;
    GTimeZone *zone; /* finding it costs more than the rest of a row */
} List;

static void append_row(const KxQueueItem *item, gpointer data)
{
    const List *list = data;
    json_array_append_new(list->rows, summary(item, list->zone));
}

static json_t *list(const KxCall *call, GError **error)
{
    KxQueueFilter filter;
    if (!read_filter(call, &filter, error))
        return NULL;
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    List all = {json_array(), zone};
    kx_queue_each(call->context->core->queue, &filter, append_row, &all);
    return all.rows;
}

static void show_list(const json_t *result, FILE *out)
{
    json_int_t size = 0;
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)result, i, row) size +=
        json_integer_value(json_object_get(row, "size"));
    kx_show_table(LIST_COLUMNS, result, out);
    g_autofree char *text = g_format_size_full((guint64)size, G_FORMAT_SIZE_IEC_UNITS);
    fprintf(out, "%zu messages, %s\n", json_array_size(result), text);
}

static json_t *deliveries(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) found = kx_queue_deliveries(call->context->core->queue);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    json_t *all = json_array();
    for (guint i = 0; i < found->len; i++) {
        const KxQueueDelivery *delivery = found->pdata[i];
        json_array_append_new(all, json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:i}", "id",
                                             delivery->id, "size", (json_int_t)delivery->size,
                                             "sender", delivery->sender ? delivery->sender : "",
                                             "recipients", delivery->to ? delivery->to : "",
                                             "state", kx_queue_state_word(delivery->state),
                                             "server", delivery->server ? delivery->server : "",
                                             "seconds", (json_int_t)MAX(now - delivery->since, 0),
                                             "percent", (int)delivery->percent));
    }
    return all;
}

static json_t *show(const KxCall *call, GError **error)
{
    g_autoptr(KxQueueItem) item = kx_queue_item(call->context->core->queue, call->args[0], error);
    if (!item)
        return NULL;
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    const KxEnvelope *envelope = item->envelope;
    g_autofree char *subject = kx_queue_subject(envelope);
    json_t *result = summary(item, zone);
    json_object_set_new(result, "subject", json_string(subject));
    json_object_set_new(result, "recipients", recipients(envelope));
    json_object_set_new(result, "service", json_string(envelope->service ? envelope->service : ""));
    json_object_set_new(result, "user", json_string(envelope->user ? envelope->user : ""));
    json_object_set_new(result, "address",
                        json_string(envelope->remote_ip ? envelope->remote_ip : ""));
    json_object_set_new(result, "tls", json_boolean(envelope->secure));
    return result;
}

static void show_envelope(const json_t *result, FILE *out)
{
    json_auto_t *head = json_copy((json_t *)result);
    const json_t *list_of = json_object_get(result, "recipients");
    json_object_del(head, "recipients");
    kx_show_object(head, out);
    fprintf(out, "\n");
    kx_show_table("address:Recipient,original:As sent to,account:Account,status:Last answer",
                  list_of, out);
}

static json_t *run_all(const KxCall *call, GError **error)
{
    guint n = kx_queue_run_now(call->context->core->queue);
    return json_pack("{s:i}", "messages", (int)n);
}

static json_t *retry(const KxCall *call, GError **error)
{
    return steer(call, KX_QUEUE_RETRY, error);
}

static json_t *hold(const KxCall *call, GError **error)
{
    return steer(call, KX_QUEUE_HOLD, error);
}

static json_t *release(const KxCall *call, GError **error)
{
    return steer(call, KX_QUEUE_FREE, error);
}

static json_t *remove_messages(const KxCall *call, GError **error)
{
    return steer(call, kx_call_flag(call, "bounce") ? KX_QUEUE_BOUNCE : KX_QUEUE_REMOVE, error);
}

#define FILTERS                                                                                    \
    {"sender", KX_OPTION_TEXT, "ADDRESS", "Sent by this address; may hold * and ?."},              \
        {"recipient", KX_OPTION_TEXT, "ADDRESS",                                                   \
         "Still to go to this address; may hold * and ?."},                                        \
        {"domain", KX_OPTION_TEXT, "DOMAIN",                                                       \
         "Still to go to an address in this domain; may hold * and ?."},                           \
        {"subject", KX_OPTION_TEXT, "TEXT", "With this text in the subject."},                     \
        {"older-than", KX_OPTION_TEXT, "TIME", "In the queue for longer, like 30m, 2h or 1d."},    \
        {"larger-than", KX_OPTION_TEXT, "SIZE", "Larger, like 500K or 10M."},                      \
    {                                                                                              \
        "state", KX_OPTION_TEXT, "STATE",                                                          \
            "waiting, held, executing, local delivery, SMTP delivery or terminating."              \
    }
#define ALL                                                                                        \
    {                                                                                              \
        "all", KX_OPTION_FLAG, NULL, "All messages."                                               \
    }

static const KxOption list_options[] = {FILTERS};
static const KxOption steer_options[] = {FILTERS, ALL};
static const KxOption remove_options[] = {
    FILTERS, ALL, {"bounce", KX_OPTION_FLAG, NULL, "The senders are told."}};

static const KxCommand commands[] = {
    {.words = "queue list",
     .args = "",
     .api = "GET /queue",
     KX_OPTIONS(list_options),
     .run = list,
     .flags = KX_COMMAND_READS | KX_COMMAND_QUEUE,
     .columns = LIST_COLUMNS,
     .show = show_list,
     .manual = "Lists the messages that wait to be delivered, and what is being done with them. "
               "Next try ASAP: none was made yet, or it is due. Status: why it waits."},
    {.words = "queue deliveries",
     .args = "",
     .api = "GET /queue-deliveries",
     .run = deliveries,
     .flags = KX_COMMAND_READS | KX_COMMAND_QUEUE | KX_COMMAND_SERVER,
     .columns = "id:ID,size:Size,sender:Sender,recipients:Recipients,state:State,server:Server,"
                "seconds:Seconds,percent:Percent",
     .manual = "Lists the deliveries on their way: with which server, since when, and how much of "
               "the message it has."},
    {.words = "queue show",
     .args = "ID",
     .api = "GET /queue/{message}",
     .min_args = 1,
     .max_args = 1,
     .run = show,
     .flags = KX_COMMAND_READS | KX_COMMAND_QUEUE,
     .show = show_envelope,
     .manual = "Shows one of them."},
    {.words = "queue run",
     .args = "",
     .api = "POST /queue/run",
     .run = run_all,
     .flags = KX_COMMAND_QUEUE | KX_COMMAND_SERVER,
     .manual = "Tries all messages now that are not held, also when the connection is set to "
               "offline."},
    {.words = "queue retry",
     .args = "[ID...]",
     .api = "POST /queue/{message}/retry",
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(steer_options),
     .run = retry,
     .flags = KX_COMMAND_QUEUE | KX_COMMAND_SERVER,
     .show = show_steered,
     .manual = "Tries some of them now: those named, or those that the options find."},
    {.words = "queue hold",
     .args = "[ID...]",
     .api = "POST /queue/{message}/hold",
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(steer_options),
     .run = hold,
     .flags = KX_COMMAND_QUEUE,
     .show = show_steered,
     .manual =
         "Keeps messages in the queue, untried, until they are released or removed; also over "
         "a restart. They do not come back to their senders meanwhile."},
    {.words = "queue release",
     .args = "[ID...]",
     .api = "POST /queue/{message}/release",
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(steer_options),
     .run = release,
     .flags = KX_COMMAND_QUEUE,
     .show = show_steered,
     .manual = "Lets messages that were held go. Their time in the queue begins anew."},
    {.words = "queue remove",
     .args = "[ID...]",
     .api = "DELETE /queue/{message}",
     .max_args = KX_ARGS_MAX,
     KX_OPTIONS(remove_options),
     .run = remove_messages,
     .flags = KX_COMMAND_QUEUE,
     .show = show_steered,
     .manual = "Removes messages from the queue for good. Nobody is told, unless --bounce is "
               "given."},
};

const KxTopic kx_topic_queue = {"queue", "Messages on their way", commands, G_N_ELEMENTS(commands)};

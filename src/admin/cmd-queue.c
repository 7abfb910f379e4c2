/* SPDX-License-Identifier: Apache-2.0 */
/* keryx queue: messages on their way (SMTP-35). */
#include "admin/command.h"

#include "flow/queue.h"

static char *local_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);
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

static json_t *summary(const KxEnvelope *envelope)
{
    g_autofree char *created = local_time(envelope->created);
    g_autofree char *next =
        envelope->next_try > 0 ? local_time(envelope->next_try) : g_strdup("now");
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:I, s:s}", "id", envelope->id, "created", created,
                     "sender", envelope->sender, "size", (json_int_t)envelope->size, "recipients",
                     addresses(envelope), "attempts", (json_int_t)envelope->attempts, "next-try",
                     next);
}

static json_t *list(const KxCall *call, GError **error)
{
    g_autoptr(GPtrArray) envelopes = kx_queue_list(call->context->core->queue);
    json_t *all = json_array();
    for (guint i = 0; i < envelopes->len; i++)
        json_array_append_new(all, summary(envelopes->pdata[i]));
    return all;
}

static json_t *show(const KxCall *call, GError **error)
{
    g_autoptr(KxEnvelope) envelope = kx_queue_get(call->context->core->queue, call->args[0], error);
    if (!envelope)
        return NULL;
    json_t *result = summary(envelope);
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

static json_t *remove_message(const KxCall *call, GError **error)
{
    for (guint i = 0; i < call->n_args; i++)
        if (!kx_queue_remove(call->context->core->queue, &call->context->admin, call->args[i],
                             error))
            return NULL;
    return json_null();
}

static json_t *run_all(const KxCall *call, GError **error)
{
    guint n = kx_queue_run_now(call->context->core->queue, NULL, error);
    return json_pack("{s:i}", "messages", (int)n);
}

static json_t *retry(const KxCall *call, GError **error)
{
    GError *problem = NULL;
    for (guint i = 0; i < call->n_args && !problem; i++)
        kx_queue_run_now(call->context->core->queue, call->args[i], &problem);
    if (!problem)
        return json_null();
    g_propagate_error(error, problem);
    return NULL;
}

static const KxCommand commands[] = {
    {.words = "queue list",
     .args = "",
     .api = "GET /queue",
     .run = list,
     .flags = KX_COMMAND_READS | KX_COMMAND_QUEUE,
     .columns = "id:ID,created:Created,size:Size,sender:Sender,recipients:Recipients,attempts:"
                "Attempts,next-try:Next try",
     .manual = "Lists the messages that wait to be delivered."},
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
     .run = run_all,
     .flags = KX_COMMAND_QUEUE | KX_COMMAND_SERVER,
     .manual = "Tries all messages now, also when the connection is set to offline."},
    {.words = "queue retry",
     .args = "ID...",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     .run = retry,
     .flags = KX_COMMAND_QUEUE | KX_COMMAND_SERVER,
     .manual = "Tries some of them now."},
    {.words = "queue remove",
     .args = "ID...",
     .api = "DELETE /queue/{message}",
     .min_args = 1,
     .max_args = KX_ARGS_MAX,
     .run = remove_message,
     .flags = KX_COMMAND_QUEUE,
     .manual = "Removes messages from the queue for good. Nobody is told."},
};

const KxTopic kx_topic_queue = {"queue", "Messages on their way", commands, G_N_ELEMENTS(commands)};

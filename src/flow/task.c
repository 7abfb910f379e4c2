/* SPDX-License-Identifier: Apache-2.0 */
/* Shipments on their way: tasks for the courier, and what it answers. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue-private.h"
#include "flow/report-message.h"

enum {
    RECIPIENTS_MAX = 100,
    RECIPIENTS_SHOWN = 3,
    ORCPT_MAX = 480,
    NO_COURIER = 2 /* seconds until it is tried again */
};

static void result_free(gpointer data)
{
    KxTaskResult *result = data;
    if (!result)
        return;
    g_free(result->status);
    g_free(result);
}

void kx_task_free(gpointer data)
{
    KxTask *task = data;
    g_free(task->shipment);
    g_array_unref(task->recipients);
    g_ptr_array_unref(task->results);
    g_free(task->status);
    g_free(task->host);
    g_free(task->ip);
    g_free(task->tls);
    g_free(task->id);
    g_free(task->sender);
    g_free(task->to);
    g_free(task);
}

/* ---- the entry of a shipment ---- */

/* One less; at the last the message is settled, unless it could not even be read. */
static void shipment_over(KxQueue *queue, KxShipment *shipment, gboolean tried,
                          gint64 put_off_until, const GError *error)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, shipment->id);
    entry->shipments--;
    entry->tried |= tried;
    entry->put_off_until = MAX(entry->put_off_until, put_off_until);
    gboolean last = entry->shipments == 0;
    KxEnvelope *envelope = last ? g_steal_pointer(&entry->envelope) : NULL;
    gboolean any = entry->tried;
    gint64 until = entry->put_off_until;
    if (last) {
        entry->tried = FALSE;
        entry->put_off_until = 0;
    }
    pthread_mutex_unlock(&queue->lock);
    if (envelope)
        kx_queue_settle(queue, envelope, any, until);
    else if (last)
        kx_queue_postpone(queue, shipment->id, error);
    g_free(shipment);
}

/* Read if it is the message's first shipment. Entries that are claimed are the runner's own. */
static KxEnvelope *envelope_of(KxQueue *queue, const KxShipment *shipment, GError **error)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, shipment->id);
    pthread_mutex_unlock(&queue->lock);
    if (!entry->envelope)
        entry->envelope = kx_queue_read(shipment->id, error);
    return entry->envelope;
}

static gboolean goes_by(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt,
                        const KxRoute *route)
{
    if (!kx_envelope_rcpt_is_remote_due(rcpt) || rcpt->tried)
        return FALSE;
    pthread_mutex_lock(&queue->lock);
    gboolean same = kx_route_find(queue, envelope, rcpt) == route;
    pthread_mutex_unlock(&queue->lock);
    return same;
}

void kx_task_put_off(KxQueue *queue, KxShipment *shipment)
{
    g_autoptr(GError) error = NULL;
    KxEnvelope *envelope = envelope_of(queue, shipment, &error);
    const KxRoute *route = shipment->route;
    for (guint i = 0; envelope && i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (!goes_by(queue, envelope, rcpt, route))
            continue;
        g_free(rcpt->status);
        rcpt->status = g_strdup(route->down_status);
    }
    shipment_over(queue, shipment, FALSE, route->down_until, error);
}

/* ---- starting ---- */

static const char *sender_of(const KxEnvelope *envelope, guint recipient)
{
    return kx_envelope_sender_for(envelope, envelope->recipients->pdata[recipient]);
}

/* Of a transaction; they all have the same. */
static const char *common_sender(const KxEnvelope *envelope, const GArray *recipients)
{
    return recipients->len > 0 ? sender_of(envelope, g_array_index(recipients, guint, 0))
                               : envelope->sender;
}

static gboolean fits(const KxEnvelope *envelope, const GArray *recipients, guint recipient)
{
    return recipients->len == 0 ||
           (recipients->len < RECIPIENTS_MAX &&
            g_str_equal(sender_of(envelope, recipient), common_sender(envelope, recipients)));
}

static GArray *take_recipients(KxQueue *queue, KxEnvelope *envelope, KxShipment *shipment)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(guint));
    gboolean more = FALSE;
    for (guint i = 0; i < envelope->recipients->len && !more; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (!goes_by(queue, envelope, rcpt, shipment->route))
            continue;
        more = !fits(envelope, list, i);
        if (more)
            break;
        rcpt->tried = TRUE;
        g_array_append_val(list, i);
    }
    if (!more)
        return list;
    KxShipment *rest = g_memdup2(shipment, sizeof *shipment);
    pthread_mutex_lock(&queue->lock);
    ((KxQueueEntry *)g_hash_table_lookup(queue->entries, shipment->id))->shipments++;
    kx_route_add(queue, rest);
    pthread_mutex_unlock(&queue->lock);
    return list;
}

/* What the sender knows the recipient by, also if he did not say it himself (RFC 3461
 * section 5.2.7). Addresses that have no short ASCII form go without. */
static char *original_recipient(const KxEnvelopeRcpt *rcpt)
{
    if (rcpt->orcpt || !rcpt->original || !g_str_is_ascii(rcpt->original))
        return g_strdup(rcpt->orcpt);
    g_autofree char *xtext = kx_xtext_encode(rcpt->original);
    return strlen(xtext) <= ORCPT_MAX ? g_strconcat("rfc822;", xtext, NULL) : NULL;
}

static gboolean send_recipients(KxQueue *queue, const KxEnvelope *envelope, const KxTask *task)
{
    const KxQueueCourier *courier = &queue->courier;
    for (guint i = 0; i < task->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        g_autofree char *orcpt = original_recipient(rcpt);
        KxMsgMailRecipient message = {rcpt->address, rcpt->notify, orcpt};
        if (!courier->send(courier->data, KX_MSG_MAIL_RECIPIENT, task->number, &message, -1))
            return FALSE;
    }
    return courier->send(courier->data, KX_MSG_MAIL_GO, task->number, &(KxMsgMailGo){}, -1);
}

/* What is sent of a message: the file in the queue, or one made of it. */
typedef struct {
    int fd;
    guint64 size, skip;
    guint32 flags;
} Content;

static gboolean send_task(KxQueue *queue, const KxEnvelope *envelope, const KxTask *task,
                          const Content *content)
{
    const KxQueueCourier *courier = &queue->courier;
    const KxHop *hop = &task->shipment->route->hop;
    KxMsgMailTask message = {
        .id = envelope->id,
        .route = hop->host,
        .mx = hop->mx,
        .port = hop->port,
        .tls = hop->tls,
        .user = hop->user,
        .password = hop->password,
        .pop3_host = hop->pop3_host,
        .pop3_port = hop->pop3_port,
        .source = hop->source,
        .from = common_sender(envelope, task->recipients),
        .flags = content->flags,
        .size = content->size,
        .skip = content->skip,
        .envid = envelope->envid,
        .ret = envelope->ret,
        .deliver_by = (guint64)envelope->deliver_by,
        .priority = envelope->priority,
    };
    return courier->send(courier->data, KX_MSG_MAIL_TASK, task->number, &message, content->fd) &&
           send_recipients(queue, envelope, task);
}

static char *list_of(const KxEnvelope *envelope, const GArray *recipients)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < MIN(recipients->len, RECIPIENTS_SHOWN); i++) {
        const KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(recipients, guint, i)];
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", rcpt->address);
    }
    if (recipients->len > RECIPIENTS_SHOWN)
        g_string_append_printf(out, " and %u more", recipients->len - RECIPIENTS_SHOWN);
    return g_string_free(out, FALSE);
}

static KxTask *new_task(KxQueue *queue, const KxEnvelope *envelope, KxShipment *shipment,
                        GArray *recipients)
{
    KxTask *task = g_new0(KxTask, 1);
    task->id = g_strdup(envelope->id);
    task->sender = g_strdup(common_sender(envelope, recipients));
    task->size = envelope->size;
    task->to = list_of(envelope, recipients);
    task->shipment = shipment;
    task->recipients = recipients;
    task->since = g_get_real_time() / G_USEC_PER_SEC;
    task->begun = g_get_monotonic_time();
    task->results = g_ptr_array_new_with_free_func(result_free);
    g_ptr_array_set_size(task->results, (int)recipients->len);
    pthread_mutex_lock(&queue->lock);
    task->number = ++queue->next_task;
    g_hash_table_insert(queue->tasks, GUINT_TO_POINTER(task->number), task);
    pthread_mutex_unlock(&queue->lock);
    return task;
}

/* With the lock held. */
static void end_task(KxQueue *queue, KxTask *task, guint code, const char *status)
{
    if (task->over)
        return;
    task->over = TRUE;
    task->code = code;
    g_free(task->status);
    task->status = g_strdup(status);
    g_hash_table_steal(queue->tasks, GUINT_TO_POINTER(task->number));
    g_queue_push_tail(&queue->over, task);
    pthread_cond_broadcast(&queue->changed);
}

/* For servers that take no 8-bit content what can be is converted; the rest goes as it is, for few
 * of them mind. Binary content that stays would be broken on the way and is not sent. */
static gboolean open_content(const KxEnvelope *envelope, const KxRoute *route, Content *content,
                             GError **error)
{
    g_autofree char *path = kx_queue_path(envelope->id, ".eml");
    g_autoptr(GError) problem = NULL;
    *content = (Content){-1, envelope->size, envelope->skip, (guint32)envelope->flags};
    if (route->seven) {
        content->flags |= KX_SMTP_CONVERTED;
        content->fd = kx_queue_downgrade(envelope, &content->size, &problem);
        if (content->fd >= 0) {
            content->skip = 0;
            content->flags &= ~(guint32)(KX_SMTP_BINARYMIME | KX_SMTP_8BITMIME);
            return TRUE;
        }
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    content->fd = open(path, O_RDONLY | O_CLOEXEC);
    return content->fd >= 0 || kx_error_errno(error, "cannot open %s", path);
}

void kx_task_start(KxQueue *queue, KxShipment *shipment)
{
    g_autoptr(GError) error = NULL;
    KxEnvelope *envelope = envelope_of(queue, shipment, &error);
    if (!envelope || kx_envelope_is_too_late(envelope, g_get_real_time() / G_USEC_PER_SEC)) {
        pthread_mutex_lock(&queue->lock);
        kx_route_finished(queue, shipment->route);
        pthread_mutex_unlock(&queue->lock);
        shipment_over(queue, shipment, FALSE, 0, error);
        return;
    }
    KxTask *task = new_task(queue, envelope, shipment, take_recipients(queue, envelope, shipment));
    Content content;
    gboolean ok = open_content(envelope, shipment->route, &content, &error);
    if (ok && !send_task(queue, envelope, task, &content))
        ok = kx_fail(&error, KX_ERR_IO, "the process that sends mail is being restarted");
    if (content.fd >= 0)
        close(content.fd);
    if (ok)
        return;
    g_autofree char *status = g_strdup_printf("4.3.0 %s", error->message);
    pthread_mutex_lock(&queue->lock);
    end_task(queue, task, 0, status);
    pthread_mutex_unlock(&queue->lock);
}

/* ---- what the courier says ---- */

/* With the lock held. */
static void take_result(KxTask *task, const KxMsgMailResult *message)
{
    if (message->index >= task->results->len)
        return;
    KxTaskResult *result = g_new(KxTaskResult, 1);
    *result = (KxTaskResult){message->code, g_strdup(message->text), message->peer};
    result_free(task->results->pdata[message->index]);
    task->results->pdata[message->index] = result;
}

void kx_queue_courier_message(KxQueue *queue, const KxMessage *message)
{
    pthread_mutex_lock(&queue->lock);
    KxTask *task = g_hash_table_lookup(queue->tasks, GUINT_TO_POINTER(message->session));
    if (task && message->type == KX_MSG_MAIL_RESULT) {
        take_result(task, &message->MAIL_RESULT);
    } else if (task && message->type == KX_MSG_MAIL_PROGRESS) {
        const KxMsgMailProgress *progress = &message->MAIL_PROGRESS;
        task->phase = progress->phase;
        task->percent = MIN(progress->percent, 100u);
        g_free(task->host);
        task->host = g_strdup(progress->host);
    } else if (task && message->type == KX_MSG_MAIL_END) {
        const KxMsgMailEnd *end = &message->MAIL_END;
        task->reached = end->reached != 0;
        task->needs_7bit = end->needs_7bit != 0;
        g_free(task->host);
        task->host = g_strdup(end->host);
        task->ip = g_strdup(end->ip);
        task->tls = g_strdup(end->tls);
        end_task(queue, task, end->code ? end->code : 451,
                 *end->text ? end->text : "4.3.0 no server answered for this recipient");
    }
    pthread_mutex_unlock(&queue->lock);
}

void kx_queue_set_courier(KxQueue *queue, const KxQueueCourier *courier)
{
    pthread_mutex_lock(&queue->lock);
    queue->courier = courier ? *courier : (KxQueueCourier){0};
    g_autoptr(GList) tasks = g_hash_table_get_values(queue->tasks);
    for (GList *at = tasks; at; at = at->next)
        end_task(queue, at->data, 0, "4.3.0 the process that sends mail was restarted");
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

gboolean kx_queue_has_courier(KxQueue *queue)
{
    pthread_mutex_lock(&queue->lock);
    gboolean has = queue->courier.send != NULL;
    pthread_mutex_unlock(&queue->lock);
    return has;
}

/* ---- what became of it ---- */

static void settle_recipient(KxQueue *queue, const KxEnvelope *envelope, KxEnvelopeRcpt *rcpt,
                             guint code, const char *status)
{
    gboolean done = code / 100 == 2;
    g_free(rcpt->status);
    rcpt->status = done ? NULL : g_strdup(status);
    rcpt->duty = done ? KX_DUTY_DONE : KX_DUTY_QUEUED;
    kx_queue_log_result(queue, envelope, rcpt);
}

/* Each server tells, if that was asked for; and who gives it to one that cannot tell whether it was
 * late says that much (RFC 2852 section 4). */
static gboolean is_traced(const KxEnvelope *envelope, guint peer)
{
    return (envelope->flags & KX_SMTP_BY_TRACE) ||
           ((envelope->flags & KX_SMTP_BY_NOTIFY) && !(peer & KX_PEER_DELIVERBY));
}

/* TRUE if the server took a position on some recipient. */
static gboolean settle_recipients(KxQueue *queue, KxEnvelope *envelope, const KxTask *task)
{
    gboolean any = FALSE;
    for (guint i = 0; i < task->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        const KxTaskResult *result = task->results->pdata[i];
        any |= result != NULL;
        if (task->code == 0 && !result) {
            rcpt->tried = FALSE; /* nobody tried */
            continue;
        }
        g_free(rcpt->remote);
        rcpt->remote = task->host && *task->host ? g_strdup(task->host) : NULL;
        rcpt->reply = result ? result->code : 0;
        rcpt->passed = result && (result->peer & KX_PEER_DSN);
        rcpt->traced = result && is_traced(envelope, result->peer);
        settle_recipient(queue, envelope, rcpt, result ? result->code : task->code,
                         result ? result->status : task->status);
    }
    return any;
}

static gboolean is_last_shipment(KxQueue *queue, const char *id)
{
    pthread_mutex_lock(&queue->lock);
    const KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    gboolean last = entry->shipments == 1;
    pthread_mutex_unlock(&queue->lock);
    return last;
}

/* Who has it by now is told of and noted, as the other servers may take hours: however that ends,
 * nobody gets it again. After the last shipment all of it is written anew. */
static void note_done(KxQueue *queue, KxEnvelope *envelope, const KxTask *task)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < task->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        if (rcpt->duty == KX_DUTY_DONE)
            g_array_append_val(places, rcpt->place);
    }
    if (places->len == 0 || is_last_shipment(queue, envelope->id))
        return;
    kx_queue_report_success(queue, envelope, NULL);
    if (!kx_queue_note_done(envelope->id, places, &error))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", envelope->id, error->message);
}

/* It is begun again at once, in the form that these servers take. */
static void begin_anew(KxQueue *queue, KxTask *task, KxEnvelope *envelope)
{
    KxShipment *shipment = g_steal_pointer(&task->shipment);
    for (guint i = 0; i < task->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt =
            envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
        rcpt->tried = FALSE;
    }
    pthread_mutex_lock(&queue->lock);
    shipment->route->seven = TRUE;
    kx_route_finished(queue, shipment->route);
    kx_route_add(queue, shipment);
    pthread_mutex_unlock(&queue->lock);
    kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s is converted to 7bit for %s", envelope->id,
             task->host ? task->host : "");
    kx_task_free(task);
}

void kx_task_settle(KxQueue *queue, KxTask *task)
{
    KxEnvelope *envelope = envelope_of(queue, task->shipment, NULL); /* read since the start */
    if (task->needs_7bit) {
        begin_anew(queue, task, envelope);
        return;
    }
    KxShipment *shipment = g_steal_pointer(&task->shipment);
    KxRoute *route = shipment->route;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gboolean answered = settle_recipients(queue, envelope, task);
    note_done(queue, envelope, task);
    gboolean tried = task->code != 0 || answered;
    pthread_mutex_lock(&queue->lock);
    if (answered)
        kx_route_succeeded(queue, route);
    else if (tried && task->code / 100 == 4)
        kx_route_failed(queue, route, task->status, now);
    kx_route_finished(queue, route);
    pthread_mutex_unlock(&queue->lock);
    kx_debug(queue->logger, KX_DEBUG_QUEUE, "%s to %s: %s %s %s", envelope->id, route->hop.host,
             task->host ? task->host : "", task->tls ? task->tls : "",
             task->status ? task->status : "");
    kx_task_free(task);
    shipment_over(queue, shipment, tried, tried ? 0 : now + NO_COURIER, NULL);
}

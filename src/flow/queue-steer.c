/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/queue-steer.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue-private.h"
#include "log/log-config.h"
#include "mime/header.h"

enum { HEADER_READ = 64 * 1024, SUBJECT_READ = 1000 };

static const char *const STATES[] = {"waiting",        "held",          "executing",
                                     "local delivery", "SMTP delivery", "terminating"};

const char *kx_queue_state_word(KxQueueState state)
{
    return STATES[state];
}

/* ---- what there is ---- */

void kx_queue_item_free(KxQueueItem *item)
{
    if (!item)
        return;
    kx_envelope_free(item->envelope);
    g_free(item->server);
    g_free(item);
}

/* With the lock held. */
static gboolean is_busy(const KxQueueEntry *entry)
{
    return entry->busy || entry->shipments > 0;
}

static KxQueueState state_of_task(const KxTask *task)
{
    return task->phase >= KX_MAIL_PHASE_TALKS ? KX_QUEUE_SMTP_DELIVERY : KX_QUEUE_EXECUTING;
}

/* With the lock held: of each message on its way the task that has come furthest, by ID. */
static GHashTable *furthest_tasks(KxQueue *queue)
{
    GHashTable *furthest = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, queue->tasks);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxTask *task = value, *other = g_hash_table_lookup(furthest, task->id);
        if (!other || state_of_task(task) > state_of_task(other) ||
            (state_of_task(task) == state_of_task(other) && task->percent > other->percent))
            g_hash_table_replace(furthest, task->id, value);
    }
    return furthest;
}

/* With the lock held: what is done with the entry. */
static KxQueueItem *look_at(const KxQueueEntry *entry, GHashTable *furthest)
{
    KxQueueItem *item = g_new0(KxQueueItem, 1);
    item->state = entry->held ? KX_QUEUE_HELD : KX_QUEUE_WAITING;
    if (!is_busy(entry))
        return item;
    item->state = entry->state;
    const KxTask *task = entry->shipments > 0 ? g_hash_table_lookup(furthest, entry->id) : NULL;
    if (task && state_of_task(task) >= item->state) {
        item->state = state_of_task(task);
        item->percent = task->percent;
        item->server = g_strdup(task->host);
    }
    return item;
}

/* Nothing of it goes by itself. */
static gboolean is_untimed(KxQueue *queue, const KxEnvelope *envelope)
{
    for (guint i = 0; i < envelope->recipients->len; i++)
        if (kx_envelope_rcpt_is_due(envelope->recipients->pdata[i]))
            return FALSE;
    return kx_queue_has_remote(envelope) && !kx_hold_any_goes(queue, envelope);
}

/* FALSE: it was delivered in this moment. */
static gboolean read_item(KxQueue *queue, KxQueueItem *item, const char *id, GError **error)
{
    item->envelope = kx_queue_read(id, error);
    item->untimed = item->envelope && is_untimed(queue, item->envelope);
    return item->envelope != NULL;
}

/* NULL with KX_ERR_NOT_FOUND, or when it was delivered in this moment. */
KxQueueItem *kx_queue_item(KxQueue *queue, const char *id, GError **error)
{
    g_autoptr(KxQueueItem) item = NULL;
    pthread_mutex_lock(&queue->lock);
    const KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    g_autoptr(GHashTable) furthest = furthest_tasks(queue);
    if (entry)
        item = look_at(entry, furthest);
    pthread_mutex_unlock(&queue->lock);
    if (!entry) {
        kx_fail(error, KX_ERR_NOT_FOUND, "there is no message %s in the queue", id);
        return NULL;
    }
    return read_item(queue, item, id, error) ? g_steal_pointer(&item) : NULL;
}

char *kx_queue_subject(const KxEnvelope *envelope)
{
    g_autofree char *path = kx_queue_path(envelope->id, ".eml");
    g_autofree char *text = g_malloc(HEADER_READ);
    KxHeaderField field;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, text, HEADER_READ, (off_t)envelope->skip) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0 || !kx_header_find(text, (size_t)n, "Subject", &field))
        return g_strdup("");
    return kx_header_decode(field.value, field.value_len, SUBJECT_READ);
}

/* ---- filters ---- */

gboolean kx_queue_filter_check(const KxQueueFilter *filter, GError **error)
{
    for (guint i = 0; filter->state && i < G_N_ELEMENTS(STATES); i++)
        if (g_ascii_strcasecmp(filter->state, STATES[i]) == 0)
            return TRUE;
    return !filter->state || kx_fail(error, KX_ERR_INVALID,
                                     "'%s' is not one of waiting, held, executing, local delivery, "
                                     "SMTP delivery, terminating",
                                     filter->state);
}

static gboolean matches(const char *pattern, const char *text)
{
    g_autofree char *folded_pattern = g_utf8_strdown(pattern, -1);
    g_autofree char *folded = g_utf8_strdown(text, -1);
    return g_pattern_match_simple(folded_pattern, folded);
}

static gboolean goes_to(const KxEnvelope *envelope, const KxQueueFilter *filter)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const char *address = ((KxEnvelopeRcpt *)envelope->recipients->pdata[i])->address;
        const char *at = strrchr(address, '@');
        if ((!filter->recipient || matches(filter->recipient, address)) &&
            (!filter->domain || matches(filter->domain, at ? at + 1 : "")))
            return TRUE;
    }
    return FALSE;
}

static gboolean has_subject(const KxEnvelope *envelope, const char *sought)
{
    g_autofree char *subject = kx_queue_subject(envelope);
    g_autofree char *folded = g_utf8_casefold(subject, -1);
    g_autofree char *folded_sought = g_utf8_casefold(sought, -1);
    return strstr(folded, folded_sought) != NULL;
}

/* What needs no file of the message comes first. */
static gboolean passes(const KxQueueItem *item, const KxQueueFilter *filter)
{
    const KxEnvelope *envelope = item->envelope;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    return (!filter->sender || matches(filter->sender, envelope->sender)) &&
           (!filter->state || g_ascii_strcasecmp(filter->state, STATES[item->state]) == 0) &&
           (filter->older_than == 0 || now - envelope->created >= filter->older_than) &&
           (filter->larger_than == 0 || envelope->size > filter->larger_than) &&
           goes_to(envelope, filter) &&
           (!filter->subject || has_subject(envelope, filter->subject));
}

typedef struct {
    char id[KX_QUEUE_ID_SIZE];
    KxQueueItem *item;
} Found;

static gint compare_found(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Found *)a)->id, ((const Found *)b)->id);
}

/* All that are there, without their envelopes; by ID. */
static GArray *look_at_all(KxQueue *queue)
{
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&queue->lock);
    g_autoptr(GHashTable) furthest = furthest_tasks(queue);
    GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(Found), g_hash_table_size(queue->entries));
    g_hash_table_iter_init(&iter, queue->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Found found = {.item = look_at(value, furthest)};
        g_strlcpy(found.id, ((const KxQueueEntry *)value)->id, sizeof found.id);
        g_array_append_val(all, found);
    }
    pthread_mutex_unlock(&queue->lock);
    g_array_sort(all, compare_found);
    return all;
}

void kx_queue_each(KxQueue *queue, const KxQueueFilter *filter, KxQueueVisit visit, gpointer data)
{
    g_autoptr(GArray) all = look_at_all(queue);
    for (guint i = 0; i < all->len; i++) {
        const Found *found = &g_array_index(all, Found, i);
        if (read_item(queue, found->item, found->id, NULL) &&
            (!filter || passes(found->item, filter)))
            visit(found->item, data);
        kx_queue_item_free(found->item);
    }
}

static void keep_id(const KxQueueItem *item, gpointer data)
{
    g_ptr_array_add(data, g_strdup(item->envelope->id));
}

GPtrArray *kx_queue_find(KxQueue *queue, const KxQueueFilter *filter)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    kx_queue_each(queue, filter, keep_id, ids);
    return ids;
}

/* ---- deliveries ---- */

static void delivery_free(gpointer data)
{
    KxQueueDelivery *delivery = data;
    g_free(delivery->id);
    g_free(delivery->sender);
    g_free(delivery->to);
    g_free(delivery->server);
    g_free(delivery);
}

static gint compare_deliveries(gconstpointer a, gconstpointer b)
{
    return strcmp((*(KxQueueDelivery *const *)a)->id, (*(KxQueueDelivery *const *)b)->id);
}

static KxQueueDelivery *delivery_of_task(const KxTask *task)
{
    KxQueueDelivery *delivery = g_new0(KxQueueDelivery, 1);
    *delivery = (KxQueueDelivery){g_strdup(task->id), g_strdup(task->sender), g_strdup(task->to),
                                  task->size,         state_of_task(task),    g_strdup(task->host),
                                  task->since,        task->percent};
    return delivery;
}

/* What the queue's thread does itself; the rest of what is to be shown is in the envelope. */
static KxQueueDelivery *delivery_of_entry(const KxQueueEntry *entry)
{
    KxQueueDelivery *delivery = g_new0(KxQueueDelivery, 1);
    delivery->id = g_strdup(entry->id);
    delivery->state = entry->state;
    delivery->since = entry->since;
    return delivery;
}

static void complete(KxQueueDelivery *delivery)
{
    g_autoptr(KxEnvelope) envelope = delivery->to ? NULL : kx_queue_read(delivery->id, NULL);
    if (!envelope)
        return;
    const KxEnvelopeRcpt *first = envelope->recipients->pdata[0];
    delivery->sender = g_strdup(envelope->sender);
    delivery->size = envelope->size;
    delivery->to =
        envelope->recipients->len == 1
            ? g_strdup(first->address)
            : g_strdup_printf("%s and %u more", first->address, envelope->recipients->len - 1);
}

GPtrArray *kx_queue_deliveries(KxQueue *queue)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(delivery_free);
    GHashTableIter iter;
    gpointer value;
    pthread_mutex_lock(&queue->lock);
    g_hash_table_iter_init(&iter, queue->tasks);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(list, delivery_of_task(value));
    g_hash_table_iter_init(&iter, queue->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const KxQueueEntry *entry = value;
        if (entry->busy && entry->shipments == 0)
            g_ptr_array_add(list, delivery_of_entry(entry));
    }
    pthread_mutex_unlock(&queue->lock);
    for (guint i = 0; i < list->len; i++)
        complete(list->pdata[i]);
    g_ptr_array_sort(list, compare_deliveries);
    return list;
}

/* ---- steering: the entry is claimed ---- */

static gboolean write_back(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    gboolean ok = kx_queue_write(envelope, NULL, error);
    if (ok)
        kx_queue_put(queue, envelope);
    else
        kx_queue_release(queue, envelope->id, FALSE);
    return ok;
}

static gboolean hold(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    envelope->held = TRUE;
    return write_back(queue, envelope, error);
}

static gboolean free_it(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    if (envelope->held)
        envelope->begins = g_get_real_time() / G_USEC_PER_SEC;
    envelope->held = FALSE;
    envelope->next_try = 0;
    return write_back(queue, envelope, error);
}

static gboolean remove_it(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    gboolean ok = kx_queue_delete(envelope->id, error);
    kx_queue_release(queue, envelope->id, ok);
    return ok;
}

static gboolean bounce(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    for (guint i = 0; i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        g_free(rcpt->status);
        rcpt->status = g_strdup("5.7.1 An administrator stopped the message");
        rcpt->reply = 0;
        kx_queue_log_result(queue, envelope, rcpt);
    }
    envelope->held = FALSE;
    kx_queue_settle(queue, g_steal_pointer(&envelope), FALSE, 0);
    return TRUE;
}

/* The envelope is the function's only if `takes`. */
static const struct {
    gboolean (*act)(KxQueue *queue, KxEnvelope *envelope, GError **error);
    gboolean takes;
    KxAuditVerb verb;
    const char *field, *value; /* for the log */
} ACTIONS[] = {
    [KX_QUEUE_HOLD] = {hold, FALSE, KX_AUDIT_UPDATE, "Held", "yes"},
    [KX_QUEUE_FREE] = {free_it, FALSE, KX_AUDIT_UPDATE, "Held", "no"},
    [KX_QUEUE_REMOVE] = {remove_it, FALSE, KX_AUDIT_DELETE, NULL, NULL},
    [KX_QUEUE_BOUNCE] = {bounce, TRUE, KX_AUDIT_DELETE, "Bounced", "yes"},
};

static void log_action(KxQueue *queue, const char *admin, const char *id, KxQueueAction action)
{
    KxAuditField fields[] = {{"ID", id, FALSE},
                             {ACTIONS[action].field, ACTIONS[action].value, FALSE}};
    kx_log_config_change(queue->logger,
                         &(KxAuditConfig){admin, ACTIONS[action].verb, "Queue message", fields,
                                          ACTIONS[action].field ? 2 : 1});
}

static gboolean act(KxQueue *queue, const char *admin, const char *id, KxQueueAction action,
                    GError **error)
{
    g_autoptr(KxEnvelope) envelope = kx_queue_read(id, error);
    if (!envelope) {
        kx_queue_release(queue, id, FALSE);
        return FALSE;
    }
    gboolean ok = ACTIONS[action].takes
                      ? ACTIONS[action].act(queue, g_steal_pointer(&envelope), error)
                      : ACTIONS[action].act(queue, envelope, error);
    if (ok)
        log_action(queue, admin, id, action);
    return ok;
}

gboolean kx_queue_take_wish(KxQueue *queue, const char *id)
{
    g_autofree char *admin = NULL;
    g_autoptr(GError) error = NULL;
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    guint wish = entry->wish;
    entry->wish = 0;
    admin = g_steal_pointer(&entry->wish_by);
    pthread_mutex_unlock(&queue->lock);
    if (wish && !act(queue, admin, id, (KxQueueAction)wish, &error))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: %s", id, error->message);
    return wish != 0;
}

/* ---- steering ---- */

/* With the lock held. */
static void wish(KxQueueEntry *entry, const char *admin, KxQueueAction action)
{
    g_free(entry->wish_by);
    entry->wish = action == KX_QUEUE_FREE ? 0 : action;
    entry->wish_by = g_strdup(admin);
}

/* With the lock held: what needs no file. TRUE: the entry is claimed for the rest. */
static gboolean begin(KxQueue *queue, KxQueueEntry *entry, const char *admin, KxQueueAction action,
                      gboolean *later, GError **error)
{
    if (action == KX_QUEUE_RETRY) {
        if (!kx_queue_ask(queue, entry) && entry->held)
            kx_fail(error, KX_ERR_INVALID, "message %s is held: release it", entry->id);
        return FALSE;
    }
    *later = is_busy(entry);
    if (*later)
        wish(entry, admin, action);
    return !*later;
}

gboolean kx_queue_steer(KxQueue *queue, const char *admin, const char *id, KxQueueAction action,
                        gboolean *ret_later, GError **error)
{
    gboolean later = FALSE, go_on = FALSE;
    g_autoptr(GError) problem = NULL;
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, id);
    if (entry)
        go_on = begin(queue, entry, admin, action, &later, &problem);
    else
        kx_fail(&problem, KX_ERR_NOT_FOUND, "there is no message %s in the queue", id);
    pthread_mutex_unlock(&queue->lock);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (ret_later)
        *ret_later = later;
    if (!go_on)
        return TRUE;
    /* It may have been taken up just now. */
    if (!kx_queue_claim(queue, id, error))
        return FALSE;
    return act(queue, admin, id, action, error);
}

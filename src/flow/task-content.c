/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of tasks, and giving them to the courier. What takes time, converting and signing, is
 * done by threads of its own; they touch of a message nothing but what stays as it is while
 * the task is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue-private.h"
#include "flow/report-message.h"

enum { ORCPT_MAX = 480 };

/* What is sent of a message: the file in the queue, or one made of it, and fields before that. */
typedef struct {
    int fd;
    guint64 size, skip;
    guint32 flags;
    gboolean converted;
    char *head; /* NULL: none */
} Content;

static const KxEnvelopeRcpt *recipient_of(const KxTask *task, guint i)
{
    return task->envelope->recipients->pdata[g_array_index(task->recipients, guint, i)];
}

/* ---- the content ---- */

/* For servers that take no 8-bit content what can be is converted; the rest goes as it is, for few
 * of them mind. Binary content that stays would be broken on the way and is not sent. */
static gboolean open_content(const KxTask *task, Content *content, GError **error)
{
    const KxEnvelope *envelope = task->envelope;
    g_autofree char *path = kx_queue_path(envelope->id, ".eml");
    g_autoptr(GError) problem = NULL;
    *content = (Content){-1, envelope->size, envelope->skip, (guint32)envelope->flags, FALSE, NULL};
    if (task->seven) {
        content->flags |= KX_SMTP_CONVERTED;
        content->fd = kx_queue_downgrade(envelope, &content->size, &problem);
        if (content->fd >= 0) {
            content->skip = 0;
            content->converted = TRUE;
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

/* ---- what stands before it ---- */

/* TRUE: it was made for other recipients before, or is being made. FALSE: the caller makes it. */
static gboolean find_head(KxQueue *queue, const KxTask *task, const char *key, char **ret_head)
{
    gpointer head = NULL;
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, task->id);
    if (!entry->heads)
        entry->heads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    while (g_hash_table_lookup_extended(entry->heads, key, NULL, &head) && !head)
        pthread_cond_wait(&queue->prepares, &queue->lock);
    if (head)
        *ret_head = *(const char *)head ? g_strdup(head) : NULL;
    else
        g_hash_table_insert(entry->heads, g_strdup(key), NULL);
    pthread_mutex_unlock(&queue->lock);
    return head != NULL;
}

static void keep_head(KxQueue *queue, const KxTask *task, const char *key, const char *head)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueEntry *entry = g_hash_table_lookup(queue->entries, task->id);
    g_hash_table_replace(entry->heads, g_strdup(key), g_strdup(head ? head : ""));
    pthread_cond_broadcast(&queue->prepares);
    pthread_mutex_unlock(&queue->lock);
}

/* Mail without its signature is better than none. */
static char *make_head(KxQueue *queue, const KxTask *task, const Content *content)
{
    g_autoptr(GError) error = NULL;
    KxSigner signer = {queue->directory, queue->keys};
    char *head = NULL, *data = kx_queue_map(content->fd, content->size, &error);
    if (data) {
        head = kx_sign(&signer, task->envelope, recipient_of(task, 0), data + content->skip,
                       content->size - content->skip, &error);
        munmap(data, content->size);
    }
    if (error)
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s cannot be signed: %s",
               task->envelope->id, error->message);
    return head;
}

/* Once, however many servers the message goes to: for that all of it is read. */
static void sign_content(KxQueue *queue, const KxTask *task, Content *content)
{
    if (!kx_sign_is_wanted(task->envelope) || content->size <= content->skip ||
        task->recipients->len == 0)
        return;
    g_autofree char *group = kx_sign_group(task->envelope, recipient_of(task, 0));
    g_autofree char *key = g_strdup_printf("%d %s", content->converted, group);
    if (find_head(queue, task, key, &content->head))
        return;
    content->head = make_head(queue, task, content);
    keep_head(queue, task, key, content->head);
}

/* ---- telling the courier ---- */

/* What the sender knows the recipient by, also if he did not say it himself (RFC 3461
 * section 5.2.7). Addresses that have no short ASCII form go without. */
static char *original_recipient(const KxEnvelopeRcpt *rcpt)
{
    if (rcpt->orcpt || !rcpt->original || !g_str_is_ascii(rcpt->original))
        return g_strdup(rcpt->orcpt);
    g_autofree char *xtext = kx_xtext_encode(rcpt->original);
    return strlen(xtext) <= ORCPT_MAX ? g_strconcat("rfc822;", xtext, NULL) : NULL;
}

static gboolean send_recipients(const KxQueueCourier *courier, const KxTask *task)
{
    for (guint i = 0; i < task->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = recipient_of(task, i);
        g_autofree char *orcpt = original_recipient(rcpt);
        KxMsgMailRecipient message = {rcpt->address, rcpt->notify, orcpt};
        if (!courier->send(courier->data, KX_MSG_MAIL_RECIPIENT, task->number, &message, -1))
            return FALSE;
    }
    return courier->send(courier->data, KX_MSG_MAIL_GO, task->number, &(KxMsgMailGo){}, -1);
}

static gboolean send_task(const KxQueueCourier *courier, const KxTask *task, const Content *content)
{
    const KxEnvelope *envelope = task->envelope;
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
        .from = task->sender,
        .flags = content->flags,
        .size = content->size,
        .skip = content->skip,
        .envid = envelope->envid,
        .ret = envelope->ret,
        .deliver_by = (guint64)envelope->deliver_by,
        .priority = envelope->priority,
        .head = KX_SLICE_STR(content->head ? content->head : ""),
    };
    return courier->send(courier->data, KX_MSG_MAIL_TASK, task->number, &message, content->fd) &&
           send_recipients(courier, task);
}

/* ---- in a thread ---- */

/* Not any more, if the courier is gone that the task was for. */
static gboolean give_to_courier(KxQueue *queue, const KxTask *task, const Content *content,
                                GError **error)
{
    pthread_mutex_lock(&queue->lock);
    KxQueueCourier courier = task->over ? (KxQueueCourier){0} : queue->courier;
    pthread_mutex_unlock(&queue->lock);
    return (courier.send && send_task(&courier, task, content)) ||
           kx_fail(error, KX_ERR_IO, "the process that sends mail is being restarted");
}

static void prepare(KxQueue *queue, KxTask *task)
{
    Content content;
    g_autoptr(GError) error = NULL;
    if (open_content(task, &content, &error)) {
        sign_content(queue, task, &content);
        give_to_courier(queue, task, &content, &error);
    }
    if (content.fd >= 0)
        close(content.fd);
    g_free(content.head);
    g_autofree char *status = error ? g_strdup_printf("4.3.0 %s", error->message) : NULL;
    pthread_mutex_lock(&queue->lock);
    if (status)
        kx_task_end(queue, task, 0, status);
    task->preparing = FALSE;
    if (task->over)
        kx_task_give_back(queue, task);
    pthread_mutex_unlock(&queue->lock);
}

gpointer kx_task_work(gpointer data)
{
    KxQueue *queue = data;
    pthread_mutex_lock(&queue->lock);
    while (!queue->stopping) {
        KxTask *task = g_queue_pop_head(&queue->to_prepare);
        if (!task) {
            pthread_cond_wait(&queue->prepares, &queue->lock);
            continue;
        }
        pthread_mutex_unlock(&queue->lock);
        prepare(queue, task);
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

void kx_task_prepare(KxQueue *queue, KxTask *task)
{
    if (!task->seven && !kx_sign_is_wanted(task->envelope)) {
        prepare(queue, task); /* costs less than another thread */
        return;
    }
    pthread_mutex_lock(&queue->lock);
    g_queue_push_tail(&queue->to_prepare, task);
    pthread_cond_signal(&queue->prepares);
    pthread_mutex_unlock(&queue->lock);
}

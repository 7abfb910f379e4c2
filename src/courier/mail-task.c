/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/mail-task.h"

#include <unistd.h>

static void free_recipient(gpointer data)
{
    KxMailRecipient *recipient = data;
    g_free(recipient->address);
    g_free(recipient->orcpt);
    g_free(recipient->status);
    g_free(recipient);
}

static void free_line(gpointer data)
{
    KxMailLine *line = data;
    g_free(line->about);
    g_free(line->text);
    g_free(line);
}

KxMailTask *kx_mail_task_new(guint32 number, const KxMsgMailTask *message, int fd)
{
    KxMailTask *task = g_new0(KxMailTask, 1);
    task->number = number;
    task->id = g_strdup(message->id);
    task->route = g_strdup(message->route);
    task->mx = message->mx != 0;
    task->port = message->port;
    task->tls = (KxMailTls)MIN(message->tls, (guint32)KX_MAIL_TLS_WRAP);
    task->user = g_strdup(message->user);
    task->password = g_strdup(message->password);
    task->pop3_host = g_strdup(message->pop3_host ? message->pop3_host : "");
    task->pop3_port = message->pop3_port;
    task->source = g_strdup(message->source);
    task->from = g_strdup(message->from);
    task->flags = message->flags;
    task->size = message->size;
    task->skip = message->skip;
    task->head = g_bytes_new(message->head.data, message->head.len);
    task->envid = g_strdup(message->envid);
    task->ret = g_strdup(message->ret);
    task->deliver_by = (gint64)MIN(message->deliver_by, (guint64)G_MAXINT64);
    task->priority = message->priority;
    task->fd = fd;
    kx_mutex_init(&task->progress_lock);
    task->recipients = g_ptr_array_new_with_free_func(free_recipient);
    task->lines = g_ptr_array_new_with_free_func(free_line);
    task->notes = g_ptr_array_new_with_free_func((GDestroyNotify)kx_tls_note_free);
    return task;
}

KxMailTask *kx_mail_task_new_question(guint32 number, const KxMsgMailAsk *message)
{
    KxMailTask *task = kx_mail_task_new(number,
                                        &(KxMsgMailTask){.route = message->host,
                                                         .mx = message->mx,
                                                         .port = message->port,
                                                         .tls = message->tls,
                                                         .user = message->user,
                                                         .password = message->password,
                                                         .source = message->source},
                                        -1);
    task->kind = (KxMailAskKind)MIN(message->kind, (guint32)KX_MAIL_KINDS - 1);
    task->seconds = message->seconds;
    task->deadline = g_get_monotonic_time() + (gint64)message->seconds * G_USEC_PER_SEC;
    return task;
}

void kx_mail_task_add(KxMailTask *task, const KxMsgMailRecipient *message)
{
    KxMailRecipient *recipient = g_new0(KxMailRecipient, 1);
    recipient->address = g_strdup(message->to);
    recipient->orcpt = g_strdup(message->orcpt);
    recipient->notify = message->notify;
    g_ptr_array_add(task->recipients, recipient);
}

void kx_mail_task_set_body(KxMailTask *task, const KxMsgMailBody *message)
{
    g_clear_pointer(&task->body, g_bytes_unref);
    g_free(task->body_type);
    task->body = g_bytes_new(message->data.data, message->data.len);
    task->body_type = g_strdup(message->type);
}

void kx_mail_task_set_trust(KxMailTask *task, const KxMsgMailTrust *message)
{
    g_free(task->ca);
    task->ca = g_strdup(message->ca);
}

void kx_mail_task_free(KxMailTask *task)
{
    if (!task)
        return;
    if (task->fd >= 0)
        close(task->fd);
    explicit_bzero(task->password, strlen(task->password));
    g_ptr_array_unref(task->recipients);
    g_free(task->id);
    g_free(task->route);
    g_free(task->user);
    g_free(task->password);
    g_free(task->pop3_host);
    g_free(task->source);
    g_free(task->from);
    g_free(task->envid);
    g_free(task->ret);
    g_free(task->status);
    g_free(task->unsafe);
    g_free(task->host);
    g_free(task->ip);
    g_free(task->protection);
    g_free(task->talks_to);
    g_clear_pointer(&task->body, g_bytes_unref);
    g_clear_pointer(&task->head, g_bytes_unref);
    g_free(task->body_type);
    g_free(task->ca);
    g_clear_pointer(&task->answer, g_bytes_unref);
    g_free(task->rua);
    g_ptr_array_unref(task->notes);
    g_ptr_array_unref(task->lines);
    kx_mutex_clear(&task->progress_lock);
    g_free(task);
}

guint64 kx_mail_task_length(const KxMailTask *task)
{
    return g_bytes_get_size(task->head) + task->size - task->skip;
}

void kx_mail_task_progress(KxMailTask *task, KxMailPhase phase, guint percent, const char *host)
{
    kx_mutex_lock(&task->progress_lock);
    task->progressed |= task->phase != (guint)phase || task->percent != percent ||
                        (host && g_strcmp0(host, task->talks_to) != 0);
    task->phase = phase;
    task->percent = percent;
    if (host) {
        g_free(task->talks_to);
        task->talks_to = g_strdup(host);
    }
    kx_mutex_unlock(&task->progress_lock);
}

gboolean kx_mail_task_news(KxMailTask *task, KxMsgMailProgress *ret_progress, char **ret_host)
{
    kx_mutex_lock(&task->progress_lock);
    gboolean news = task->progressed;
    task->progressed = FALSE;
    if (news) {
        *ret_host = g_strdup(task->talks_to ? task->talks_to : "");
        *ret_progress = (KxMsgMailProgress){task->phase, task->percent, *ret_host};
    }
    kx_mutex_unlock(&task->progress_lock);
    return news;
}

static void set_result(KxMailTask *task, guint code, const char *status)
{
    char *copy = g_strdup(status);
    g_free(task->status);
    task->code = code;
    task->status = copy;
}

void kx_mail_task_result(KxMailTask *task, guint code, const char *status)
{
    task->failed = TRUE;
    set_result(task, code, status);
}

/* ---- REQUIRETLS ---- */

gboolean kx_mail_task_requires_tls(const KxMailTask *task)
{
    return (task->flags & KX_SMTP_REQUIRETLS) != 0;
}

void kx_mail_task_unsafe(KxMailTask *task, const char *status)
{
    g_free(task->unsafe);
    task->unsafe = g_strdup(status);
    g_autofree char *for_now = g_strconcat("4", status + 1, NULL);
    set_result(task, 451, for_now);
}

void kx_mail_task_settle_unsafe(KxMailTask *task)
{
    if (task->unsafe && !task->failed)
        set_result(task, 550, task->unsafe);
}

gboolean kx_mail_task_is_settled(const KxMailTask *task)
{
    if (task->code != 0 && task->code / 100 != 4)
        return TRUE;
    for (guint i = 0; i < task->recipients->len; i++)
        if (((KxMailRecipient *)task->recipients->pdata[i])->code == 0)
            return FALSE;
    return TRUE;
}

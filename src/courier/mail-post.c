/* SPDX-License-Identifier: Apache-2.0 */
/* What web servers are given, reports of TLS (RFC 8460 section 5.4), and what they are asked for:
 * certificates (RFC 8555). */
#include "courier/mail-task.h"
#include "courier/web.h"

static void post(const KxMailTools *tools, const KxMailTask *task, KxMailRecipient *recipient)
{
    g_autoptr(GError) error = NULL;
    g_auto(KxWebAnswer) answer = {0};
    size_t len;
    const void *bytes = g_bytes_get_data(task->body, &len);
    KxWebRequest request = {recipient->address, task->body_type, bytes, len};
    gboolean asked = kx_web_ask(tools->resolver, tools->tls, &request, &answer, &error);
    recipient->code = asked && answer.code / 100 == 2 ? 250 : 451;
    recipient->status =
        asked ? g_strdup_printf("the server answered %u", answer.code) : g_strdup(error->message);
}

void kx_mail_post(const KxMailTools *tools, KxMailTask *task)
{
    for (guint i = 0; task->body && i < task->recipients->len; i++)
        post(tools, task, task->recipients->pdata[i]);
    kx_mail_task_result(task, 250, "2.0.0 done");
}

void kx_mail_web(const KxMailTools *tools, KxMailTask *task)
{
    g_autoptr(GError) error = NULL;
    g_auto(KxWebAnswer) answer = {0};
    if (task->recipients->len == 0)
        return;
    KxMailRecipient *recipient = task->recipients->pdata[0];
    size_t len = 0;
    const void *bytes = task->body ? g_bytes_get_data(task->body, &len) : NULL;
    KxWebRequest request = {recipient->address, task->body_type, bytes, len};
    if (!kx_web_ask(tools->resolver, tools->tls, &request, &answer, &error)) {
        kx_mail_task_result(task, 451, error->message);
        return;
    }
    task->reached = TRUE;
    recipient->code = answer.code;
    for (guint i = 0; i < answer.fields->len; i++) {
        const KxWebField *field = answer.fields->pdata[i];
        KxMailLine *line = g_new(KxMailLine, 1);
        *line = (KxMailLine){g_strdup(field->name), g_strdup(field->value)};
        g_ptr_array_add(task->lines, line);
    }
    task->answer = g_string_free_to_bytes(g_steal_pointer(&answer.body));
    kx_mail_task_result(task, 250, "2.0.0 answered");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What is given to web servers: reports of TLS (RFC 8460 section 5.4). */
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

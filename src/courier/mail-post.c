/* SPDX-License-Identifier: Apache-2.0 */
/* What web servers are given, reports of TLS (RFC 8460 section 5.4), and what they are asked for:
 * certificates (RFC 8555) and whether they are still good (RFC 6960), and what providers of
 * sign-ins know (src/oidc/). */
#include "base/error.h"
#include "courier/mail-task.h"
#include "courier/trust.h"
#include "courier/web.h"

static void post(const KxMailTools *tools, const KxMailTask *task, KxMailRecipient *recipient)
{
    g_autoptr(GError) error = NULL;
    g_auto(KxWebAnswer) answer = {0};
    size_t len;
    const void *bytes = g_bytes_get_data(task->body, &len);
    KxWebRequest request = {
        .url = recipient->address, .type = task->body_type, .body = bytes, .len = len};
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

/* FALSE: the task has its result. */
static gboolean ask_web(const KxMailTools *tools, KxMailTask *task, KxWebAnswer *ret_answer)
{
    g_autoptr(GError) error = NULL;
    size_t len = 0;
    const void *bytes = task->body ? g_bytes_get_data(task->body, &len) : NULL;
    KxWebRequest request = {
        .url = ((KxMailRecipient *)task->recipients->pdata[0])->address,
        .type = task->body_type,
        .body = bytes,
        .len = len,
        .user = task->user,
        .password = task->password,
        .seconds = task->seconds,
        .plain = task->kind == KX_MAIL_OCSP,
    };
    SSL_CTX *tls = task->ca ? kx_trust_text(task->ca) : NULL;
    gboolean asked = FALSE;
    if (task->ca && !tls)
        kx_fail(&error, KX_ERR_INVALID, "there is no certificate of an authority for it");
    else
        asked = kx_web_ask(tools->resolver, tls ? tls : tools->tls, &request, ret_answer, &error);
    SSL_CTX_free(tls);
    if (!asked)
        kx_mail_task_result(task, 451, error->message);
    return asked;
}

void kx_mail_web(const KxMailTools *tools, KxMailTask *task)
{
    g_auto(KxWebAnswer) answer = {0};
    if (task->recipients->len == 0 || !ask_web(tools, task, &answer))
        return;
    task->reached = TRUE;
    ((KxMailRecipient *)task->recipients->pdata[0])->code = answer.code;
    for (guint i = 0; i < answer.fields->len; i++) {
        const KxWebField *field = answer.fields->pdata[i];
        KxMailLine *line = g_new(KxMailLine, 1);
        *line = (KxMailLine){g_strdup(field->name), g_strdup(field->value)};
        g_ptr_array_add(task->lines, line);
    }
    task->answer = g_string_free_to_bytes(g_steal_pointer(&answer.body));
    kx_mail_task_result(task, 250, "2.0.0 answered");
}

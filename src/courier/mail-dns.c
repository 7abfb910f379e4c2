/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of the core about DNS that no mail server is asked: whether a domain is there, what it
 * says under its names, and who may send for it. */
#include <string.h>

#include "courier/mail-task.h"
#include "courier/spf.h"

/* ---- does the domain exist ---- */

void kx_mail_ask_domain(const KxMailTools *tools, KxMailTask *task)
{
    g_autoptr(GPtrArray) mx = NULL;
    g_auto(KxHostAnswer) host = {0};
    gboolean secure;
    KxDnsAnswer answer = kx_resolver_mx(tools->resolver, task->route, &mx, &secure);
    if (answer == KX_DNS_NONE)
        answer = kx_resolver_addresses(tools->resolver, task->route, &host);
    task->reached = TRUE;
    if (answer == KX_DNS_FOUND)
        kx_mail_task_result(task, 250, "2.0.0 It is in DNS");
    else if (answer == KX_DNS_NONE)
        kx_mail_task_result(task, 550, "5.1.8 It is not in DNS");
    else
        kx_mail_task_result(task, 451, "4.4.3 DNS does not answer");
}

/* ---- texts ---- */

static void settle(KxMailRecipient *recipient, guint code, const char *text)
{
    enum { TEXT_MAX = 1024 };
    g_free(recipient->status);
    recipient->code = strlen(text) <= TEXT_MAX ? code : 550;
    recipient->status = g_strdup(recipient->code == code ? text : "");
}

/* Where several records share a name, the one that says by its version what it is; two of these
 * are none. */
static const char *choose_text(const GPtrArray *texts)
{
    const char *found = NULL;
    if (texts->len == 1)
        return texts->pdata[0];
    for (guint i = 0; i < texts->len; i++) {
        if (!g_str_has_prefix(texts->pdata[i], "v=D"))
            continue;
        if (found)
            return NULL;
        found = texts->pdata[i];
    }
    return found;
}

static gboolean is_over(const KxMailTask *task)
{
    return g_atomic_int_get(&task->cancelled) || g_get_monotonic_time() >= task->deadline;
}

static void ask_text(const KxMailTools *tools, KxMailRecipient *recipient)
{
    g_autoptr(GPtrArray) texts = NULL;
    KxDnsAnswer answer = kx_resolver_txt(tools->resolver, recipient->address, &texts);
    const char *text = answer == KX_DNS_FOUND ? choose_text(texts) : NULL;
    if (text)
        settle(recipient, 250, text);
    else
        settle(recipient, answer == KX_DNS_FAILED ? 451 : 550, "");
}

void kx_mail_ask_texts(const KxMailTools *tools, KxMailTask *task)
{
    for (guint i = 0; i < task->recipients->len && !is_over(task); i++)
        ask_text(tools, task->recipients->pdata[i]);
    task->reached = TRUE;
    kx_mail_task_result(task, 250, "2.0.0 asked");
}

/* ---- who may send ---- */

/* The route is the client's address; the names are the sender and what the client calls itself. */
void kx_mail_ask_spf(const KxMailTools *tools, KxMailTask *task)
{
    if (task->recipients->len < 2)
        return;
    g_autofree char *why = NULL;
    KxMailRecipient *sender = task->recipients->pdata[0], *helo = task->recipients->pdata[1];
    const char *result = kx_spf_check(tools->resolver, task->deadline, task->route, sender->address,
                                      helo->address, &why);
    g_autofree char *text = g_strdup_printf("%s %s", result, why ? why : "");
    g_strchomp(text);
    settle(sender, 250, text);
    settle(helo, 250, "");
    task->reached = TRUE;
    kx_mail_task_result(task, 250, "2.0.0 asked");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a mail server: whether it would take mail for an address (RFC 5321 section 3.3, no
 * content follows), that it send what it holds for a domain (ETRN, RFC 1985), which addresses it
 * has, and whether it can be reached. */
#include <arpa/inet.h>

#include "base/error.h"
#include "courier/mail-task.h"

static gboolean say(KxMailSession *session, KxSmtpReply *reply, GError **error, const char *line,
                    const char *name, const char *end)
{
    guint seconds = session->used ? KX_SMTP_REUSED : KX_SMTP_COMMAND;
    if (!kx_smtp_conn_printf(session->conn, error, "%s%s%s\r\n", line, name, end) ||
        !kx_smtp_conn_read(session->conn, seconds, reply, error))
        return FALSE;
    session->used = FALSE; /* it lives: from here on what happens counts */
    return TRUE;
}

/* ---- does it take mail for them ---- */

static gboolean refuse_sender(KxMailSession *session, KxMailTask *task, KxSmtpReply *reply)
{
    g_autofree char *said = kx_smtp_reply_status(reply);
    kx_mail_task_result(task, 451, said);
    return reply->code != 421 && kx_mail_reset(session, reply);
}

gboolean kx_mail_verify(KxMailSession *session, KxMailTask *task)
{
    g_auto(KxSmtpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    if (!say(session, &reply, &error, "MAIL FROM:<", "", ">"))
        return kx_mail_broke(session, task, error);
    if (reply.code / 100 != 2)
        return refuse_sender(session, task, &reply);
    for (guint i = 0; i < task->recipients->len; i++) {
        KxMailRecipient *recipient = task->recipients->pdata[i];
        if (!say(session, &reply, &error, "RCPT TO:<", recipient->address, ">"))
            return kx_mail_broke(session, task, error);
        kx_mail_settle(session, recipient, &reply);
    }
    return reply.code != 421 && kx_mail_reset(session, &reply);
}

/* ---- what it holds for us ---- */

/* A connection that is open for no longer than the question: FALSE in any case. */
gboolean kx_mail_etrn(KxMailSession *session, KxMailTask *task)
{
    g_auto(KxSmtpReply) reply = {0};
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < task->recipients->len; i++) {
        KxMailRecipient *recipient = task->recipients->pdata[i];
        if (!say(session, &reply, &error, "ETRN ", recipient->address, ""))
            return kx_mail_broke(session, task, error);
        kx_mail_settle(session, recipient, &reply);
    }
    return FALSE;
}

/* ---- where it is ---- */

static void take_result(KxMailRecipient *recipient, guint code, const char *status)
{
    g_free(recipient->status);
    recipient->code = code;
    recipient->status = g_strdup(status);
}

static void compare_address(KxMailTask *task, const KxHostAddress *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct sockaddr *any = (const struct sockaddr *)&address->address;
    const void *bytes =
        any->sa_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)any)->sin_addr
            : &((const struct sockaddr_in6 *)(const void *)any)->sin6_addr;
    inet_ntop(any->sa_family, bytes, text, sizeof text);
    for (guint i = 0; i < task->recipients->len; i++) {
        KxMailRecipient *recipient = task->recipients->pdata[i];
        if (strcmp(recipient->address, text) == 0)
            take_result(recipient, 250, "2.0.0 It is one of its addresses");
        else if (recipient->code == 0)
            take_result(recipient, 550, "5.0.0 It is none of its addresses");
    }
}

static void try_address(KxMailTask *task, const KxHostAddress *address)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSmtpConn) conn =
        kx_smtp_conn_open(address, task->port, task->source, task->seconds, &error);
    task->reached |= conn != NULL;
    kx_mail_task_result(task, task->reached ? 250 : 451,
                        task->reached ? "2.0.0 The host answers" : error->message);
}

gboolean kx_mail_ask_address(KxMailTask *task, const KxHostAddress *address)
{
    if (task->kind == KX_MAIL_HAS_IP)
        compare_address(task, address);
    else if (task->kind == KX_MAIL_CONNECT && !task->reached)
        try_address(task, address);
    return task->kind == KX_MAIL_HAS_IP || task->kind == KX_MAIL_CONNECT;
}

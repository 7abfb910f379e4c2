/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp/smtp.h"

#include "base/error.h"
#include "smtp/transaction.h"

/* What a session has. */
typedef struct {
    guint connections; /* of its address when it came, with it */
    KxSmtpTransaction *transaction;
} Client;

/* With the first message: the client counts among those of its address until it is gone. */
static Client *client_of(KxSession *session)
{
    Client *client = kx_session_data(session);
    if (client)
        return client;
    client = g_new0(Client, 1);
    client->connections =
        kx_client_limits_connect(kx_session_core(session)->limits, kx_session_remote_ip(session));
    kx_session_set_data(session, client);
    return client;
}

static void forget(KxSession *session)
{
    Client *client = client_of(session);
    g_clear_pointer(&client->transaction, kx_smtp_transaction_free);
}

static void end(KxSession *session)
{
    if (!kx_session_data(session))
        return;
    forget(session);
    g_free(kx_session_data(session));
    kx_session_set_data(session, NULL);
    kx_client_limits_disconnect(kx_session_core(session)->limits, kx_session_remote_ip(session));
}

static void answer(KxSession *session, KxSmtpVerdict verdict)
{
    kx_session_verdict(session, verdict.code, verdict.text);
}

static void on_connect(KxSession *session, KxSmtpTransaction *old, const KxMessage *message)
{
    answer(session, kx_smtp_check_connect(session, client_of(session)->connections));
}

/* What stands against the sender, or a good verdict. */
static KxSmtpVerdict check_mail(const KxSmtpTransaction *transaction, guint64 size)
{
    KxSmtpVerdict verdict = kx_smtp_check_blocked(transaction->session);
    if (verdict.code < 300)
        verdict = kx_smtp_check_rate(transaction, FALSE);
    if (verdict.code < 300)
        verdict = kx_smtp_check_sender_domain(transaction);
    return verdict.code < 300 ? kx_smtp_check_sender(transaction, size) : verdict;
}

static void on_mail(KxSession *session, KxSmtpTransaction *old, const KxMessage *message)
{
    const KxMsgSmtpMail *mail = &message->SMTP_MAIL;
    forget(session);
    if (kx_session_service(session)->submission && !kx_session_user(session)) {
        kx_session_verdict(session, 530, "5.7.0 Authentication required");
        return;
    }
    g_autoptr(KxSmtpTransaction) transaction = kx_smtp_transaction_new(session, mail);
    KxSmtpVerdict verdict = check_mail(transaction, mail->size);
    if (verdict.code < 300 && *mail->to) {
        verdict = kx_smtp_add_recipient(transaction, mail->to, mail->notify, mail->orcpt);
        if (verdict.code < 300)
            client_of(session)->transaction = g_steal_pointer(&transaction);
    }
    answer(session, verdict);
}

static void on_rcpt(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message)
{
    const KxMsgSmtpRcpt *rcpt = &message->SMTP_RCPT;
    if (transaction->begun)
        kx_session_verdict(session, 503, "5.5.1 The message has begun: no more recipients");
    else
        answer(session, kx_smtp_add_recipient(transaction, rcpt->to, rcpt->notify, rcpt->orcpt));
}

static void on_spool(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message)
{
    if (kx_smtp_content_write(transaction, message->SPOOL.data)) {
        kx_session_reply(session, 0, 0);
        return;
    }
    answer(session, transaction->refusal);
    forget(session);
}

static char *accepted(const KxSmtpTransaction *transaction)
{
    const KxEnvelope *envelope = transaction->envelope;
    if (!transaction->less_urgent)
        return g_strdup_printf("2.0.0 Accepted as %s", envelope->id);
    return g_strdup_printf("2.3.6 %d is the new priority assigned to the message, accepted as %s",
                           kx_envelope_priority(envelope), envelope->id);
}

/* The content is complete, or was refused. */
static void deliver(KxSession *session, KxSmtpTransaction *transaction, gboolean ok)
{
    KxCore *core = kx_session_core(session);
    g_autoptr(GError) error = NULL;
    ok = ok && kx_smtp_content_end(transaction);
    KxSmtpVerdict rate = ok ? kx_smtp_check_rate(transaction, TRUE) : (KxSmtpVerdict){0};
    if (rate.code >= 300)
        ok = kx_smtp_refuse(transaction, rate.code, rate.text);
    if (ok && !kx_queue_accept(core->queue, transaction->envelope, transaction->incoming, &error))
        ok = kx_smtp_refuse_error(transaction, error);
    if (ok) {
        g_autofree char *text = accepted(transaction);
        kx_session_verdict(session, 250, text);
    } else {
        answer(session, transaction->refusal);
    }
    forget(session);
}

static void on_message(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message)
{
    deliver(session, transaction, kx_smtp_content_write(transaction, message->SMTP_MESSAGE.data));
}

static void on_burl(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message)
{
    const KxMsgSmtpBurl *burl = &message->SMTP_BURL;
    guint64 octets = 0;
    gboolean ok = (burl->data.len == 0 || kx_smtp_content_write(transaction, burl->data)) &&
                  kx_smtp_content_url(transaction, burl->url, &octets);
    if (burl->last || !ok) {
        deliver(session, transaction, ok);
        return;
    }
    g_autofree char *text =
        g_strdup_printf("2.5.0 %" G_GUINT64_FORMAT " octets read, waiting for more", octets);
    kx_session_verdict(session, 250, text);
}

static void on_etrn(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message)
{
    g_autofree char *text = NULL;
    guint code = kx_smtp_etrn(session, message->SMTP_ETRN.node, &text);
    kx_session_verdict(session, code, text);
}

static void on_reset(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message)
{
    forget(session);
    kx_session_verdict(session, 250, "2.0.0 OK");
}

static const struct {
    KxMessageType type;
    gboolean needs_transaction;
    void (*func)(KxSession *session, KxSmtpTransaction *transaction, const KxMessage *message);
} MESSAGES[] = {
    {KX_MSG_SMTP_MAIL, FALSE, on_mail},       {KX_MSG_SMTP_RCPT, TRUE, on_rcpt},
    {KX_MSG_SPOOL, TRUE, on_spool},           {KX_MSG_SMTP_MESSAGE, TRUE, on_message},
    {KX_MSG_SMTP_RESET, FALSE, on_reset},     {KX_MSG_SMTP_ETRN, FALSE, on_etrn},
    {KX_MSG_SMTP_CONNECT, FALSE, on_connect}, {KX_MSG_SMTP_BURL, TRUE, on_burl},
};

static void on_any(KxSession *session, const KxMessage *message)
{
    KxSmtpTransaction *transaction = client_of(session)->transaction;
    for (guint i = 0; i < G_N_ELEMENTS(MESSAGES); i++) {
        if (MESSAGES[i].type != message->type)
            continue;
        if (MESSAGES[i].needs_transaction && !transaction)
            kx_session_verdict(session, 0, ""); /* this core is new: tell it again */
        else
            MESSAGES[i].func(session, transaction, message);
        return;
    }
    kx_session_kick(session, NULL); /* nothing else is SMTP */
}

/* The edge tells an unfinished transaction again when it is needed. */
static gboolean resume(KxSession *session, const void *state, size_t len)
{
    return TRUE;
}

const KxHandler kx_smtp_handler = {
    .name = "SMTP",
    .scope = KX_SCOPE_SMTP,
    .goodbye = "421 4.7.0 This sign-in is not valid any more\r\n",
    .message = on_any,
    .resume = resume,
    .close = end,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp/transaction.h"

#include "ipc/message.h"

static char *or_null(const char *text)
{
    return *text ? g_strdup(text) : NULL;
}

/* Nobody's wish goes beyond what the administrator allows; strangers may only wish for less than
 * the usual. */
static void set_priority(KxSmtpTransaction *transaction, guint wish, gboolean trusted)
{
    KxSettings *settings = kx_session_settings(transaction->session);
    gint64 most = trusted ? kx_settings_int(settings, KX_SET_SMTP_PRIORITY_MOST) : 0;
    guint given = CLAMP(wish, (guint)(KX_PRIORITY_BASE + KX_PRIORITY_LEAST),
                        (guint)(KX_PRIORITY_BASE + most));
    transaction->envelope->priority = wish > 0 ? given : 0;
    transaction->less_urgent = wish > given;
}

KxSmtpTransaction *kx_smtp_transaction_new(KxSession *session, const KxMsgSmtpMail *mail)
{
    KxSmtpTransaction *transaction = g_new0(KxSmtpTransaction, 1);
    KxEnvelope *envelope = kx_envelope_new();
    const char *login = kx_session_login(session);
    envelope->service = g_strdup("SMTP");
    envelope->sender = g_strdup(mail->from);
    envelope->user = g_strdup(login);
    envelope->remote_ip = g_strdup(kx_session_remote_ip(session));
    envelope->secure = *mail->tls != '\0';
    envelope->flags = mail->flags;
    envelope->ret = or_null(mail->ret);
    envelope->envid = or_null(mail->envid);
    envelope->auth =
        login ? or_null(mail->auth) : NULL; /* a stranger's word (RFC 4954 section 5) */
    transaction->session = session;
    transaction->envelope = envelope;
    gboolean relays = kx_smtp_may_relay(session);
    KxCore *core = kx_session_core(session);
    kx_sender_get(core->directory, login, mail->from, login || relays, &transaction->sender);
    kx_recipients_init(&transaction->recipients, core->directory, core->store, core->logger,
                       envelope, &transaction->sender, relays);
    transaction->recipients.verifier = core->verifier;
    transaction->helo = g_strdup(mail->helo);
    envelope->release = (gint64)mail->release;
    envelope->deliver_by = (gint64)mail->deliver_by;
    set_priority(transaction, mail->priority, login || relays);
    transaction->tls = g_strdup(mail->tls);
    return transaction;
}

void kx_smtp_transaction_free(KxSmtpTransaction *transaction)
{
    if (!transaction)
        return;
    kx_recipients_clear(&transaction->recipients);
    kx_sender_clear(&transaction->sender);
    kx_envelope_free(transaction->envelope);
    g_free(transaction->helo);
    g_free(transaction->tls);
    if (transaction->head)
        g_string_free(transaction->head, TRUE);
    kx_incoming_free(transaction->raw);
    kx_incoming_free(transaction->incoming);
    g_free(transaction);
}

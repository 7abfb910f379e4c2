/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets mail: SMTP-01, SMTP-07. */
#include "log/log-security.h"
#include "smtp/transaction.h"

static const KxSmtpVerdict VERDICTS[] = {
    [KX_RECIPIENT_TAKEN] = {250, "2.1.5 Recipient OK"},
    [KX_RECIPIENT_UNKNOWN] = {550, "5.1.1 There is no such mailbox here"},
    [KX_RECIPIENT_DISABLED] = {550, "5.2.1 The mailbox is disabled"},
    [KX_RECIPIENT_ELSEWHERE] =
        {550, "5.7.1 Relaying denied: this server does not take mail for that domain"},
    [KX_RECIPIENT_CONFINED] = {550, "5.7.1 You may send mail to addresses in your own domain only"},
    [KX_RECIPIENT_LOCAL_ONLY] =
        {550, "5.7.1 The recipient takes mail from senders in the own domain only"},
    [KX_RECIPIENT_LATER] = {451, "4.2.1 The recipient is being verified, try again"},
    [KX_RECIPIENT_TOO_MANY] = {452, "4.5.3 Too many recipients"},
};

KxSmtpVerdict kx_smtp_add_recipient(KxSmtpTransaction *transaction, const char *to, guint notify,
                                    const char *orcpt)
{
    KxSession *session = transaction->session;
    KxRecipientResult result =
        kx_recipients_add(&transaction->recipients, to, notify, *orcpt ? orcpt : NULL);
    if (result == KX_RECIPIENT_ELSEWHERE)
        kx_log_relay_attempt(kx_session_core(session)->logger, kx_session_remote_ip(session),
                             transaction->envelope->sender, to);
    if (result == KX_RECIPIENT_UNKNOWN && kx_smtp_note_unknown(session))
        return (KxSmtpVerdict){421, "4.7.1 Too many unknown recipients"};
    return VERDICTS[result];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets mail, and who may send it anywhere: SMTP-01, SMTP-07 to SMTP-12. */
#include "directory/resolve.h"
#include "log/log-security.h"
#include "smtp/transaction.h"

/* Each condition is enough by itself; but who tried to sign in and failed is not trusted for his
 * address (SMTP-12). */
static gboolean may_relay(KxSession *session)
{
    KxSettings *settings = kx_session_settings(session);
    if (kx_session_user(session))
        return kx_settings_bool(settings, KX_SET_SMTP_RELAY_AUTH);
    if (kx_session_auth_failed(session))
        return FALSE;
    KxCore *core = kx_session_core(session);
    const char *ip = kx_session_remote_ip(session);
    const char *group = kx_settings_text(settings, KX_SET_SMTP_RELAY_GROUP);
    if (*group && kx_ip_group_contains(core->directory, group, ip))
        return TRUE;
    return kx_settings_bool(settings, KX_SET_SMTP_RELAY_POP3) &&
           kx_recent_logins_has(core->pop3_logins, ip,
                                kx_settings_int(settings, KX_SET_SMTP_RELAY_POP3_WINDOW));
}

static const KxSmtpVerdict TAKEN = {250, "2.1.5 Recipient OK"};

static KxSmtpVerdict refuse_relay(KxSmtpTransaction *transaction, const char *to)
{
    KxSession *session = transaction->session;
    kx_log_relay_attempt(kx_session_core(session)->logger, kx_session_remote_ip(session),
                         transaction->envelope->sender, to);
    return (KxSmtpVerdict){550,
                           "5.7.1 Relaying denied: this server does not take mail for that domain"};
}

/* One recipient of the envelope for each place the mail goes to. */
static void add_destination(KxSmtpTransaction *transaction, const KxDestination *destination,
                            const char *to, guint notify, const char *orcpt)
{
    g_autofree char *public = destination->kind == KX_DEST_PUBLIC
                                  ? g_strconcat(KX_ENVELOPE_PUBLIC, destination->domain, NULL)
                                  : NULL;
    const char *account = destination->kind == KX_DEST_MAILBOX ? destination->address : public;
    KxEnvelopeRcpt *rcpt =
        kx_envelope_add(transaction->envelope,
                        destination->kind == KX_DEST_REMOTE ? destination->address : to, account);
    rcpt->folder = public ? g_strdup(destination->address) : NULL;
    rcpt->notify = notify;
    rcpt->orcpt = *orcpt ? g_strdup(orcpt) : NULL;
}

static void log_steps(KxCore *core, const char *to, const KxResolution *resolution)
{
    for (guint i = 0; resolution->steps && i < resolution->steps->len; i++)
        kx_debug(core->logger, KX_DEBUG_ALIAS_EXPANSION, "<%s> %s", to,
                 (const char *)resolution->steps->pdata[i]);
}

KxSmtpVerdict kx_smtp_add_recipient(KxSmtpTransaction *transaction, const char *to, guint notify,
                                    const char *orcpt)
{
    KxCore *core = kx_session_core(transaction->session);
    g_autoptr(KxResolution) resolution =
        kx_resolve(core->directory, to, kx_debug_on(core->logger, KX_DEBUG_ALIAS_EXPANSION));
    log_steps(core, to, resolution);
    if (transaction->envelope->recipients->len + resolution->destinations->len >
        KX_ENVELOPE_RECIPIENTS)
        return (KxSmtpVerdict){452, "4.5.3 Too many recipients"};
    switch (resolution->kind) {
    case KX_RCPT_UNKNOWN:
        return (KxSmtpVerdict){550, "5.1.1 There is no such mailbox here"};
    case KX_RCPT_DISABLED:
        return (KxSmtpVerdict){550, "5.2.1 The mailbox is disabled"};
    case KX_RCPT_REMOTE:
        if (!may_relay(transaction->session))
            return refuse_relay(transaction, to);
        break;
    case KX_RCPT_LOCAL:
        break;
    }
    for (guint i = 0; i < resolution->destinations->len; i++)
        add_destination(transaction, resolution->destinations->pdata[i], to, notify, orcpt);
    return TAKEN;
}

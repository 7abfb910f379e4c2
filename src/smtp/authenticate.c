/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at who a message from outside is from, and saying so in front of it (RFC 8601). */
#include "flow/authenticate.h"

#include "directory/hop.h"
#include "mime/edits.h"
#include "smtp/transaction.h"

/* Users and trusted hosts are asked who they are in other ways (SMTP-13); and without a connection
 * nothing can be found out (NET-03). */
static gboolean is_wanted(const KxSmtpTransaction *transaction)
{
    KxSession *session = transaction->session;
    KxCore *core = kx_session_core(session);
    return core->asks && !kx_session_service(session)->submission && !kx_session_user(session) &&
           kx_settings_bool(kx_session_settings(session), KX_SET_SMTP_SENDER_AUTHENTICATION) &&
           !kx_smtp_may_relay(session) && kx_hop_online(core->directory);
}

static void tell_logs(const KxSmtpTransaction *transaction, const KxAuthenticated *results)
{
    const KxEnvelope *envelope = transaction->envelope;
    KxLogger *logger = kx_session_core(transaction->session)->logger;
    kx_debug(logger, KX_DEBUG_SPF_LOOKUP, "%s from <%s>, %s: %s", envelope->id, envelope->sender,
             envelope->remote_ip, results->summary);
    if (results->disowned && results->author)
        kx_log(logger, KX_LOG_SECURITY,
               "Message %s from <%s>, sent by %s, is not what its author's domain %s sends: %s",
               envelope->id, envelope->sender, envelope->remote_ip, results->author,
               results->summary);
    else if (results->disowned)
        kx_log(logger, KX_LOG_SECURITY, "Message %s from <%s>, sent by %s, names no author: %s",
               envelope->id, envelope->sender, envelope->remote_ip, results->summary);
}

/* The field stands above all but the Return-Path, which leaves with it. */
static gboolean put_in_front(KxSmtpTransaction *transaction, const char *data, size_t len,
                             const char *field, GError **error)
{
    KxStore *store = kx_session_core(transaction->session)->store;
    g_autoptr(KxMimeEdits) edits = kx_mime_edits_new(data, len);
    kx_mime_edits_replace(edits, (size_t)transaction->envelope->skip, 0, g_string_new(field));
    return kx_incoming_edit(store, &transaction->incoming, edits, error);
}

gboolean kx_smtp_authenticate(KxSmtpTransaction *transaction)
{
    KxCore *core = kx_session_core(transaction->session);
    g_autoptr(GError) error = NULL;
    const char *data;
    size_t len;
    if (!is_wanted(transaction))
        return TRUE;
    if (!kx_incoming_map(transaction->incoming, &data, &len, &error))
        return kx_smtp_refuse_error(transaction, error);
    size_t skip = (size_t)transaction->envelope->skip;
    const char *ip = transaction->envelope->remote_ip;
    gboolean room = kx_smtp_begin_dns(core, ip);
    KxAuthenticate message = {
        .asks = room ? core->asks : NULL,
        .authserv_id =
            kx_settings_text(kx_session_settings(transaction->session), KX_SET_SERVER_HOSTNAME),
        .ip = ip,
        .helo = transaction->helo,
        .sender = transaction->envelope->sender,
        .content = data + skip,
        .len = len - skip,
    };
    g_auto(KxAuthenticated) results = {0};
    kx_authenticate(&message, &results);
    if (room)
        kx_smtp_end_dns(core, ip);
    transaction->envelope->checked = room;
    tell_logs(transaction, &results);
    return put_in_front(transaction, data, len, results.field, &error) ||
           kx_smtp_refuse_error(transaction, error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who may send: anywhere (SMTP-08 to SMTP-12), how much (LIM-04 to LIM-06, USR-35, DOM-09), and in
 * whose name. */
#include <string.h>

#include "directory/names.h"
#include "mime/address.h"
#include "mime/header.h"
#include "smtp/transaction.h"

enum { AUTHORS_MAX = 100 }; /* in one field */

/* Each condition is enough by itself; but who tried to sign in and failed is not trusted for his
 * address (SMTP-12). */
gboolean kx_smtp_may_relay(KxSession *session)
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

static const KxSmtpVerdict SENDER_OK = {250, "2.1.0 Sender OK"};
const char KX_SMTP_TOO_BIG[] = "5.3.4 The message is larger than you may send";

KxSmtpVerdict kx_smtp_check_sender(const KxSmtpTransaction *transaction, guint64 declared)
{
    const KxEnvelope *envelope = transaction->envelope;
    KxDirectory *directory = kx_session_core(transaction->session)->directory;
    if (transaction->sender.own_addresses && *envelope->sender &&
        !kx_sender_owns(directory, envelope->user, envelope->sender))
        return (KxSmtpVerdict){553, "5.7.1 The sender's address is not one of yours"};
    if (!kx_sender_check_size(&transaction->sender, declared, NULL))
        return (KxSmtpVerdict){552, KX_SMTP_TOO_BIG};
    return SENDER_OK;
}

/* ---- the author ---- */

static gboolean owns(const KxSmtpTransaction *transaction, const KxAddress *author)
{
    if (author->kind != KX_ADDRESS_MAILBOX)
        return TRUE;
    /* Only what was quoted can hold these, and no address here needs to be. */
    if (strpbrk(author->mailbox, "@\""))
        return FALSE;
    g_autofree char *address = g_strdup_printf("%s@%s", author->mailbox, author->host);
    return kx_sender_owns(kx_session_core(transaction->session)->directory,
                          transaction->envelope->user, address);
}

static gboolean owns_all(const KxSmtpTransaction *transaction, const KxHeaderField *field)
{
    g_autoptr(KxAddressList) list =
        kx_address_parse(field->value, field->value_len, AUTHORS_MAX + 1);
    for (unsigned i = 0; i < list->n; i++)
        if (i >= AUTHORS_MAX || !owns(transaction, &list->items[i]))
            return FALSE;
    return TRUE;
}

gboolean kx_smtp_check_author(KxSmtpTransaction *transaction, const char *header, size_t len)
{
    KxHeaderIter iter;
    KxHeaderField field;
    if (!transaction->sender.own_addresses)
        return TRUE;
    /* Who sends somebody's message on says so in front (RFC 5322 section 3.6.6). */
    if (kx_header_find(header, len, "Resent-From", &field))
        return owns_all(transaction, &field) ||
               kx_smtp_refuse(transaction, 550,
                              "5.7.1 The address in Resent-From is not one of yours");
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field))
        if (kx_header_field_is(&field, "From") && !owns_all(transaction, &field))
            return kx_smtp_refuse(transaction, 550,
                                  "5.7.1 The address in From is not one of yours");
    return TRUE;
}

/* ---- in whose name it is signed on its way out ---- */

/* The domain of the first author, as an A-label name. */
static char *author_domain(const char *header, size_t len)
{
    KxHeaderField field;
    if (!kx_header_find(header, len, "From", &field))
        return NULL;
    g_autoptr(KxAddressList) list = kx_address_parse(field.value, field.value_len, 1);
    return list->n > 0 && list->items[0].kind == KX_ADDRESS_MAILBOX
               ? kx_name_domain(list->items[0].host, NULL)
               : NULL;
}

void kx_smtp_note_signer(KxSmtpTransaction *transaction, const char *header, size_t len)
{
    const char *home = transaction->sender.domain; /* NULL: nobody vouches for the sender */
    KxDirectory *directory = kx_session_core(transaction->session)->directory;
    g_autofree char *author = home ? author_domain(header, len) : NULL;
    g_autofree char *of = author ? kx_domain_of_mail(directory, author) : NULL;
    if (of && strcmp(of, home) == 0)
        transaction->envelope->signer = g_steal_pointer(&author);
    else if (home && transaction->envelope->user)
        transaction->envelope->signer = g_strdup(home);
}

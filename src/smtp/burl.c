/* SPDX-License-Identifier: Apache-2.0 */
/* Content that is named by a signed IMAP URL (BURL, RFC 4468). */
#include "base/error.h"
#include "core/url-auth.h"
#include "smtp/content-check.h"
#include "smtp/transaction.h"

/* What is stored is what IMAP may carry, so this is for what got in some other way. */
static gboolean needs_conversion(const KxSmtpTransaction *transaction, const KxUrlContent *content)
{
    KxContentCheck check = KX_CONTENT_CHECK_INIT;
    if (transaction->envelope->flags & KX_SMTP_BINARYMIME)
        return FALSE;
    kx_content_watch(&check, content->data, content->len);
    kx_content_watch_end(&check);
    return check.flaws != 0;
}

/* The client asked for 7 bits before it knew what the URL holds. */
static void note_8bit(KxSmtpTransaction *transaction, const KxUrlContent *content)
{
    for (size_t i = 0; i < content->len; i++)
        if ((guchar)content->data[i] >= 0x80) {
            transaction->envelope->flags |= KX_SMTP_8BITMIME;
            return;
        }
}

/* Who may read it is told no reason why he may not (RFC 4467 section 3). */
static gboolean fetch(KxSmtpTransaction *transaction, const char *text, KxUrlContent *content)
{
    KxSession *session = transaction->session;
    KxUrlReader reader = {.user = kx_session_user(session),
                          .local_ip = kx_session_local_ip(session),
                          .submission = TRUE};
    g_autoptr(KxImapUrl) url = kx_imap_url_parse(text, NULL);
    if (!url)
        return kx_smtp_refuse(transaction, 554, "5.6.6 This is no IMAP URL of a message");
    if (url->access == KX_URL_ACCESS_NONE || !url->token)
        return kx_smtp_refuse(transaction, 554, "5.7.14 The URL must be signed (URLAUTH)");
    g_autoptr(GError) error = NULL;
    return kx_url_fetch(kx_session_core(session), &reader, url, text, content, &error) ||
           kx_smtp_refuse(transaction, 554, "5.6.6 IMAP URL resolution failed");
}

gboolean kx_smtp_content_url(KxSmtpTransaction *transaction, const char *url, guint64 *ret_octets)
{
    g_auto(KxUrlContent) content = {0};
    if (!kx_session_user(transaction->session))
        return kx_smtp_refuse(transaction, 530, "5.7.0 Authentication required");
    if (!fetch(transaction, url, &content))
        return FALSE;
    if (needs_conversion(transaction, &content))
        return kx_smtp_refuse(transaction, 554, "5.6.3 Conversion required but not supported");
    note_8bit(transaction, &content);
    *ret_octets = content.len;
    return kx_smtp_content_write(transaction, (KxSlice){content.data, content.len});
}

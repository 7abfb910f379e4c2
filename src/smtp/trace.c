/* SPDX-License-Identifier: Apache-2.0 */
/* Trace fields: RFC 5321 section 4.4; the "with" words are those of RFC 3848 and RFC 6531
 * section 4.3. */
#include "base/text.h"
#include "ipc/message.h"
#include "smtp/transaction.h"

static const char *with_word(const KxSmtpTransaction *transaction)
{
    static const char *const WORDS[2][4] = {
        {"ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA"},
        {"UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA"},
    };
    const KxEnvelope *envelope = transaction->envelope;
    if (!(envelope->flags & KX_SMTP_EXTENDED))
        return "SMTP";
    return WORDS[(envelope->flags & KX_SMTP_UTF8) != 0]
                [(envelope->secure != 0) + 2 * (envelope->user != NULL)];
}

/* What a client says of itself goes into a field only in characters that mean nothing there. */
static char *safe_name(const char *name)
{
    char *safe = g_strdup(name);
    for (char *c = safe; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr(".-_:[]", *c))
            *c = '?';
    }
    return safe;
}

char *kx_smtp_trace(const KxSmtpTransaction *transaction)
{
    const KxEnvelope *envelope = transaction->envelope;
    const char *hostname =
        kx_settings_text(kx_session_settings(transaction->session), KX_SET_SERVER_HOSTNAME);
    g_autofree char *helo = safe_name(transaction->helo);
    g_autofree char *date = kx_format_rfc5322_date(envelope->created);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Return-Path: <%s>\r\n", envelope->sender);
    transaction->envelope->skip = out->len;
    g_string_append_printf(out, "Received: from %s ([%s%s])\r\n", helo,
                           strchr(envelope->remote_ip, ':') ? "IPv6:" : "", envelope->remote_ip);
    if (*transaction->tls) {
        const char *cipher = strchr(transaction->tls, ' ');
        int version = (int)(cipher ? cipher - transaction->tls : (gssize)strlen(transaction->tls));
        g_string_append_printf(out, "\t(using %.*s with cipher %s)\r\n", version, transaction->tls,
                               cipher ? cipher + 1 : "unknown");
    }
    if (envelope->user)
        g_string_append_printf(out, "\t(authenticated as %s)\r\n", envelope->user);
    g_string_append_printf(out, "\tby %s with %s id %s", hostname, with_word(transaction),
                           envelope->id);
    if (envelope->given->len == 1) /* several would give away blind copies */
        g_string_append_printf(out, "\r\n\tfor <%s>", (const char *)envelope->given->pdata[0]);
    g_string_append_printf(out, "; %s\r\n", date);
    return g_string_free(out, FALSE);
}

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

/* Who is of the house is not shown to the world (ADV-03). */
static gboolean hides_client(const KxSmtpTransaction *transaction)
{
    const KxSettings *settings = kx_session_settings(transaction->session);
    const char *group = kx_settings_text(settings, KX_SET_SMTP_RELAY_GROUP);
    return *group && kx_settings_bool(settings, KX_SET_SMTP_HIDE_LOCAL) &&
           kx_ip_group_contains(kx_session_core(transaction->session)->directory, group,
                                transaction->envelope->remote_ip);
}

/* The next part of the field, on the same line if it is the first. */
static void append_part(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append_part(GString *out, const char *format, ...)
{
    va_list args;
    g_string_append(out, out->str[out->len - 1] == ':' ? " " : "\r\n\t");
    va_start(args, format);
    g_string_append_vprintf(out, format, args);
    va_end(args);
}

static void append_client(GString *out, const KxSmtpTransaction *transaction)
{
    const char *ip = transaction->envelope->remote_ip;
    g_autofree char *helo = safe_name(transaction->helo);
    if (!hides_client(transaction))
        append_part(out, "from %s ([%s%s])", helo, strchr(ip, ':') ? "IPv6:" : "", ip);
}

char *kx_smtp_trace(const KxSmtpTransaction *transaction)
{
    const KxEnvelope *envelope = transaction->envelope;
    const char *hostname =
        kx_settings_text(kx_session_settings(transaction->session), KX_SET_SERVER_HOSTNAME);
    g_autofree char *date = kx_format_rfc5322_date(envelope->created);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "Return-Path: <%s>\r\n", envelope->sender);
    transaction->envelope->skip = out->len;
    g_string_append(out, "Received:");
    append_client(out, transaction);
    if (*transaction->tls) {
        const char *cipher = strchr(transaction->tls, ' ');
        int version = (int)(cipher ? cipher - transaction->tls : (gssize)strlen(transaction->tls));
        append_part(out, "(using %.*s with cipher %s)", version, transaction->tls,
                    cipher ? cipher + 1 : "unknown");
    }
    if (envelope->user)
        append_part(out, "(authenticated as %s)", envelope->user);
    append_part(out, "by %s with %s id %s", hostname, with_word(transaction), envelope->id);
    if (envelope->given->len == 1) /* several would give away blind copies */
        append_part(out, "for <%s>", (const char *)envelope->given->pdata[0]);
    if (envelope->priority > 0) /* RFC 6710 section 6 */
        append_part(out, "PRIORITY %d", kx_envelope_priority(envelope));
    g_string_append_printf(out, "; %s\r\n", date);
    return g_string_free(out, FALSE);
}

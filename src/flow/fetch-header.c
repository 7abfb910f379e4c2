/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of a downloaded message says, and what is put before it. */
#include "base/text.h"
#include "flow/fetch-private.h"
#include "mime/address.h"
#include "mime/header.h"

enum { SENDER_MAX = 320 };

/* Whom the server that had the message names as its sender: Return-Path, which a mailbox's own
 * server writes. */
char *kx_fetch_find_sender(const char *header, size_t len)
{
    KxHeaderField field;
    if (!kx_header_find(header, len, "Return-Path", &field))
        return g_strdup("");
    g_autoptr(KxAddressList) list = kx_address_parse(field.value, field.value_len, 1);
    if (list->n == 0 || list->items[0].kind != KX_ADDRESS_MAILBOX || !*list->items[0].mailbox ||
        !*list->items[0].host)
        return g_strdup("");
    char *sender = g_strconcat(list->items[0].mailbox, "@", list->items[0].host, NULL);
    gboolean good = strlen(sender) <= SENDER_MAX;
    for (const char *at = sender; good && *at; at++)
        good = g_ascii_isgraph(*at) && !strchr("<>\"(),;:\\", *at);
    if (good)
        return sender;
    g_free(sender);
    return g_strdup("");
}

/* RFC 5321 section 4.4. */
void kx_fetch_append_trace(const KxFetchSession *session, KxEnvelope *envelope, GString *out)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(session->tools->directory);
    g_autofree char *date = kx_format_rfc5322_date(envelope->created);
    g_string_append_printf(out, "Return-Path: <%s>\r\n", envelope->sender);
    envelope->skip = out->len;
    g_string_append_printf(out, "Received: from %s ([%s%s])\r\n", session->download->host,
                           strchr(session->ip, ':') ? "IPv6:" : "", session->ip);
    if (*session->tls) {
        const char *cipher = strchr(session->tls, ' ');
        g_string_append_printf(out, "\t(using %.*s with cipher %s)\r\n",
                               (int)(cipher ? cipher - session->tls : (gssize)strlen(session->tls)),
                               session->tls, cipher ? cipher + 1 : "unknown");
    }
    g_string_append_printf(out, "\tby %s with %s id %s",
                           kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), envelope->service,
                           envelope->id);
    if (envelope->given->len == 1) /* several would give away blind copies */
        g_string_append_printf(out, "\r\n\tfor <%s>", (const char *)envelope->given->pdata[0]);
    g_string_append_printf(out, "; %s\r\n", date);
}

gint64 kx_fetch_count_hops(const char *header, size_t len, gboolean *ret_starts_with_field)
{
    gint64 hops = 0;
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    *ret_starts_with_field = FALSE;
    for (gboolean first = TRUE; kx_header_iter_next(&iter, &field); first = FALSE) {
        hops += kx_header_field_is(&field, "Received");
        *ret_starts_with_field |= first && field.name_len > 0;
    }
    return hops;
}

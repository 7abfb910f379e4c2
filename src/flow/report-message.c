/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/report-message.h"

#include <string.h>

#include "base/text.h"
#include "ipc/message.h"
#include "mime/header.h"

enum {
    STATUS_SHOWN = 600, /* bytes of a server's answer; lines may have 998 */
    SUBJECT_READ = 1000,
};

/* ---- addresses ---- */

char *kx_xtext_decode(const char *xtext)
{
    GString *out = g_string_new(NULL);
    for (const char *at = xtext; *at; at++) {
        int c = (guchar)*at;
        if (c == '+' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2])) {
            c = g_ascii_xdigit_value(at[1]) * 16 + g_ascii_xdigit_value(at[2]);
            at += 2;
        }
        g_string_append_c(out, c < ' ' || c == 0x7f ? '?' : (char)c);
    }
    char *text = g_utf8_make_valid(out->str, (gssize)out->len);
    g_string_free(out, TRUE);
    return text;
}

char *kx_xtext_encode(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *at = text; *at; at++) {
        guchar c = (guchar)*at;
        if (c < '!' || c > '~' || c == '+' || c == '=')
            g_string_append_printf(out, "+%02X", c);
        else
            g_string_append_c(out, (char)c);
    }
    return g_string_free(out, FALSE);
}

static gboolean is_global(const KxReportMessage *report)
{
    return (report->envelope->flags & KX_SMTP_UTF8) != 0;
}

/* "rfc822; a@b.test", or of RFC 6533 section 3: as it is where UTF-8 may stand, else escaped. */
static void append_address(const KxReportMessage *report, GString *out, const char *address)
{
    if (g_str_is_ascii(address)) {
        g_string_append_printf(out, "rfc822; %s", address);
        return;
    }
    g_string_append(out, "utf-8; ");
    if (is_global(report)) {
        g_string_append(out, address);
        return;
    }
    for (const char *at = address; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c < 0x80)
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "\\x{%X}", c);
    }
}

/* As given by ORCPT: "rfc822;xtext", "utf-8;..."; else as the sender gave the recipient. */
static void append_original(const KxReportMessage *report, GString *out, const KxEnvelopeRcpt *rcpt)
{
    const char *semicolon = rcpt->orcpt ? strchr(rcpt->orcpt, ';') : NULL;
    if (!semicolon && !rcpt->original)
        return;
    g_string_append(out, "Original-Recipient: ");
    if (!semicolon) {
        append_address(report, out, rcpt->original);
    } else {
        g_autofree char *address = kx_xtext_decode(semicolon + 1);
        if (g_str_is_ascii(address) || is_global(report))
            g_string_append_printf(out, "%.*s; %s", (int)(semicolon - rcpt->orcpt), rcpt->orcpt,
                                   address);
        else
            append_address(report, out, address);
    }
    g_string_append(out, "\r\n");
}

/* ---- for people ---- */

static char *original_subject(const KxReportMessage *report)
{
    KxHeaderField field;
    if (!kx_header_find(report->original, report->original_len, "Subject", &field))
        return g_strdup("");
    return kx_header_decode(field.value, field.value_len, SUBJECT_READ);
}

static char *list_recipients(const KxReportMessage *report)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < report->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = report->recipients->pdata[i];
        g_string_append_printf(out, "  <%s>\n", rcpt->original ? rcpt->original : rcpt->address);
        if (rcpt->status)
            g_string_append_printf(out, "      %.*s\n", STATUS_SHOWN, rcpt->status);
    }
    return g_string_free(out, FALSE);
}

static char *show_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(seconds);
    return time ? g_date_time_format(time, "%Y-%m-%d %H:%M %Z") : g_strdup("");
}

static void fill_text(const KxReportMessage *report, KxNoticeText *ret_text)
{
    g_autofree char *subject = original_subject(report);
    g_autofree char *recipients = list_recipients(report);
    g_autofree char *until = show_time(report->retry_until);
    const KxNoticeValue values[] = {
        {"server", report->hostname},
        {"subject", subject},
        {"recipients", recipients},
        {"until", until},
        {NULL, NULL},
    };
    kx_notice_text(report->notice, report->language, values, ret_text);
}

static void add_header(const KxReportMessage *report, GString *out, const char *subject,
                       const char *boundary)
{
    g_autofree char *date = kx_format_rfc5322_date(report->now);
    g_string_append_printf(out,
                           "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
                           "To: <%s>\r\n"
                           "%s"
                           "Date: %s\r\n"
                           "Message-ID: <%s@%s>\r\n"
                           "Auto-Submitted: auto-replied\r\n"
                           "MIME-Version: 1.0\r\n"
                           "Content-Type: multipart/report; report-type=%sdelivery-status;\r\n"
                           " boundary=\"%s\"\r\n"
                           "\r\n",
                           report->hostname, report->to, subject, date, report->id,
                           report->hostname, is_global(report) ? "global-" : "", boundary);
}

/* ---- for programs ---- */

static void add_reason(const KxReportMessage *report, GString *out, const KxEnvelopeRcpt *rcpt)
{
    if (rcpt->remote)
        g_string_append_printf(out, "Remote-MTA: dns; %s\r\n", rcpt->remote);
    if (!rcpt->status)
        return;
    g_autofree char *status = g_strndup(rcpt->status, STATUS_SHOWN);
    for (char *c = status; *c; c++)
        if ((guchar)*c < ' ' || (guchar)*c > '~')
            *c = '?';
    if (rcpt->reply >= 200)
        g_string_append_printf(out, "Diagnostic-Code: smtp; %u %s\r\n", rcpt->reply, status);
    else
        g_string_append_printf(out, "Diagnostic-Code: %s; %s\r\n",
                               report->hide_program ? "X-Local" : "X-Keryx", status);
}

static void add_recipient(const KxReportMessage *report, GString *out, const KxEnvelopeRcpt *rcpt)
{
    g_autofree char *code =
        rcpt->status ? g_strndup(rcpt->status, strcspn(rcpt->status, " ")) : g_strdup("2.0.0");
    g_string_append(out, "\r\n");
    append_original(report, out, rcpt);
    g_string_append(out, "Final-Recipient: ");
    append_address(report, out, rcpt->address);
    g_string_append_printf(out, "\r\nAction: %s\r\nStatus: %s\r\n", report->action, code);
    add_reason(report, out, rcpt);
    if (report->retry_until > 0) {
        g_autofree char *until = kx_format_rfc5322_date(report->retry_until);
        g_string_append_printf(out, "Will-Retry-Until: %s\r\n", until);
    }
}

static void add_status(const KxReportMessage *report, GString *out)
{
    g_autofree char *arrived = kx_format_rfc5322_date(report->envelope->created);
    if (is_global(report))
        g_string_append(out, "Content-Type: message/global-delivery-status\r\n"
                             "Content-Transfer-Encoding: 8bit\r\n");
    else
        g_string_append(out, "Content-Type: message/delivery-status\r\n");
    g_string_append(out, "\r\n");
    if (report->envelope->envid) {
        g_autofree char *envid = kx_xtext_decode(report->envelope->envid);
        g_string_append_printf(out, "Original-Envelope-Id: %s\r\n", envid);
    }
    if (report->envelope->deliver_by > 0) { /* RFC 2852 section 6 */
        g_autofree char *by = kx_format_rfc5322_date(report->envelope->deliver_by);
        g_string_append_printf(out, "Deliver-By-Date: %s\r\n", by);
    }
    g_string_append_printf(out, "Reporting-MTA: dns; %s\r\nArrival-Date: %s\r\n", report->hostname,
                           arrived);
    for (guint i = 0; i < report->recipients->len; i++)
        add_recipient(report, out, report->recipients->pdata[i]);
}

/* ---- the message ---- */

static gboolean has_8bit(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((guchar)text[i] > 0x7f)
            return TRUE;
    return FALSE;
}

static size_t header_length(const char *text, size_t len)
{
    size_t all = kx_header_length(text, len);
    return all >= 2 && memcmp(text + all - 2, "\r\n", 2) == 0 && all < len ? all - 2 : all;
}

static void add_original(const KxReportMessage *report, GString *out)
{
    static const char *const types[2][2] = {
        {"text/rfc822-headers", "message/rfc822"},
        {"message/global-headers", "message/global"},
    };
    size_t len =
        report->full ? report->original_len : header_length(report->original, report->original_len);
    g_string_append_printf(out, "Content-Type: %s\r\n", types[is_global(report)][report->full]);
    if (has_8bit(report->original, len))
        g_string_append(out, "Content-Transfer-Encoding: 8bit\r\n");
    g_string_append(out, "\r\n");
    g_string_append_len(out, report->original, (gssize)len);
}

GString *kx_report_message(const KxReportMessage *report)
{
    GString *out = g_string_new(NULL);
    g_autofree char *boundary =
        g_strdup_printf("=_%s_%08x%08x", report->id, g_random_int(), g_random_int());
    g_auto(KxNoticeText) text;
    fill_text(report, &text);
    add_header(report, out, text.subject, boundary);
    g_string_append_printf(out,
                           "--%s\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n"
                           "\r\n%s\r\n--%s\r\n",
                           boundary, text.body, boundary);
    add_status(report, out);
    g_string_append_printf(out, "\r\n--%s\r\n", boundary);
    add_original(report, out);
    g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
    return out;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery status notifications (RFC 3461, RFC 3462, RFC 3464). */
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "flow/queue-private.h"
#include "flow/recipients.h"

enum { HEADER_MAX = 64 * 1024, FULL_MAX = 256 * 1024 };

typedef struct {
    KxQueue *queue;
    const KxEnvelope *envelope; /* of the message it is about */
    char *hostname;
    GString *text;
    char *boundary;
} Report;

static gboolean has_failed(const KxEnvelopeRcpt *rcpt)
{
    return rcpt->duty == KX_DUTY_QUEUED && rcpt->status && rcpt->status[0] == '5';
}

/* RFC 3461 section 4.1: failures are told unless the sender asked for something else. */
static gboolean wants_failure(const KxEnvelopeRcpt *rcpt)
{
    return rcpt->notify == 0 || (rcpt->notify & KX_NOTIFY_FAILURE);
}

/* ---- parts ---- */

static void add_header(Report *report)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *date = kx_format_rfc5322_date(now);
    g_string_append_printf(report->text,
                           "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n"
                           "To: <%s>\r\n"
                           "Subject: Undelivered mail\r\n"
                           "Date: %s\r\n"
                           "Message-ID: <%s.report@%s>\r\n"
                           "Auto-Submitted: auto-replied\r\n"
                           "MIME-Version: 1.0\r\n"
                           "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                           " boundary=\"%s\"\r\n"
                           "\r\n",
                           report->hostname, report->envelope->sender, date, report->envelope->id,
                           report->hostname, report->boundary);
}

static void add_explanation(Report *report)
{
    g_string_append_printf(report->text,
                           "--%s\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n"
                           "\r\n"
                           "This is the mail server %s.\r\n"
                           "\r\n"
                           "Your message could not be delivered to the addresses below. It will "
                           "not be tried again.\r\n\r\n",
                           report->boundary, report->hostname);
    for (guint i = 0; i < report->envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = report->envelope->recipients->pdata[i];
        if (has_failed(rcpt) && wants_failure(rcpt))
            g_string_append_printf(report->text, "  <%s>\r\n      %s\r\n", rcpt->address,
                                   rcpt->status);
    }
    g_string_append(report->text, "\r\n");
}

static void add_recipient_status(Report *report, const KxEnvelopeRcpt *rcpt)
{
    g_autofree char *code = g_strndup(rcpt->status, strcspn(rcpt->status, " "));
    g_string_append(report->text, "\r\n");
    if (rcpt->orcpt)
        g_string_append_printf(report->text, "Original-Recipient: %s\r\n", rcpt->orcpt);
    else if (rcpt->original)
        g_string_append_printf(report->text, "Original-Recipient: rfc822; %s\r\n", rcpt->original);
    g_string_append_printf(report->text,
                           "Final-Recipient: rfc822; %s\r\n"
                           "Action: failed\r\n"
                           "Status: %s\r\n"
                           "Diagnostic-Code: smtp; %s\r\n",
                           rcpt->address, code, rcpt->status);
}

static void add_status(Report *report)
{
    g_autofree char *arrived = kx_format_rfc5322_date(report->envelope->created);
    g_string_append_printf(report->text,
                           "--%s\r\n"
                           "Content-Type: message/delivery-status\r\n"
                           "\r\n"
                           "Reporting-MTA: dns; %s\r\n",
                           report->boundary, report->hostname);
    if (report->envelope->envid)
        g_string_append_printf(report->text, "Original-Envelope-Id: %s\r\n",
                               report->envelope->envid);
    g_string_append_printf(report->text, "Arrival-Date: %s\r\n", arrived);
    for (guint i = 0; i < report->envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = report->envelope->recipients->pdata[i];
        if (has_failed(rcpt) && wants_failure(rcpt))
            add_recipient_status(report, rcpt);
    }
    g_string_append(report->text, "\r\n");
}

/* The message as it was sent, at most so many bytes of it. */
static char *read_original(const KxEnvelope *envelope, size_t most, size_t *ret_len)
{
    g_autofree char *path = kx_queue_path(envelope->id, ".eml");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = g_malloc(most + 1);
    ssize_t n = fd >= 0 ? pread(fd, text, most, (off_t)envelope->skip) : -1;
    if (fd >= 0)
        close(fd);
    *ret_len = n > 0 ? (size_t)n : 0;
    text[*ret_len] = '\0';
    return text;
}

static size_t header_length(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    return end ? (size_t)(end - text) + 2 : len;
}

/* All of it if the sender asked for that and it is small, else the header (SMTP-31). */
static void add_original(Report *report)
{
    size_t len;
    gboolean full =
        g_strcmp0(report->envelope->ret, "FULL") == 0 && report->envelope->size <= FULL_MAX;
    g_autofree char *text = read_original(report->envelope, full ? FULL_MAX : HEADER_MAX, &len);
    if (!full)
        len = header_length(text, len);
    g_string_append_printf(report->text,
                           "--%s\r\n"
                           "Content-Type: %s\r\n"
                           "\r\n",
                           report->boundary, full ? "message/rfc822" : "text/rfc822-headers");
    g_string_append_len(report->text, text, (gssize)len);
    g_string_append_printf(report->text, "\r\n--%s--\r\n", report->boundary);
}

/* ---- sending it ---- */

/* Nobody hears of it if the sender is gone. */
static KxEnvelope *address_report(Report *report, GError **error)
{
    KxQueue *queue = report->queue;
    KxRecipients recipients;
    g_autoptr(KxEnvelope) envelope = kx_envelope_new();
    envelope->created = g_get_real_time() / G_USEC_PER_SEC;
    envelope->service = g_strdup("DSN");
    envelope->sender = g_strdup("");
    envelope->flags = KX_SMTP_8BITMIME;
    kx_recipients_init(&recipients, queue->directory, queue->store, queue->logger, envelope, NULL,
                       TRUE);
    kx_recipients_add(&recipients, report->envelope->sender, KX_NOTIFY_NEVER, NULL);
    kx_recipients_clear(&recipients);
    return kx_queue_new_id(queue, envelope->created, envelope->id, error)
               ? g_steal_pointer(&envelope)
               : NULL;
}

static gboolean send_report(Report *report, GError **error)
{
    g_autoptr(KxEnvelope) envelope = address_report(report, error);
    if (!envelope)
        return FALSE;
    if (envelope->recipients->len == 0)
        return TRUE;
    g_autoptr(KxIncoming) incoming = kx_incoming_new(report->queue->store, error);
    static const char return_path[] = "Return-Path: <>\r\n";
    envelope->skip = strlen(return_path);
    return incoming && kx_incoming_write(incoming, return_path, strlen(return_path), error) &&
           kx_incoming_write(incoming, report->text->str, report->text->len, error) &&
           kx_queue_accept(report->queue, envelope, incoming, error);
}

static gboolean make_report(KxQueue *queue, const KxEnvelope *envelope, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(queue->directory);
    Report report = {queue, envelope, g_strdup(kx_settings_text(settings, KX_SET_SERVER_HOSTNAME)),
                     g_string_new(NULL),
                     g_strdup_printf("=_report_%s_%08x", envelope->id, g_random_int())};
    add_header(&report);
    add_explanation(&report);
    add_status(&report);
    add_original(&report);
    gboolean done = send_report(&report, error);
    g_string_free(report.text, TRUE);
    g_free(report.boundary);
    g_free(report.hostname);
    return done;
}

gboolean kx_queue_report_failures(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    guint failed = 0, told = 0;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        failed += has_failed(rcpt);
        told += has_failed(rcpt) && wants_failure(rcpt);
    }
    /* Never to the null sender: that is how reports and loops of reports begin (RFC 5321 6.1). */
    if (told > 0 && *envelope->sender && !make_report(queue, envelope, error))
        return FALSE;
    for (guint i = 0; failed > 0 && i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (has_failed(rcpt))
            rcpt->duty = KX_DUTY_DONE;
    }
    return TRUE;
}

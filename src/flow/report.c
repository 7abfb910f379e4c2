/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told what became of a message (RFC 3461 sections 4.1, 5.2 and 6.2): failures unless that
 * is not wished, delays likewise, success only if it is. Never the null sender: that is how reports
 * and loops of reports begin (RFC 5321 section 6.1); and answers by themselves get no answer (RFC
 * 3834 section 2).
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue-private.h"
#include "flow/recipients.h"
#include "flow/report-message.h"
#include "mime/header.h"

enum { HEADER_MAX = 64 * 1024, FULL_MAX = 256 * 1024 };

typedef gboolean (*Concerns)(const KxEnvelopeRcpt *rcpt);

typedef struct {
    KxNoticeId notice;
    const char *action; /* RFC 3464 section 2.3.3 */
    Concerns concerns;  /* who is reported of */
    gboolean whole;     /* the message may go along, not only its header */
    gboolean automatic; /* also to senders that are programs */
} Kind;

static gboolean has_failed(const KxEnvelopeRcpt *rcpt)
{
    return rcpt->duty == KX_DUTY_QUEUED && rcpt->status && rcpt->status[0] == '5';
}

static gboolean failure_is_told(const KxEnvelopeRcpt *rcpt)
{
    return has_failed(rcpt) && (rcpt->notify == 0 || (rcpt->notify & KX_NOTIFY_FAILURE));
}

static gboolean delay_is_told(const KxEnvelopeRcpt *rcpt)
{
    return rcpt->duty == KX_DUTY_QUEUED && !has_failed(rcpt) &&
           (rcpt->notify == 0 || (rcpt->notify & KX_NOTIFY_DELAY));
}

static gboolean success_is_told(const KxEnvelopeRcpt *rcpt)
{
    return rcpt->duty == KX_DUTY_DONE && !rcpt->status && !rcpt->told &&
           (rcpt->notify & KX_NOTIFY_SUCCESS);
}

static gboolean delivery_is_told(const KxEnvelopeRcpt *rcpt)
{
    return success_is_told(rcpt) && rcpt->account;
}

static gboolean relaying_is_told(const KxEnvelopeRcpt *rcpt)
{
    gboolean traced = rcpt->duty == KX_DUTY_DONE && !rcpt->status && !rcpt->told && rcpt->traced &&
                      !(rcpt->notify & KX_NOTIFY_NEVER);
    return traced || (success_is_told(rcpt) && !rcpt->account && !rcpt->passed);
}

static const Kind FAILED = {KX_NOTICE_FAILED, "failed", failure_is_told, TRUE, TRUE};
static const Kind DELAYED = {KX_NOTICE_DELAYED, "delayed", delay_is_told, FALSE, FALSE};
static const Kind DELIVERED = {KX_NOTICE_DELIVERED, "delivered", delivery_is_told, FALSE, TRUE};
static const Kind RELAYED = {KX_NOTICE_RELAYED, "relayed", relaying_is_told, FALSE, TRUE};
static const Kind EXPANDED = {KX_NOTICE_EXPANDED, "expanded", success_is_told, FALSE, TRUE};

/* ---- the message it is about ---- */

/* At most so many bytes of it, as it was sent. */
static char *read_original(const KxEnvelope *envelope, KxIncoming *incoming, size_t most,
                           size_t *ret_len)
{
    const char *data;
    size_t len;
    if (incoming && kx_incoming_map(incoming, &data, &len, NULL) && len >= envelope->skip) {
        *ret_len = MIN(most, len - envelope->skip);
        return g_memdup2(data + envelope->skip, *ret_len);
    }
    g_autofree char *path = kx_queue_path(envelope->id, ".eml");
    int fd = incoming ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    char *text = g_malloc(most + 1);
    ssize_t n = fd >= 0 ? pread(fd, text, most, (off_t)envelope->skip) : -1;
    if (fd >= 0)
        close(fd);
    *ret_len = n > 0 ? (size_t)n : 0;
    text[*ret_len] = '\0';
    return text;
}

/* Whether a program wrote it, and whether as an answer (RFC 3834 section 5). */
static gboolean is_automatic(const char *text, size_t len, gboolean *ret_answer)
{
    KxHeaderField field;
    *ret_answer = FALSE;
    if (!kx_header_find(text, len, "Auto-Submitted", &field))
        return FALSE;
    g_autofree char *value = kx_header_unfold(field.value, field.value_len, 100);
    g_autofree char *word = g_strndup(value, strcspn(value, "; \t("));
    *ret_answer = g_ascii_strcasecmp(word, "auto-replied") == 0;
    return g_ascii_strcasecmp(word, "no") != 0;
}

static gboolean may_be_told(const Kind *kind, const char *text, size_t len)
{
    gboolean answer;
    return !is_automatic(text, len, &answer) || (kind->automatic && !answer);
}

/* ---- sending it ---- */

/* Nobody hears of it if the sender is gone: there are no recipients then. */
static KxEnvelope *address_report(KxQueue *queue, const KxEnvelope *about, const Kind *kind,
                                  GError **error)
{
    KxRecipients recipients;
    g_autoptr(KxSettings) settings = kx_directory_settings(queue->directory);
    g_autoptr(KxEnvelope) envelope = kx_envelope_new();
    envelope->created = g_get_real_time() / G_USEC_PER_SEC;
    envelope->service = g_strdup("DSN");
    envelope->sender = g_strdup("");
    envelope->flags = KX_SMTP_8BITMIME | (g_str_is_ascii(about->sender) ? 0 : KX_SMTP_UTF8) |
                      (about->flags & KX_SMTP_REQUIRETLS); /* RFC 8689 section 5 */
    envelope->report = g_strdup(kind->action);
    envelope->signer =
        kx_sign_own_domain(queue->directory, kx_settings_text(settings, KX_SET_SERVER_HOSTNAME));
    kx_recipients_init(&recipients, queue->directory, queue->store, queue->logger, envelope, NULL,
                       TRUE);
    kx_recipients_add(&recipients, about->sender, KX_NOTIFY_NEVER, NULL);
    kx_recipients_clear(&recipients);
    return kx_queue_new_id(queue, envelope->created, envelope->id, error)
               ? g_steal_pointer(&envelope)
               : NULL;
}

static gboolean send_report(KxQueue *queue, KxReportMessage *report, KxEnvelope *envelope,
                            GError **error)
{
    static const char return_path[] = "Return-Path: <>\r\n";
    const KxEnvelopeRcpt *to = envelope->recipients->pdata[0];
    g_autoptr(KxSettings) settings = kx_directory_settings(queue->directory);
    g_autofree char *language = kx_notice_language(queue->directory, to->address);
    report->id = envelope->id;
    report->now = envelope->created;
    report->to = report->envelope->sender;
    report->hostname = kx_settings_text(settings, KX_SET_SERVER_HOSTNAME);
    report->language = language;
    report->hide_program = kx_settings_bool(settings, KX_SET_SERVER_HIDE_PROGRAM);
    GString *text = kx_report_message(report);
    g_autoptr(KxIncoming) incoming = kx_incoming_new(queue->store, error);
    envelope->skip = strlen(return_path);
    gboolean ok = incoming &&
                  kx_incoming_write(incoming, return_path, strlen(return_path), error) &&
                  kx_incoming_write(incoming, text->str, text->len, error) &&
                  kx_queue_accept(queue, envelope, incoming, error);
    g_string_free(text, TRUE);
    return ok;
}

static gboolean tell(KxQueue *queue, const KxEnvelope *about, const Kind *kind,
                     GPtrArray *recipients, KxIncoming *incoming, gint64 retry_until,
                     GError **error)
{
    gboolean full = kind->whole && g_strcmp0(about->ret, "FULL") == 0 && about->size <= FULL_MAX &&
                    !(about->flags & KX_SMTP_REQUIRETLS);
    size_t len;
    g_autofree char *original = read_original(about, incoming, full ? FULL_MAX : HEADER_MAX, &len);
    if (!may_be_told(kind, original, len))
        return TRUE;
    g_autoptr(KxEnvelope) envelope = address_report(queue, about, kind, error);
    KxReportMessage report = {.notice = kind->notice,
                              .action = kind->action,
                              .retry_until = retry_until,
                              .envelope = about,
                              .recipients = recipients,
                              .original = original,
                              .original_len = len,
                              .full = full};
    if (!envelope)
        return FALSE;
    return envelope->recipients->len == 0 || send_report(queue, &report, envelope, error);
}

/* Tells the sender, if there is anything of that kind to be told, and somebody. */
static gboolean report(KxQueue *queue, KxEnvelope *envelope, const Kind *kind, GPtrArray *among,
                       KxIncoming *incoming, gint64 retry_until, GError **error)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();
    for (guint i = 0; i < among->len; i++)
        if (kind->concerns(among->pdata[i]))
            g_ptr_array_add(chosen, among->pdata[i]);
    if (chosen->len > 0 && *envelope->sender &&
        !tell(queue, envelope, kind, chosen, incoming, retry_until, error))
        return FALSE;
    for (guint i = 0; i < chosen->len; i++)
        ((KxEnvelopeRcpt *)chosen->pdata[i])->told = TRUE;
    return TRUE;
}

/* ---- what there is to tell ---- */

gboolean kx_queue_report_failures(KxQueue *queue, KxEnvelope *envelope, GError **error)
{
    if (!report(queue, envelope, &FAILED, envelope->recipients, NULL, 0, error))
        return FALSE;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (has_failed(rcpt))
            rcpt->duty = KX_DUTY_DONE;
    }
    return TRUE;
}

void kx_queue_report_success(KxQueue *queue, KxEnvelope *envelope, KxIncoming *incoming)
{
    g_autoptr(GError) error = NULL;
    if (!report(queue, envelope, &EXPANDED, envelope->expanded, incoming, 0, &error) ||
        !report(queue, envelope, &DELIVERED, envelope->recipients, incoming, 0, &error) ||
        !report(queue, envelope, &RELAYED, envelope->recipients, NULL, 0, &error))
        kx_log(queue->logger, KX_LOG_ERROR, "queue: message %s: the report of success: %s",
               envelope->id, error->message);
}

gboolean kx_queue_report_delay(KxQueue *queue, KxEnvelope *envelope, gint64 retry_until,
                               GError **error)
{
    if (!report(queue, envelope, &DELAYED, envelope->recipients, NULL, retry_until, error))
        return FALSE;
    envelope->warned = TRUE;
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/tls-reports.h"

#include <string.h>

#include "base/error.h"
#include "base/lock.h"
#include "flow/recipients.h"
#include "flow/sign.h"
#include "flow/tls-report.h"

enum {
    LOOK_SECONDS = 60,
    RETRY = 3600,      /* seconds */
    TRIES_MAX = 24,    /* a day's worth (section 5.4) */
    DAYS_MAX = 3,      /* after which nobody wants to hear of a day any more */
    POST_SECONDS = 60, /* to wait for a web server */
    POST_MAX = 65536,  /* bytes, as MAIL_BODY */
};

struct KxTlsReports {
    KxDirectory *directory;
    KxStore *store;
    KxQueue *queue;
    KxAsks *asks;
    KxLogger *logger;
    KxTlsStore *notes;
    GThread *thread;
    KxMutex sending; /* one round at a time */
    KxMutex lock;    /* of what follows */
    KxCond changed;
    gboolean stopping;
};

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

void kx_tls_reports_note(KxTlsReports *reports, const KxMsgTlsNote *note)
{
    g_autoptr(GError) error = NULL;
    if (!kx_tls_store_put(reports->notes, note, now_seconds(), &error))
        kx_log(reports->logger, KX_LOG_ERROR, "TLS reports: %s: %s", note->domain, error->message);
}

GPtrArray *kx_tls_reports_list(KxTlsReports *reports, GError **error)
{
    return kx_tls_store_days(reports->notes, G_MAXINT64, error);
}

/* ---- by mail ---- */

/* Needs no TLS, or what is wrong with that would never be heard of (section 3). */
static KxEnvelope *new_envelope(KxTlsReports *reports, const KxTlsReport *report, const char *to,
                                GError **error)
{
    KxRecipients recipients;
    g_autoptr(KxEnvelope) envelope = kx_envelope_new();
    envelope->created = now_seconds();
    envelope->service = g_strdup("TLS-RPT");
    envelope->sender = g_strdup(report->contact);
    envelope->flags = KX_SMTP_TLS_OPTIONAL;
    const char *at = strrchr(report->contact, '@');
    envelope->signer = kx_sign_own_domain(reports->directory, at ? at + 1 : NULL);
    kx_recipients_init(&recipients, reports->directory, reports->store, reports->logger, envelope,
                       NULL, TRUE);
    KxRecipientResult result = kx_recipients_add(&recipients, to, KX_NOTIFY_NEVER, NULL);
    kx_recipients_clear(&recipients);
    if (result != KX_RECIPIENT_TAKEN) {
        kx_fail(error, KX_ERR_INVALID, "there is no such recipient");
        return NULL;
    }
    return kx_queue_new_id(reports->queue, envelope->created, envelope->id, error)
               ? g_steal_pointer(&envelope)
               : NULL;
}

static gboolean is_address(const char *to)
{
    size_t local = strcspn(to, "@<>\"\\, ");
    return local > 0 && to[local] == '@' && to[local + 1] != '\0' &&
           strpbrk(to + local + 1, "@<>\"\\, ") == NULL && strlen(to) <= 320;
}

static gboolean send_mail(KxTlsReports *reports, const KxTlsReport *report, GBytes *gzip,
                          const char *uri, GError **error)
{
    g_autofree char *part = g_strndup(uri, strcspn(uri, "?"));
    g_autofree char *to = g_uri_unescape_string(part, NULL);
    if (!to || !is_address(to))
        return kx_fail(error, KX_ERR_INVALID, "not an address");
    g_autoptr(KxEnvelope) envelope = new_envelope(reports, report, to, error);
    if (!envelope)
        return FALSE;
    g_autofree char *path = g_strdup_printf("Return-Path: <%s>\r\n", envelope->sender);
    GString *text = kx_tls_report_message(report, gzip, to, envelope->id, envelope->created);
    g_autoptr(KxIncoming) incoming = kx_incoming_new(reports->store, error);
    envelope->skip = strlen(path);
    gboolean ok = incoming && kx_incoming_write(incoming, path, strlen(path), error) &&
                  kx_incoming_write(incoming, text->str, text->len, error) &&
                  kx_queue_accept(reports->queue, envelope, incoming, error);
    g_string_free(text, TRUE);
    return ok;
}

/* ---- by HTTPS ---- */

static gboolean post(KxTlsReports *reports, GBytes *gzip, const char *url, GError **error)
{
    if (g_bytes_get_size(gzip) > POST_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "the report is too large");
    KxAskName name = {.name = url};
    g_auto(KxAsk) ask = {.kind = KX_MAIL_POST,
                         .host = "",
                         .seconds = POST_SECONDS,
                         .names = &name,
                         .n_names = 1,
                         .body = gzip,
                         .body_type = KX_TLS_REPORT_TYPE};
    kx_asks_run(reports->asks, &ask);
    return name.code / 100 == 2 ||
           kx_fail(error, KX_ERR_IO, "%s", name.text ? name.text : ask.text);
}

/* ---- one report ---- */

static gboolean send_to(KxTlsReports *reports, const KxTlsReport *report, GBytes *gzip,
                        const char *uri, GPtrArray *done)
{
    g_autoptr(GError) error = NULL;
    gboolean mail = g_ascii_strncasecmp(uri, "mailto:", 7) == 0;
    gboolean ok =
        mail ? send_mail(reports, report, gzip, uri + 7, &error) : post(reports, gzip, uri, &error);
    g_ptr_array_add(done, g_strdup_printf("%s, to %s: %s", report->day->domain, uri,
                                          ok ? "sent" : error->message));
    return ok;
}

static gboolean send_report(KxTlsReports *reports, const KxTlsReport *report, GPtrArray *done)
{
    g_autoptr(GBytes) gzip = kx_tls_report_gzip(report);
    g_auto(GStrv) uris = g_strsplit(report->day->rua, ",", 8);
    gboolean any = FALSE;
    for (guint i = 0; uris[i]; i++)
        any |= send_to(reports, report, gzip, uris[i], done);
    return any;
}

/* Whoever could be told has it; else it is tried again for a day. */
static void send_day(KxTlsReports *reports, const KxTlsDay *day, const KxSettings *settings,
                     GPtrArray *done)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = kx_tls_store_rows(reports->notes, day, &error);
    KxTlsReport report = {day, rows, kx_settings_text(settings, KX_SET_SERVER_HOSTNAME),
                          kx_settings_text(settings, KX_SET_SMTP_TLS_REPORTS)};
    gboolean late = day->day + DAYS_MAX < now_seconds() / KX_TLS_DAY;
    gboolean over =
        rows && (late || send_report(reports, &report, done) || day->tries >= TRIES_MAX);
    if (over)
        kx_tls_store_remove(reports->notes, day, &error);
    else if (rows)
        kx_tls_store_put_off(reports->notes, day, now_seconds() + RETRY, &error);
    if (error)
        kx_log(reports->logger, KX_LOG_ERROR, "TLS reports: %s: %s", day->domain, error->message);
}

static gboolean is_stopping(KxTlsReports *reports)
{
    kx_mutex_lock(&reports->lock);
    gboolean stopping = reports->stopping;
    kx_mutex_unlock(&reports->lock);
    return stopping;
}

/* All that are due by then. */
static GPtrArray *send_all(KxTlsReports *reports, gint64 until, GError **error)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(reports->directory);
    if (*kx_settings_text(settings, KX_SET_SMTP_TLS_REPORTS) == '\0') {
        kx_fail(error, KX_ERR_INVALID, "smtp.tls-reports names nobody who reports");
        return NULL;
    }
    kx_mutex_lock(&reports->sending);
    GPtrArray *done = NULL;
    g_autoptr(GPtrArray) days = kx_tls_store_days(reports->notes, until, error);
    if (days)
        done = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; days && i < days->len && !is_stopping(reports); i++)
        send_day(reports, days->pdata[i], settings, done);
    kx_mutex_unlock(&reports->sending);
    return done;
}

GPtrArray *kx_tls_reports_send(KxTlsReports *reports, GError **error)
{
    return send_all(reports, G_MAXINT64, error);
}

/* ---- the thread ---- */

static void look(KxTlsReports *reports)
{
    g_autoptr(GPtrArray) done = send_all(reports, now_seconds(), NULL);
    for (guint i = 0; done && i < done->len; i++)
        kx_debug(reports->logger, KX_DEBUG_QUEUE, "TLS report: %s", (const char *)done->pdata[i]);
}

static gpointer work(gpointer data)
{
    KxTlsReports *reports = data;
    kx_mutex_lock(&reports->lock);
    while (!reports->stopping) {
        kx_cond_wait_until(&reports->changed, &reports->lock,
                           g_get_monotonic_time() + LOOK_SECONDS * G_USEC_PER_SEC);
        if (reports->stopping)
            break;
        kx_mutex_unlock(&reports->lock);
        look(reports);
        kx_mutex_lock(&reports->lock);
    }
    kx_mutex_unlock(&reports->lock);
    return NULL;
}

KxTlsReports *kx_tls_reports_start(KxDirectory *directory, KxStore *store, KxQueue *queue,
                                   KxAsks *asks, KxLogger *logger, GError **error)
{
    KxTlsStore *notes = kx_tls_store_open(error);
    if (!notes)
        return NULL;
    KxTlsReports *reports = g_new0(KxTlsReports, 1);
    reports->directory = directory;
    reports->store = store;
    reports->queue = queue;
    reports->asks = asks;
    reports->logger = logger;
    reports->notes = notes;
    kx_mutex_init(&reports->sending);
    kx_mutex_init(&reports->lock);
    kx_cond_init(&reports->changed);
    reports->thread = g_thread_new("tls-reports", work, reports);
    return reports;
}

void kx_tls_reports_stop(KxTlsReports *reports)
{
    if (!reports)
        return;
    kx_mutex_lock(&reports->lock);
    reports->stopping = TRUE;
    kx_cond_signal(&reports->changed);
    kx_mutex_unlock(&reports->lock);
    g_thread_join(reports->thread);
    kx_tls_store_close(reports->notes);
    kx_cond_clear(&reports->changed);
    kx_mutex_clear(&reports->lock);
    kx_mutex_clear(&reports->sending);
    g_free(reports);
}

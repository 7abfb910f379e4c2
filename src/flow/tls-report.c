/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/tls-report.h"

#include <jansson.h>
#include <string.h>
#include <zlib.h>

#include "base/text.h"

static char *time_text(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}

char *kx_tls_report_id(const KxTlsReport *report)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(report->day->day * KX_TLS_DAY);
    g_autofree char *date = g_date_time_format(time, "%Y%m%d");
    return g_strdup_printf("%s.%s@%s", date, report->day->domain, report->hostname);
}

/* ---- JSON ---- */

/* Names of hosts and reasons come from outside. */
static json_t *text_of(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

static json_t *policy_of(const KxTlsReport *report, const KxTlsRow *row)
{
    static const char *const types[] = {"no-policy-found", "tlsa", "sts"};
    json_t *policy = json_pack("{s:s, s:s}", "policy-type", types[row->type], "policy-domain",
                               report->day->domain);
    json_t *lines = json_array(), *hosts = json_array();
    g_auto(GStrv) text = g_strsplit(row->policy, "\n", -1);
    for (guint i = 0; text[i]; i++) {
        if (*text[i])
            json_array_append_new(lines, text_of(text[i]));
        if (g_str_has_prefix(text[i], "mx: "))
            json_array_append_new(hosts, text_of(text[i] + 4));
    }
    if (json_array_size(lines) > 0)
        json_object_set(policy, "policy-string", lines);
    if (json_array_size(hosts) > 0)
        json_object_set(policy, "mx-host", hosts);
    json_decref(lines);
    json_decref(hosts);
    return policy;
}

static void add_text(json_t *object, const char *key, const char *text)
{
    if (*text)
        json_object_set_new(object, key, text_of(text));
}

static json_t *failure_of(const KxTlsRow *row)
{
    static const char *const names[KX_TLS_RESULTS] = {
        [KX_TLS_GOOD] = "",
        [KX_TLS_NO_STARTTLS] = "starttls-not-supported",
        [KX_TLS_HOST_MISMATCH] = "certificate-host-mismatch",
        [KX_TLS_EXPIRED] = "certificate-expired",
        [KX_TLS_NOT_TRUSTED] = "certificate-not-trusted",
        [KX_TLS_VALIDATION] = "validation-failure",
        [KX_TLS_DNSSEC_INVALID] = "dnssec-invalid",
        [KX_TLS_STS_FETCH] = "sts-policy-fetch-error",
        [KX_TLS_STS_INVALID] = "sts-policy-invalid",
        [KX_TLS_STS_WEBPKI] = "sts-webpki-invalid",
    };
    json_t *failure = json_pack("{s:s, s:I}", "result-type", names[row->result],
                                "failed-session-count", (json_int_t)row->n);
    add_text(failure, "sending-mta-ip", row->source);
    add_text(failure, "receiving-mx-hostname", row->mx);
    add_text(failure, "receiving-ip", row->ip);
    add_text(failure, "failure-reason-code", row->reason);
    return failure;
}

/* The rows of one policy, from `*at` on. */
static json_t *take_policy(const KxTlsReport *report, guint *at)
{
    const KxTlsRow *first = report->rows->pdata[*at];
    json_t *failures = json_array();
    gint64 good = 0, failed = 0;
    for (; *at < report->rows->len; ++*at) {
        const KxTlsRow *row = report->rows->pdata[*at];
        if (row->type != first->type || !g_str_equal(row->policy, first->policy))
            break;
        *(row->result == KX_TLS_GOOD ? &good : &failed) += row->n;
        if (row->result != KX_TLS_GOOD)
            json_array_append_new(failures, failure_of(row));
    }
    json_t *one = json_pack("{s:o, s:{s:I, s:I}}", "policy", policy_of(report, first), "summary",
                            "total-successful-session-count", (json_int_t)good,
                            "total-failure-session-count", (json_int_t)failed);
    if (failed > 0)
        json_object_set(one, "failure-details", failures);
    json_decref(failures);
    return one;
}

static char *to_json(const KxTlsReport *report)
{
    g_autofree char *id = kx_tls_report_id(report);
    g_autofree char *begin = time_text(report->day->day * KX_TLS_DAY);
    g_autofree char *end = time_text((report->day->day + 1) * KX_TLS_DAY - 1);
    json_t *policies = json_array();
    for (guint at = 0; at < report->rows->len;)
        json_array_append_new(policies, take_policy(report, &at));
    json_t *whole =
        json_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:o}", "organization-name", report->hostname,
                  "date-range", "start-datetime", begin, "end-datetime", end, "contact-info",
                  report->contact, "report-id", id, "policies", policies);
    char *text = json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    return text;
}

GBytes *kx_tls_report_gzip(const KxTlsReport *report)
{
    char *text = to_json(report);
    z_stream stream = {.next_in = (Bytef *)text, .avail_in = (uInt)strlen(text)};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    size_t room = deflateBound(&stream, stream.avail_in);
    stream.next_out = g_malloc(room);
    stream.avail_out = (uInt)room;
    Bytef *bytes = stream.next_out;
    deflate(&stream, Z_FINISH);
    size_t len = room - stream.avail_out;
    deflateEnd(&stream);
    free(text);
    return g_bytes_new_take(bytes, len);
}

/* ---- the message ---- */

static void append_base64(GString *out, GBytes *bytes)
{
    size_t len;
    const guchar *data = g_bytes_get_data(bytes, &len);
    g_autofree char *text = g_base64_encode(data, len);
    for (size_t at = 0, all = strlen(text); at < all; at += 76)
        g_string_append_printf(out, "%.76s\r\n", text + at);
}

static void append_header(GString *out, const KxTlsReport *report, const char *to, const char *id,
                          gint64 now)
{
    const char *domain = report->day->domain;
    g_autofree char *date = kx_format_rfc5322_date(now);
    g_autofree char *name = kx_tls_report_id(report);
    g_string_append_printf(out,
                           "From: <%s>\r\nTo: <%s>\r\nDate: %s\r\n"
                           "Subject: Report Domain: %s\r\n Submitter: %s\r\n Report-ID: <%s>\r\n"
                           "Message-ID: <%s@%s>\r\n"
                           "TLS-Report-Domain: %s\r\nTLS-Report-Submitter: %s\r\n"
                           "TLS-Required: No\r\nAuto-Submitted: auto-generated\r\n"
                           "MIME-Version: 1.0\r\n",
                           report->contact, to, date, domain, report->hostname, name, id,
                           report->hostname, domain, report->hostname);
}

GString *kx_tls_report_message(const KxTlsReport *report, GBytes *gzip, const char *to,
                               const char *id, gint64 now)
{
    const KxTlsDay *day = report->day;
    GString *out = g_string_new(NULL);
    g_autofree char *boundary = g_strdup_printf("=_%s_%08x", id, g_random_int());
    append_header(out, report, to, id, now);
    g_string_append_printf(out,
                           "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
                           " boundary=\"%s\"\r\n\r\n"
                           "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
                           "This is a report of %s on TLS connections to the mail servers of\r\n"
                           "%s (RFC 8460).\r\n\r\n"
                           "--%s\r\nContent-Type: " KX_TLS_REPORT_TYPE "\r\n"
                           "Content-Transfer-Encoding: base64\r\n"
                           "Content-Disposition: attachment;\r\n filename=\"%s!%s!%" G_GINT64_FORMAT
                           "!%" G_GINT64_FORMAT ".json.gz\"\r\n\r\n",
                           boundary, boundary, report->hostname, day->domain, boundary,
                           report->hostname, day->domain, day->day * KX_TLS_DAY,
                           (day->day + 1) * KX_TLS_DAY - 1);
    append_base64(out, gzip);
    g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
    return out;
}

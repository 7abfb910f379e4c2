/* SPDX-License-Identifier: Apache-2.0 */
#include "log/syslog-format.h"

#include <arpa/inet.h>

#define RFC3164_MAX  1024
#define HOSTNAME_MAX 255
#define BOM          "\xEF\xBB\xBF"

static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void local_time(gint64 time_us, struct tm *ret_tm)
{
    time_t t = (time_t)(time_us / G_USEC_PER_SEC);
    localtime_r(&t, ret_tm);
}

static guint priority(const KxLogConfig *config)
{
    return config->facility * 8 + config->severity;
}

static gboolean is_address(const char *name)
{
    guchar address[16];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* Printable ASCII without spaces, "-" if nothing is left (RFC 5424 section 6). */
static void append_hostname(GString *out, const char *name, gboolean with_domain)
{
    size_t start = out->len;
    gboolean whole = with_domain || is_address(name);
    for (const char *at = name; *at && out->len - start < HOSTNAME_MAX; at++) {
        if (*at == '.' && !whole)
            break;
        if (g_ascii_isgraph(*at))
            g_string_append_c(out, *at);
    }
    if (out->len == start)
        g_string_append_c(out, '-');
}

/* RFC 3339 with microseconds and the zone's offset. */
static void append_rfc3339(GString *out, gint64 time_us)
{
    struct tm tm;
    local_time(time_us, &tm);
    long zone = tm.tm_gmtoff / 60;
    g_string_append_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%06d%c%02ld:%02ld",
                           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                           tm.tm_sec, (int)(time_us % G_USEC_PER_SEC), zone < 0 ? '-' : '+',
                           labs(zone) / 60, labs(zone) % 60);
}

static void render_3164(const KxLogRecord *record, const KxSyslogOrigin *origin, GString *out)
{
    struct tm tm;
    size_t start = out->len;
    local_time(record->time_us, &tm);
    g_string_append_printf(out, "<%u>%s %2d %02d:%02d:%02d ", priority(record->config),
                           MONTHS[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    append_hostname(out, origin->hostname, FALSE);
    g_string_append_printf(out, " keryx/%s[%d]: %s", kx_log_slug(record->log), origin->pid,
                           record->text);
    if (out->len - start <= RFC3164_MAX)
        return;
    size_t end = start + RFC3164_MAX - 3;
    while (((guchar)out->str[end] & 0xc0) == 0x80)
        end--;
    g_string_truncate(out, end);
    g_string_append(out, "...");
}

static void render_5424(const KxLogRecord *record, const KxSyslogOrigin *origin, GString *out)
{
    g_string_append_printf(out, "<%u>1 ", priority(record->config));
    append_rfc3339(out, record->time_us);
    g_string_append_c(out, ' ');
    append_hostname(out, origin->hostname, TRUE);
    g_string_append_printf(out,
                           " keryx %d %s [origin software=\"keryx\" swVersion=\"" KX_VERSION "\"] ",
                           origin->pid, kx_log_slug(record->log));
    if (!g_str_is_ascii(record->text))
        g_string_append(out, BOM);
    g_string_append(out, record->text);
}

void kx_syslog_render(const KxLogRecord *record, const KxSyslogOrigin *origin, GString *out)
{
    static void (*const RENDER[])(const KxLogRecord *, const KxSyslogOrigin *, GString *) = {
        [KX_SYSLOG_RFC3164] = render_3164,
        [KX_SYSLOG_RFC5424] = render_5424,
    };
    g_autoptr(GString) message = g_string_new(NULL);
    RENDER[record->config->syslog_format](record, origin, message);
    if (record->config->syslog_transport != KX_SYSLOG_UDP)
        g_string_append_printf(out, "%zu ", message->len);
    g_string_append_len(out, message->str, (gssize)message->len);
}

static void append_field(GString *out, const char *name, const char *value)
{
    size_t len = strlen(value);
    g_string_append(out, name);
    if (memchr(value, '\n', len)) {
        guint64 le = GUINT64_TO_LE((guint64)len);
        g_string_append_c(out, '\n');
        g_string_append_len(out, (const char *)&le, sizeof le);
    } else {
        g_string_append_c(out, '=');
    }
    g_string_append_len(out, value, (gssize)len);
    g_string_append_c(out, '\n');
}

void kx_journald_render(const KxLogRecord *record, const KxSyslogOrigin *origin, GString *out)
{
    g_string_append_printf(out,
                           "PRIORITY=%u\nSYSLOG_FACILITY=%u\nSYSLOG_IDENTIFIER=keryx\n"
                           "SYSLOG_PID=%d\nKERYX_LOG=%s\nKERYX_TIME=",
                           record->config->severity, record->config->facility, origin->pid,
                           kx_log_slug(record->log));
    append_rfc3339(out, record->time_us);
    g_string_append_c(out, '\n');
    append_field(out, "MESSAGE", record->text);
}

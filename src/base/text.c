/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

static const char MONTHS[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char DAYS[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

void kx_format_log_time(gint64 unix_seconds, char out[static 21])
{
    time_t t = (time_t)unix_seconds;
    struct tm tm;
    localtime_r(&t, &tm);
    g_snprintf(out, 21, "%02d/%s/%04d %02d:%02d:%02d", tm.tm_mday, MONTHS[tm.tm_mon],
               tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

char *kx_format_rfc5322_date(gint64 unix_seconds)
{
    time_t t = (time_t)unix_seconds;
    struct tm tm;
    localtime_r(&t, &tm);
    long off = tm.tm_gmtoff / 60;
    return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d %c%02ld%02ld", DAYS[tm.tm_wday],
                           tm.tm_mday, MONTHS[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                           tm.tm_sec, off < 0 ? '-' : '+', labs(off) / 60, labs(off) % 60);
}

char *kx_escape_for_log(const char *text, gssize len, size_t max)
{
    size_t left = len < 0 ? strlen(text) : (size_t)len;
    gboolean cut = left > max;
    if (cut)
        left = max;
    GString *out = g_string_sized_new(left + 16);
    const char *at = text;
    while (left > 0) {
        gunichar c = g_utf8_get_char_validated(at, (gssize)left);
        size_t width = 1;
        if (c == (gunichar)-1 || c == (gunichar)-2 || g_unichar_iscntrl(c) || c == 0x2028 ||
            c == 0x2029) {
            g_string_append_printf(out, "\\x%02X", (guchar)*at);
        } else {
            width = (size_t)(g_utf8_next_char(at) - at);
            g_string_append_len(out, at, (gssize)width);
        }
        at += width;
        left -= width;
    }
    if (cut)
        g_string_append(out, "...");
    return g_string_free(out, FALSE);
}

gboolean kx_parse_uint(const char *text, guint64 max, guint64 *ret_value)
{
    return g_ascii_string_to_unsigned(text, 10, 0, max, ret_value, NULL);
}

gboolean kx_ascii_equal(const char *bytes, size_t len, const char *text)
{
    return strlen(text) == len && g_ascii_strncasecmp(bytes, text, len) == 0;
}

char *kx_split_host_port(const char *text, const char **ret_port)
{
    gboolean bracketed = *text == '[';
    const char *end = bracketed ? strchr(text, ']') : strchr(text, ':');
    const char *colon = bracketed && end ? end + 1 : end;
    *ret_port = NULL;
    if (bracketed && (!end || (*colon != ':' && *colon != '\0')))
        return NULL;
    if (!bracketed && (!colon || strchr(colon + 1, ':')))
        return g_strdup(text);
    if (*colon == ':')
        *ret_port = colon + 1;
    return g_strndup(text + bracketed, (gsize)(end - text) - (gsize)bracketed);
}

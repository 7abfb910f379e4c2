/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/fetch-format.h"

#include "imap/flags.h"
#include "mime/date.h"

enum { QUARTER_SECONDS = 900, UINT64_DIGITS = 20 };

void kx_fetch_append_uint(GString *out, guint64 number)
{
    char digits[UINT64_DIGITS];
    guint at = UINT64_DIGITS;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    g_string_append_len(out, digits + at, UINT64_DIGITS - at);
}

void kx_fetch_append_flags(GString *out, const KxItem *item, gboolean recent)
{
    g_string_append_c(out, '(');
    gsize start = out->len;
    kx_imap_format_flags(out, item->flags, item->keywords);
    if (recent)
        g_string_append(out, out->len > start ? " \\Recent" : "\\Recent");
    g_string_append_c(out, ')');
}

int kx_fetch_zone_offset(KxFetchZone *zone, gint64 unix_seconds)
{
    gint64 quarter = unix_seconds / QUARTER_SECONDS;
    if (!zone->known || zone->quarter != quarter) {
        time_t moment = (time_t)unix_seconds;
        struct tm local = {0};
        localtime_r(&moment, &local);
        *zone = (KxFetchZone){quarter, (int)(local.tm_gmtoff / 60), TRUE};
    }
    return zone->offset_minutes;
}

void kx_fetch_append_date(GString *out, KxFetchZone *zone, gint64 unix_seconds)
{
    KxDate date = {unix_seconds, kx_fetch_zone_offset(zone, unix_seconds)};
    char text[KX_IMAP_DATETIME_SIZE];
    kx_date_format_imap_datetime(&date, text);
    g_string_append_c(out, '"');
    g_string_append_len(out, text, KX_IMAP_DATETIME_SIZE - 1);
    g_string_append_c(out, '"');
}

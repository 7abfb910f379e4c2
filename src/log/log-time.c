/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-time.h"

static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char SHAPE[] = "[00/Aaa/0000 00:00:00] "; /* 0 a digit, A and a letters */

static gboolean has_shape(const char *line)
{
    for (guint i = 0; i < KX_LOG_STAMP_LEN; i++) {
        gboolean ok = SHAPE[i] == '0'             ? g_ascii_isdigit(line[i])
                      : g_ascii_isalpha(SHAPE[i]) ? g_ascii_isalpha(line[i])
                                                  : line[i] == SHAPE[i];
        if (!ok)
            return FALSE;
    }
    return TRUE;
}

static int number(const char *digits, guint count)
{
    int value = 0;
    for (guint i = 0; i < count; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

static int month(const char *name)
{
    for (int i = 0; i < 12; i++)
        if (memcmp(MONTHS + 3 * i, name, 3) == 0)
            return i;
    return -1;
}

gint64 kx_log_time_parse(KxLogTimeParser *parser, const char *line, size_t len)
{
    if (len < KX_LOG_STAMP_LEN)
        return 0;
    if (memcmp(parser->stamp, line, KX_LOG_STAMP_LEN) == 0)
        return parser->value;
    if (!has_shape(line) || month(line + 4) < 0)
        return 0;
    struct tm tm = {.tm_mday = number(line + 1, 2),
                    .tm_mon = month(line + 4),
                    .tm_year = number(line + 8, 4) - 1900,
                    .tm_hour = number(line + 13, 2),
                    .tm_min = number(line + 16, 2),
                    .tm_sec = number(line + 19, 2),
                    .tm_isdst = -1};
    time_t value = mktime(&tm);
    memcpy(parser->stamp, line, KX_LOG_STAMP_LEN);
    parser->value = value > 0 ? (gint64)value : 0;
    return parser->value;
}

gint64 kx_log_time_boundary(gint64 unix_seconds, KxLogRotate rotate)
{
    time_t t = (time_t)unix_seconds;
    struct tm tm;
    if (rotate == KX_LOG_ROTATE_NEVER || !localtime_r(&t, &tm))
        return G_MAXINT64;
    if (rotate == KX_LOG_ROTATE_HOURLY)
        return unix_seconds - tm.tm_min * 60 - tm.tm_sec + 3600;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    if (rotate == KX_LOG_ROTATE_MONTHLY) {
        tm.tm_mday = 1;
        tm.tm_mon++;
    } else {
        /* tm_wday counts from Sunday, weeks from Monday. */
        tm.tm_mday += rotate == KX_LOG_ROTATE_WEEKLY ? 7 - (tm.tm_wday + 6) % 7 : 1;
    }
    gint64 boundary = (gint64)mktime(&tm);
    /* Where the clock skips midnight, mktime may answer with a moment before it. */
    return boundary > unix_seconds ? boundary : unix_seconds + 3600;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Dates in command arguments (RFC 9051 section 9: date, date-time). */
#include "imap/parser.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static gboolean parse_month(KxImapParser *parser, guint *ret)
{
    for (guint i = 0; kx_imap_parser_ok(parser) && i < 12 && parser->end - parser->at >= 3; i++) {
        if (g_ascii_strncasecmp(parser->at, months + 3 * i, 3) == 0) {
            parser->at += 3;
            *ret = i + 1;
            return TRUE;
        }
    }
    return kx_imap_parser_fail(parser, "Expected a month like Jan");
}

/* Exactly `digits` digits. */
static gboolean parse_digits(KxImapParser *parser, guint digits, guint max, guint *ret)
{
    const char *start = parser->at;
    guint64 value = 0;
    if (!kx_imap_parse_number(parser, max, &value))
        return FALSE;
    if (parser->at - start != digits)
        return kx_imap_parser_fail(parser, "Expected a number of %u digits in a date", digits);
    *ret = (guint)value;
    return TRUE;
}

/* "-Mon-yyyy" after the day. */
static gboolean parse_rest_of_date(KxImapParser *parser, guint day, gint64 *ret_days)
{
    guint month = 0, year = 0;
    if (!kx_imap_parse_char(parser, '-') || !parse_month(parser, &month) ||
        !kx_imap_parse_char(parser, '-') || !parse_digits(parser, 4, 9999, &year))
        return FALSE;
    if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return kx_imap_parser_fail(parser, "There is no such date");
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    static const gint64 julian_of_1970 = 719163; /* GDate counts from 1 January of year 1 */
    *ret_days = (gint64)g_date_get_julian(&date) - julian_of_1970;
    return TRUE;
}

gboolean kx_imap_parse_date(KxImapParser *parser, gint64 *ret)
{
    gboolean quoted = kx_imap_accept(parser, '"');
    guint64 day = 0;
    gint64 days = 0;
    if (!kx_imap_parse_number(parser, 31, &day) || !parse_rest_of_date(parser, (guint)day, &days) ||
        (quoted && !kx_imap_parse_char(parser, '"')))
        return FALSE;
    *ret = days * 86400;
    return TRUE;
}

/* "hh:mm:ss" as seconds. A leap second counts as the second before it. */
static gboolean parse_time(KxImapParser *parser, gint64 *ret)
{
    guint hour = 0, minute = 0, second = 0;
    if (!parse_digits(parser, 2, 23, &hour) || !kx_imap_parse_char(parser, ':') ||
        !parse_digits(parser, 2, 59, &minute) || !kx_imap_parse_char(parser, ':') ||
        !parse_digits(parser, 2, 60, &second))
        return FALSE;
    *ret = (gint64)hour * 3600 + minute * 60 + MIN(second, 59);
    return TRUE;
}

/* "+hhmm" as seconds east of UTC. */
static gboolean parse_zone(KxImapParser *parser, gint64 *ret)
{
    gboolean west = kx_imap_accept(parser, '-');
    guint zone = 0;
    if ((!west && !kx_imap_parse_char(parser, '+')) || !parse_digits(parser, 4, 9999, &zone))
        return FALSE;
    if (zone / 100 > 23 || zone % 100 > 59)
        return kx_imap_parser_fail(parser, "There is no such time zone");
    gint64 east = (gint64)(zone / 100) * 3600 + (gint64)(zone % 100) * 60;
    *ret = west ? -east : east;
    return TRUE;
}

gboolean kx_imap_parse_date_time(KxImapParser *parser, gint64 *ret)
{
    guint day = 0;
    gint64 days = 0, seconds = 0, zone = 0;
    if (!kx_imap_parse_char(parser, '"'))
        return FALSE;
    guint digits = kx_imap_accept(parser, ' ') ? 1 : 2;
    if (!parse_digits(parser, digits, 31, &day) || !parse_rest_of_date(parser, day, &days) ||
        !kx_imap_parse_space(parser) || !parse_time(parser, &seconds) || !kx_imap_parse_space(parser) ||
        !parse_zone(parser, &zone) || !kx_imap_parse_char(parser, '"'))
        return FALSE;
    *ret = days * 86400 + seconds - zone;
    return TRUE;
}

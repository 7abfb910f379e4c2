/* SPDX-License-Identifier: Apache-2.0 */
/* Dates in command arguments (RFC 9051 section 9: date, date-time). */
#include "imap/parser.h"

#include "mime/date.h"

gboolean kx_imap_parse_date(KxImapParser *parser, gint64 *ret)
{
    KxSlice text = {0};
    gint64 day;
    gboolean quoted = kx_imap_peek(parser, '"');
    if (!(quoted ? kx_imap_parse_string(parser, &text) : kx_imap_parse_atom(parser, &text)))
        return FALSE;
    if (!kx_date_parse_imap_date(text.data, text.len, &day))
        return kx_imap_parser_fail(parser, "Expected a date like 1-Jan-2024");
    *ret = day * 86400;
    return TRUE;
}

gboolean kx_imap_parse_date_time(KxImapParser *parser, gint64 *ret)
{
    KxSlice text = {0};
    KxDate date;
    if (!kx_imap_peek(parser, '"'))
        return kx_imap_parse_char(parser, '"');
    if (!kx_imap_parse_string(parser, &text))
        return FALSE;
    if (!kx_date_parse_imap_datetime(text.data, text.len, &date))
        return kx_imap_parser_fail(parser,
                                   "Expected a date and time like \" 1-Jan-2024 00:00:00 +0000\"");
    *ret = date.unix_seconds;
    return TRUE;
}

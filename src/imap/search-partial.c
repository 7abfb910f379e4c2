/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-partial.h"

#include "imap/seqset.h"

void kx_partial_clear(KxPartial *partial)
{
    g_clear_pointer(&partial->given, g_free);
}

static gboolean parse_position(KxImapParser *parser, gboolean last, guint32 *ret)
{
    guint64 number = 0;
    if ((last && !kx_imap_parse_char(parser, '-')) ||
        !kx_imap_parse_number(parser, G_MAXUINT32, &number))
        return FALSE;
    if (number == 0)
        return kx_imap_parser_fail(parser, "Positions of PARTIAL begin with 1");
    *ret = (guint32)number;
    return TRUE;
}

gboolean kx_partial_parse(KxImapParser *parser, KxPartial *ret)
{
    const char *start = parser->at;
    gboolean last = kx_imap_peek(parser, '-');
    guint32 from = 0, to = 0;
    if (!parse_position(parser, last, &from) || !kx_imap_parse_char(parser, ':') ||
        !parse_position(parser, last, &to))
        return FALSE;
    *ret = (KxPartial){
        .from = MIN(from, to),
        .to = MAX(from, to),
        .last = last,
        .given = g_strndup(start, (gsize)(parser->at - start)),
    };
    return TRUE;
}

guint kx_partial_window(const KxPartial *partial, guint n, guint *ret_first)
{
    guint to = MIN(partial->to, n);
    if (partial->from > to)
        return 0;
    *ret_first = partial->last ? n - to : partial->from - 1;
    return to - partial->from + 1;
}

void kx_partial_format(GString *out, const KxPartial *partial, const guint32 *numbers, guint n)
{
    guint first = 0, count = kx_partial_window(partial, n, &first);
    g_string_append_printf(out, "PARTIAL (%s ", partial->given);
    if (count > 0)
        kx_seqset_format(out, numbers + first, count);
    else
        g_string_append(out, "NIL");
    g_string_append_c(out, ')');
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UIDBATCHES (RFC 10022): ranges of UIDs that cut the folder into batches of equally many messages,
 * from the newest to the oldest. The last batch ends with UID 1, so that the ranges have no gap at
 * their end.
 */
#include "imap/imap.h"

enum { SIZE_MIN = 500 }; /* section 3.1.3: smaller batches would be sequence numbers again */

typedef struct {
    guint64 size, from, to; /* batches from..to, counted from 1 */
} Args;

static gboolean parse_positive(KxImapParser *parser, guint64 *ret)
{
    if (!kx_imap_parse_number(parser, G_MAXUINT32, ret))
        return FALSE;
    return *ret > 0 || kx_imap_parser_fail(parser, "UIDBATCHES takes no 0");
}

static gboolean parse(KxImapParser *parser, Args *ret)
{
    ret->from = 1;
    ret->to = G_MAXUINT32;
    if (!kx_imap_parse_space(parser) || !parse_positive(parser, &ret->size))
        return FALSE;
    if (!kx_imap_accept(parser, ' '))
        return kx_imap_parser_ok(parser);
    if (!parse_positive(parser, &ret->from) || !kx_imap_parse_char(parser, ':') ||
        !parse_positive(parser, &ret->to))
        return FALSE;
    return ret->from <= ret->to || kx_imap_parser_fail(parser, "The range of batches is reversed");
}

static void append_batches(GString *out, KxView *view, const Args *args)
{
    guint64 count = kx_view_count(view), before = out->len;
    for (guint64 batch = args->from; batch <= args->to; batch++) {
        guint64 skipped = (batch - 1) * args->size;
        if (skipped >= count)
            return;
        guint32 last = (guint32)(count - skipped);
        guint32 lowest = last > args->size ? kx_view_uid(view, last - (guint32)args->size + 1) : 1;
        g_string_append_printf(out, "%c%u:%u", out->len == before ? ' ' : ',',
                               kx_view_uid(view, last), lowest);
    }
}

KX_IMAP_COMMAND(uidbatches)
{
    Args batches = {0};
    parse(args, &batches);
    if (!kx_imap_check(imap, args))
        return;
    if (batches.size < SIZE_MIN) {
        kx_imap_no(imap, "TOOSMALL", "The smallest batch has 500 messages");
        return;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "* UIDBATCHES (TAG \"%s\")", imap->tag);
    append_batches(out, imap->view, &batches);
    g_string_append(out, "\r\n");
    kx_session_write(imap->session, out->str, out->len);
    kx_imap_ok(imap, NULL, "UIDBATCHES completed");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What servers of mailboxes may say to the client that downloads from them. The first byte says
 * into what pieces content is cut. */
#include "courier/fetch-parse.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void try_line(KxSlice line)
{
    KxSlice text;
    guint64 number;
    KxImapItem item;
    KxScramFirst first;
    kx_pop3_reply(line, &text);
    g_assert_true(text.len <= line.len);
    if (kx_pop3_timestamp(line, &text))
        g_assert_true(text.len >= 3 && text.data[0] == '<' && text.data[text.len - 1] == '>');
    if (kx_pop3_entry(line, &number, &text))
        g_assert_true(text.len > 0);
    kx_fetch_has_word(line, 1, "PLAIN");
    if (kx_scram_first(line, &first))
        g_assert_true(first.nonce.len + first.salt.len < line.len);
    kx_imap_literal(line, &number);
    kx_imap_code(line, "UIDVALIDITY", &number);
    if (kx_imap_item(line, &item) && item.has_body && !item.is_literal)
        g_assert_true(item.quoted.len <= line.len);
}

/* However it is cut, the content is the same, and not longer than what came. */
static void try_content(KxSlice all, size_t piece)
{
    g_autoptr(GString) once = g_string_new(NULL), pieces = g_string_new(NULL);
    KxDots whole = {KX_DOTS_LINE_START}, cut = {KX_DOTS_LINE_START};
    gboolean end, end_again = FALSE;
    size_t used = kx_dots_read(&whole, all, once, &end), at = 0;
    while (at < all.len && !end_again) {
        KxSlice part = {all.data + at, MIN(piece, all.len - at)};
        at += kx_dots_read(&cut, part, pieces, &end_again);
    }
    g_assert_true(end == end_again && (!end || used == at));
    g_assert_true(g_string_equal(once, pieces) && once->len <= all.len);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *at = (const char *)data + 1, *end = at + size - 1;
    try_content((KxSlice){at, size - 1}, 1 + data[0] % 16);
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *stop = lf ? lf : end;
        try_line((KxSlice){at, (size_t)(stop - at)});
        at = lf ? lf + 1 : end;
    }
    return 0;
}

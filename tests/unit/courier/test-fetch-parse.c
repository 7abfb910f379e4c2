/* SPDX-License-Identifier: Apache-2.0 */
/* What servers of mailboxes say, as their client reads it. */
#include "courier/fetch-parse.h"

#define S(text) KX_SLICE_STR(text)

static void assert_slice(KxSlice slice, const char *text)
{
    g_autofree char *copy = g_strndup(slice.data, slice.len);
    g_assert_cmpstr(copy, ==, text);
}

static void test_replies(void)
{
    static const struct {
        const char *line, *text;
        KxFetchReply reply;
    } cases[] = {
        {"+OK", "", KX_REPLY_GOOD},
        {"+OK 2 320", "2 320", KX_REPLY_GOOD},
        {"-ERR no", "no", KX_REPLY_REFUSED},
        {"-err", "", KX_REPLY_REFUSED},
        {"+ PDE4", "PDE4", KX_REPLY_GO_ON},
        {"+", "", KX_REPLY_GO_ON},
        {"+OKAY", "+OKAY", KX_REPLY_BAD},
        {"220 smtp", "220 smtp", KX_REPLY_BAD},
        {"", "", KX_REPLY_BAD},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        KxSlice text;
        g_assert_cmpint(kx_pop3_reply(S(cases[i].line), &text), ==, cases[i].reply);
        assert_slice(text, cases[i].text);
    }
}

static void test_timestamps(void)
{
    KxSlice stamp;
    g_assert_true(kx_pop3_timestamp(S("ready <1896.69@dbc> now"), &stamp));
    assert_slice(stamp, "<1896.69@dbc>");
    g_assert_false(kx_pop3_timestamp(S("ready <1896.69>"), &stamp));
    g_assert_false(kx_pop3_timestamp(S("a > b < c@d"), &stamp));
    g_assert_false(kx_pop3_timestamp(S(""), &stamp));
}

static void test_entries(void)
{
    guint64 number;
    KxSlice text;
    g_assert_true(kx_pop3_entry(S("12 whqtswO00WBw418f9t5JxYwZ more"), &number, &text));
    g_assert_cmpuint(number, ==, 12);
    assert_slice(text, "whqtswO00WBw418f9t5JxYwZ");
    g_assert_false(kx_pop3_entry(S("12"), &number, &text));
    g_assert_false(kx_pop3_entry(S("x 12"), &number, &text));
    g_assert_false(kx_pop3_entry(S("99999999999999999999 1"), &number, &text));
}

static void test_content_ends_at_a_single_dot(void)
{
    static const char input[] = "one\r\n..two\r\n.three\r\n.\rx\r\n\r\n.\r\n+OK";
    for (size_t piece = 1; piece < sizeof input; piece++) {
        g_autoptr(GString) out = g_string_new(NULL);
        KxDots dots = {KX_DOTS_LINE_START};
        gboolean end = FALSE;
        size_t at = 0;
        while (!end)
            at += kx_dots_read(&dots, (KxSlice){input + at, MIN(piece, sizeof input - 1 - at)}, out,
                               &end);
        g_assert_cmpstr(out->str, ==, "one\r\n.two\r\nthree\r\n\rx\r\n\r\n");
        g_assert_cmpstr(input + at, ==, "+OK");
    }
}

static void test_imap_items(void)
{
    KxImapItem item;
    g_assert_true(kx_imap_item(
        S("* 12 FETCH (FLAGS (\\Seen \\Deleted) UID 3 RFC822.SIZE 44827 MODSEQ (7))"), &item));
    g_assert_true(item.deleted && item.has_size && !item.has_body);
    g_assert_cmpuint(item.uid, ==, 3);
    g_assert_cmpuint(item.size, ==, 44827);
    g_assert_true(kx_imap_item(S("* 1 FETCH (UID 4 BODY[] {310}"), &item));
    g_assert_true(item.has_body && item.is_literal && item.literal == 310);
    g_assert_true(kx_imap_item(S("* 1 FETCH (BODY[] \"a\\\"b) \" UID 4)"), &item));
    g_assert_true(item.has_body && !item.is_literal && item.uid == 4);
    assert_slice(item.quoted, "a\\\"b) ");
    g_assert_true(kx_imap_item(S("* 1 FETCH (BODY[] NIL)"), &item));
    g_assert_false(item.has_body);
    g_assert_false(kx_imap_item(S("* 1 FETCH (UID x)"), &item));
    g_assert_false(kx_imap_item(S("* 1 FETCH (FLAGS ((((((((((a))))))))))"), &item));
    g_assert_false(kx_imap_item(S("* 1 EXISTS"), &item));
    g_assert_false(kx_imap_item(S("* 1 FETCH (BODY[] \"open"), &item));
}

static void test_imap_codes_and_quotes(void)
{
    guint64 number;
    g_assert_true(kx_imap_code(S("* OK [UIDVALIDITY 3857] valid"), "UIDVALIDITY", &number));
    g_assert_cmpuint(number, ==, 3857);
    g_assert_false(kx_imap_code(S("* OK [UIDNEXT 3857]"), "UIDVALIDITY", &number));
    g_assert_false(kx_imap_code(S("* OK [UIDVALIDITY"), "UIDVALIDITY", &number));
    g_autofree char *quoted = kx_imap_quote("a\"b\\c");
    g_assert_cmpstr(quoted, ==, "\"a\\\"b\\\\c\"");
    g_assert_null(kx_imap_quote("a\r\nb"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetch-parse/replies", test_replies);
    g_test_add_func("/fetch-parse/timestamps", test_timestamps);
    g_test_add_func("/fetch-parse/entries", test_entries);
    g_test_add_func("/fetch-parse/content", test_content_ends_at_a_single_dot);
    g_test_add_func("/fetch-parse/imap-items", test_imap_items);
    g_test_add_func("/fetch-parse/imap-codes", test_imap_codes_and_quotes);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as multi-line answers, against a plain line-by-line model. */
#include "pop3/dot-text.h"

#define ALL G_MAXUINT64

/* The model: what RFC 1939 says, a line at a time. */
static GString *model(const char *data, size_t len, guint64 body_lines, guint64 *ret_octets)
{
    GString *out = g_string_new(NULL);
    gboolean in_body = FALSE;
    *ret_octets = 0;
    for (size_t at = 0; at < len;) {
        const char *feed = memchr(data + at, '\n', len - at);
        size_t end = feed ? (size_t)(feed - data) : len, next = feed ? end + 1 : len;
        if (end > at && data[end - 1] == '\r')
            end--;
        if (in_body && body_lines != ALL && body_lines-- == 0)
            break;
        if (data[at] == '.')
            g_string_append_c(out, '.');
        g_string_append_len(out, data + at, (gssize)(end - at));
        g_string_append(out, "\r\n");
        *ret_octets += end - at + 2;
        in_body = in_body || end == at;
        at = next;
    }
    return out;
}

static GString *collect(const char *data, size_t len, guint64 body_lines)
{
    GString *out = g_string_new(NULL);
    KxPop3Text text = kx_pop3_text(data, len, body_lines);
    KxSlice piece;
    while ((piece = kx_pop3_text_next(&text)).len > 0) {
        g_assert_cmpuint(piece.len, <=, KX_POP3_PIECE);
        g_string_append_len(out, piece.data, (gssize)piece.len);
    }
    g_assert_cmpuint(kx_pop3_text_next(&text).len, ==, 0);
    return out;
}

static void check_bytes(const char *data, size_t len, guint64 body_lines)
{
    guint64 octets;
    GString *want = model(data, len, body_lines, &octets);
    GString *got = collect(data, len, body_lines);
    g_assert_cmpuint(got->len, ==, want->len);
    g_assert_true(memcmp(got->str, want->str, want->len) == 0);
    if (body_lines == ALL)
        g_assert_cmpuint(kx_pop3_text_octets(data, len), ==, octets);
    g_string_free(want, TRUE);
    g_string_free(got, TRUE);
}

static void check(const char *text, guint64 body_lines, const char *want)
{
    GString *got = collect(text, strlen(text), body_lines);
    g_assert_cmpstr(got->str, ==, want);
    g_string_free(got, TRUE);
    check_bytes(text, strlen(text), body_lines);
}

/* covers: SMTP-36 */
static void test_stuffing(void)
{
    check("A: b\r\n\r\nx\r\n", ALL, "A: b\r\n\r\nx\r\n");
    check(".\r\n..\r\n.x\r\nx.\r\n", ALL, "..\r\n...\r\n..x\r\nx.\r\n");
    check("", ALL, "");
    check("x", ALL, "x\r\n");
    check("x\r", ALL, "x\r\n");
    check(".", ALL, "..\r\n");
    check("\r", ALL, "\r\n");
    check("a\r\n.", ALL, "a\r\n..\r\n");
}

static void test_bare_line_feeds(void)
{
    check("A: b\n\nx\n.y\n", ALL, "A: b\r\n\r\nx\r\n..y\r\n");
    check("\n", ALL, "\r\n");
    check("\n\n\n", ALL, "\r\n\r\n\r\n");
    check(".\n.\n", ALL, "..\r\n..\r\n");
    check("a\rb\r\r\nc\n", ALL, "a\rb\r\r\nc\r\n");
    check("a\r\nb\nc\r\nd", ALL, "a\r\nb\r\nc\r\nd\r\n");
}

static void test_top(void)
{
    static const char MESSAGE[] = "A: b\r\nC: d\r\n\r\n.one\r\n\r\nthree\r\n";
    check(MESSAGE, 0, "A: b\r\nC: d\r\n\r\n");
    check(MESSAGE, 1, "A: b\r\nC: d\r\n\r\n..one\r\n");
    check(MESSAGE, 2, "A: b\r\nC: d\r\n\r\n..one\r\n\r\n");
    check(MESSAGE, 3, "A: b\r\nC: d\r\n\r\n..one\r\n\r\nthree\r\n");
    check(MESSAGE, 4000000000, "A: b\r\nC: d\r\n\r\n..one\r\n\r\nthree\r\n");
    check("A: b\n\none\ntwo", 1, "A: b\r\n\r\none\r\n");
    check("A: b\n\none\ntwo", 2, "A: b\r\n\r\none\r\ntwo\r\n");
    check("A: b", 0, "A: b\r\n");
    check("\r\nbody\r\n", 0, "\r\n");
}

/* A line of any length, and line ends at any place around the limit of a piece. */
static void test_long_lines(void)
{
    g_autofree char *line = g_malloc(3 * KX_POP3_PIECE);
    static const char *const ENDS[] = {"\r\n", "\n", "\r", "", "\r\n.x", "\n.", "\r\r\n"};
    for (guint e = 0; e < G_N_ELEMENTS(ENDS); e++)
        for (size_t n = KX_POP3_PIECE - 4; n < KX_POP3_PIECE + 4; n++) {
            size_t len = strlen(ENDS[e]);
            memset(line, 'x', n);
            memcpy(line + n, ENDS[e], len);
            check_bytes(line, n + len, ALL);
            line[0] = '.';
            check_bytes(line, n + len, ALL);
            check_bytes(line, n + len, 0);
        }
    memset(line, '.', 3 * KX_POP3_PIECE);
    check_bytes(line, 3 * KX_POP3_PIECE, ALL);
    memset(line, '\n', 3 * KX_POP3_PIECE);
    check_bytes(line, 3 * KX_POP3_PIECE, ALL);
    check_bytes(line, 3 * KX_POP3_PIECE, 100);
}

static void test_random(void)
{
    static const char LETTERS[] = "..\r\r\n\n\nab";
    for (guint round = 0; round < 20000; round++) {
        char text[24];
        size_t len = (size_t)g_test_rand_int_range(0, sizeof text + 1);
        for (size_t i = 0; i < len; i++)
            text[i] = LETTERS[g_test_rand_int_range(0, sizeof LETTERS - 1)];
        check_bytes(text, len, ALL);
        check_bytes(text, len, (guint64)g_test_rand_int_range(0, 6));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3/dot-text/stuffing", test_stuffing);
    g_test_add_func("/pop3/dot-text/bare-line-feeds", test_bare_line_feeds);
    g_test_add_func("/pop3/dot-text/top", test_top);
    g_test_add_func("/pop3/dot-text/long-lines", test_long_lines);
    g_test_add_func("/pop3/dot-text/random", test_random);
    return g_test_run();
}

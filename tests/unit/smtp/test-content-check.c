/* SPDX-License-Identifier: Apache-2.0 */
/* Unstuffing of DATA, cut at every place, and what counts as the end of a message. */
#include "smtp/content-check.h"

typedef struct {
    const char *wire;
    gssize wire_len; /* -1: up to NUL */
    const char *content;
    guint flaws;
    gssize rest; /* bytes behind the end; -1: no end */
} Case;

static const Case CASES[] = {
    {".\r\n", -1, "", 0, 0},
    {"a\r\n.\r\n", -1, "a\r\n", 0, 0},
    {"\r\n.\r\n", -1, "\r\n", 0, 0},
    {"..\r\n.\r\n", -1, ".\r\n", 0, 0},
    {"...\r\n.\r\n", -1, "..\r\n", 0, 0},
    {".a\r\n.\r\n", -1, "a\r\n", 0, 0},
    {"a.\r\n.\r\n", -1, "a.\r\n", 0, 0},
    {"a\r\n.\r\nMAIL", -1, "a\r\n", 0, 4},
    {"a\r\n", -1, "a\r\n", 0, -1},
    {"a\r\n.", -1, "a\r\n", 0, -1},
    {"a\r\n.\r", -1, "a\r\n", 0, -1},
    /* nothing but CRLF . CRLF is an end */
    {"a\n.\n", -1, "a\n.\n", KX_CONTENT_BARE_LF, -1},
    {"a\n.\r\n", -1, "a\n.\r\n", KX_CONTENT_BARE_LF, -1},
    {"a\r\n.\n", -1, "a\r\n\n", KX_CONTENT_BARE_LF, -1},
    {"a\r.\r", -1, "a\r.\r", KX_CONTENT_BARE_CR, -1},
    {"a\r.\r\n", -1, "a\r.\r\n", KX_CONTENT_BARE_CR, -1},
    {"a\r\n.\r\r\n", -1, "a\r\n\r\r\n", KX_CONTENT_BARE_CR, -1},
    {"a\n\r\n.\r\n", -1, "a\n\r\n", KX_CONTENT_BARE_LF, 0},
    {"a\r\r\n.\r\n", -1, "a\r\r\n", KX_CONTENT_BARE_CR, 0},
    {"a\n.\r\nb\r\n.\r\n", -1, "a\n.\r\nb\r\n", KX_CONTENT_BARE_LF, 0},
    {"a\r\n.\nMAIL FROM:<x>\r\n.\r\n", -1, "a\r\n\nMAIL FROM:<x>\r\n", KX_CONTENT_BARE_LF, 0},
    {"a\r\n.\rMAIL\r\n.\r\n", -1, "a\r\n\rMAIL\r\n", KX_CONTENT_BARE_CR, 0},
    {"a\0b\r\n.\r\n", 8, "a\0b\r\n", KX_CONTENT_NUL, 0},
    {"\xe4\r\n.\r\n", -1, "\xe4\r\n", 0, 0},
};

static size_t wire_length(const Case *row)
{
    return row->wire_len < 0 ? strlen(row->wire) : (size_t)row->wire_len;
}

static void check(const Case *row, const KxBuf *out, const KxContentCheck *state, gboolean end,
                  size_t used)
{
    size_t content = row->wire_len < 0 ? strlen(row->content) : 5;
    g_assert_cmpuint(out->len, ==, content);
    g_assert_true(content == 0 || memcmp(out->data, row->content, content) == 0);
    g_assert_cmpint(end, ==, row->rest >= 0);
    if (end)
        g_assert_cmpuint(used + (size_t)row->rest, ==, wire_length(row));
    else if (content > 0 && row->content[content - 1] != '\r') /* a last CR may yet become good */
        g_assert_cmpuint(used, ==, wire_length(row));
    g_assert_cmphex(state->flaws, ==, row->flaws);
}

static void test_split_anywhere(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *row = &CASES[i];
        size_t len = wire_length(row);
        for (size_t first = 0; first <= len; first++) {
            for (size_t second = first; second <= len; second++) {
                const size_t cuts[] = {0, first, second, len};
                KxContentCheck state = KX_CONTENT_CHECK_INIT;
                g_auto(KxBuf) out = KX_BUF_INIT(1000);
                gboolean end = FALSE;
                size_t used = 0;
                for (guint k = 0; k < 3 && !end; k++) {
                    size_t piece = cuts[k + 1] - cuts[k];
                    g_autofree char *copy = g_memdup2(row->wire + cuts[k], piece);
                    used += kx_content_unstuff(&state, copy, piece, &out, 1000, &end);
                }
                check(row, &out, &state, end, used);
            }
        }
    }
}

/* A full buffer stops it anywhere, and it goes on from there. */
static void test_little_room(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *row = &CASES[i];
        size_t len = wire_length(row), used = 0;
        KxContentCheck state = KX_CONTENT_CHECK_INIT;
        g_auto(KxBuf) out = KX_BUF_INIT(1000);
        gboolean end = FALSE;
        while (used < len && !end) {
            size_t before = out.len;
            size_t n = kx_content_unstuff(&state, row->wire + used, len - used, &out, 3, &end);
            g_assert_cmpuint(out.len - before, <=, 3);
            g_assert_true(n > 0);
            used += n;
        }
        check(row, &out, &state, end, used);
    }
}

static void test_long_line(void)
{
    g_autofree char *line = g_strnfill(KX_SMTP_LINE_LENGTH_MAX, 'x');
    for (guint extra = 0; extra < 2; extra++) {
        KxContentCheck state = KX_CONTENT_CHECK_INIT;
        kx_content_watch(&state, "a\r\n", 3);
        kx_content_watch(&state, line, KX_SMTP_LINE_LENGTH_MAX);
        kx_content_watch(&state, "yy", extra);
        kx_content_watch(&state, "\r\n", 2);
        g_assert_cmphex(state.flaws, ==, extra ? KX_CONTENT_LONG_LINE : 0);
    }
}

static void test_watch(void)
{
    static const struct {
        const char *text;
        guint flaws;
    } ROWS[] = {
        {"", 0},
        {"a", 0},
        {"a\r\n.\r\nb", 0},
        {"a\nb", KX_CONTENT_BARE_LF},
        {"a\rb", KX_CONTENT_BARE_CR},
        {"a\r", KX_CONTENT_BARE_CR},
        {"\r\r\n", KX_CONTENT_BARE_CR},
        {"\n\r", KX_CONTENT_BARE_LF | KX_CONTENT_BARE_CR},
    };
    for (guint i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        size_t len = strlen(ROWS[i].text);
        for (size_t cut = 0; cut <= len; cut++) {
            KxContentCheck state = KX_CONTENT_CHECK_INIT;
            kx_content_watch(&state, ROWS[i].text, cut);
            kx_content_watch(&state, ROWS[i].text + cut, len - cut);
            kx_content_watch_end(&state);
            g_assert_cmphex(state.flaws, ==, ROWS[i].flaws);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp/content-check/split-anywhere", test_split_anywhere);
    g_test_add_func("/smtp/content-check/little-room", test_little_room);
    g_test_add_func("/smtp/content-check/long-line", test_long_line);
    g_test_add_func("/smtp/content-check/watch", test_watch);
    return g_test_run();
}

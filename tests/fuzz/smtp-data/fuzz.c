/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unstuffing of DATA: the result does not depend on how the bytes are cut (the first byte says
 * how), the end is the first CRLF . CRLF and nothing else, and content without flaws has neither a
 * bare CR nor a bare LF.
 */
#include "smtp/content-check.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

typedef struct {
    KxBuf out;
    guint flaws;
    size_t used;
    gboolean end;
} Result;

static Result run(const char *text, size_t len, size_t piece, size_t room)
{
    Result result = {.out = KX_BUF_INIT(len + 16)};
    KxContentCheck check = KX_CONTENT_CHECK_INIT;
    while (result.used < len && !result.end) {
        size_t before = result.out.len, n = MIN(piece, len - result.used);
        size_t used =
            kx_content_unstuff(&check, text + result.used, n, &result.out, room, &result.end);
        g_assert_cmpuint(result.out.len - before, <=, room);
        g_assert_true(used > 0 && used <= n);
        result.used += used;
    }
    result.flaws = check.flaws;
    return result;
}

/* Where the content ends by the words of RFC 5321, or 0. */
static size_t true_end(const char *text, size_t len)
{
    if (len >= 3 && memcmp(text, ".\r\n", 3) == 0)
        return 3;
    const char *end = memmem(text, len, "\r\n.\r\n", 5);
    return end ? (size_t)(end - text) + 5 : 0;
}

static void check_clean(const Result *result)
{
    for (size_t i = 0; i < result->out.len; i++) {
        char c = result->out.data[i];
        g_assert_true(c != '\0' && (c != '\n' || (i > 0 && result->out.data[i - 1] == '\r')));
        g_assert_true(c != '\r' || i + 1 == result->out.len || result->out.data[i + 1] == '\n');
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size < 2)
        return 0;
    g_autofree char *text = g_memdup2(data + 1, size - 1);
    size_t len = size - 1;
    Result whole = run(text, len, len, len + 16);
    Result cut = run(text, len, 1 + data[0] % 16, 3 + data[0] / 16);
    g_assert_cmpint(whole.end, ==, cut.end);
    g_assert_cmpuint(whole.used, ==, cut.used);
    g_assert_cmpuint(whole.flaws, ==, cut.flaws);
    g_assert_true(whole.out.len == cut.out.len &&
                  (whole.out.len == 0 || memcmp(whole.out.data, cut.out.data, whole.out.len) == 0));
    g_assert_cmpuint(whole.end ? whole.used : 0, ==, true_end(text, len));
    if (whole.flaws == 0)
        check_clean(&whole);
    kx_buf_free(&whole.out);
    kx_buf_free(&cut.out);
    return 0;
}

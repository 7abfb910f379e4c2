/* SPDX-License-Identifier: Apache-2.0 */
/* KxBuf against a plain string, and its maximum. */
#include "base/buf.h"

static void test_empty(void)
{
    g_auto(KxBuf) buf = KX_BUF_INIT(10);
    g_assert_true(kx_buf_append(&buf, NULL, 0));
    g_assert_cmpstr(buf.data, ==, "");
    kx_buf_consume(&buf, 0);
    kx_buf_reset(&buf);
    g_assert_cmpuint(buf.len, ==, 0);
}

static void test_maximum(void)
{
    g_auto(KxBuf) buf = KX_BUF_INIT(5);
    g_assert_true(kx_buf_append(&buf, "123", 3));
    g_assert_false(kx_buf_append(&buf, "456", 3));
    g_assert_cmpstr(buf.data, ==, "123");
    g_assert_true(kx_buf_append(&buf, "45", 2)); /* up to the maximum */
    g_assert_false(kx_buf_append_c(&buf, '6'));
    g_assert_null(kx_buf_reserve(&buf, 1));
    g_assert_null(kx_buf_reserve(&buf, (size_t)-1));
    kx_buf_consume(&buf, 2);
    g_assert_true(kx_buf_append(&buf, "67", 2));
    g_assert_cmpstr(buf.data, ==, "34567");
    kx_buf_reset(&buf);
    g_assert_cmpuint(buf.len, ==, 0);
}

static void random_step(KxBuf *buf, GString *model)
{
    char bytes[300];
    size_t n = (size_t)g_test_rand_int_range(0, (gint32)sizeof bytes);
    memset(bytes, g_test_rand_int_range('a', 'z'), sizeof bytes);
    switch (g_test_rand_int_range(0, 8)) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (kx_buf_append(buf, bytes, n))
            g_string_append_len(model, bytes, (gssize)n);
        else
            g_assert_cmpuint(model->len + n, >, buf->max);
        break;
    case 4:
    case 5:
    case 6:
        n = MIN(n, buf->len);
        kx_buf_consume(buf, n);
        g_string_erase(model, 0, (gssize)n);
        break;
    default:
        if (buf->len < 3000)
            break;
        kx_buf_reset(buf);
        g_string_truncate(model, 0);
    }
}

static void test_model(void)
{
    g_auto(KxBuf) buf = KX_BUF_INIT(4000);
    g_autoptr(GString) model = g_string_new(NULL);
    for (int i = 0; i < 50000; i++) {
        random_step(&buf, model);
        g_assert_cmpuint(buf.len, ==, model->len);
        g_assert_cmpint(buf.len == 0 ? 0 : memcmp(buf.data, model->str, buf.len + 1), ==,
                        0); /* with its NUL */
    }
}

/* A long stream through a small window needs no more memory than the window. */
static void test_memory_is_reclaimed(void)
{
    g_auto(KxBuf) buf = KX_BUF_INIT(1000);
    for (int i = 0; i < 10000; i++) {
        g_assert_true(kx_buf_append(&buf, "0123456789", 10));
        if (buf.len > 500)
            kx_buf_consume(&buf, 250);
        g_assert_cmpuint(buf.room, <=, 2048);
    }
    g_auto(KxBuf) large = KX_BUF_INIT(1000000);
    g_assert_nonnull(kx_buf_reserve(&large, 500000));
    kx_buf_added(&large, 500000);
    kx_buf_consume(&large, 500000);
    g_assert_cmpuint(large.room, ==, 0); /* an idle connection keeps no large buffer */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/buf/empty", test_empty);
    g_test_add_func("/base/buf/maximum", test_maximum);
    g_test_add_func("/base/buf/model", test_model);
    g_test_add_func("/base/buf/memory", test_memory_is_reclaimed);
    return g_test_run();
}

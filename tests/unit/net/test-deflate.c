/* SPDX-License-Identifier: Apache-2.0 */
/* COMPRESS=DEFLATE: what goes in comes out, however it is cut; a bomb is bounded. */
#include "net/deflate.h"

#include <zlib.h>

static void expand(KxDeflate *reader, const char *bytes, size_t len, GString *out, size_t window)
{
    g_auto(KxBuf) buf = KX_BUF_INIT(window);
    while (len > 0 || kx_deflate_pending(reader)) {
        gssize used = kx_deflate_read(reader, bytes, len, &buf, window - buf.len);
        g_assert_cmpint(used, >=, 0);
        g_assert_cmpuint(buf.len, <=, window);
        bytes += used;
        len -= (size_t)used;
        g_string_append_len(out, buf.data ? buf.data : "", (gssize)buf.len);
        kx_buf_consume(&buf, buf.len);
    }
}

static char *some_text(size_t len, gboolean compressible)
{
    char *text = g_malloc(len);
    for (size_t i = 0; i < len; i++)
        text[i] = compressible ? "* 1 FETCH (FLAGS (\\Seen))\r\n"[i % 27]
                               : (char)g_test_rand_int_range(0, 256);
    return text;
}

/* Each write can be read at once: nothing waits in the compressor. */
static void test_round_trip(void)
{
    g_autoptr(KxDeflate) writer = kx_deflate_new(), reader = kx_deflate_new();
    size_t lengths[] = {1, 2, 100, 16384, 70000, 16383, 5, 300000};
    for (guint i = 0; i < 2 * G_N_ELEMENTS(lengths); i++) {
        size_t len = lengths[i / 2];
        g_autofree char *text = some_text(len, i % 2 == 0);
        g_auto(KxBuf) wire = KX_BUF_INIT(1000000);
        g_autoptr(GString) got = g_string_new(NULL);
        g_assert_true(kx_deflate_write(writer, text, len, &wire));
        expand(reader, wire.data, wire.len, got, 1000);
        g_assert_cmpuint(got->len, ==, len);
        g_assert_cmpint(memcmp(got->str, text, len), ==, 0);
    }
}

static void test_byte_by_byte(void)
{
    g_autoptr(KxDeflate) writer = kx_deflate_new(), reader = kx_deflate_new();
    g_autofree char *text = some_text(5000, TRUE);
    g_auto(KxBuf) wire = KX_BUF_INIT(100000);
    g_assert_true(kx_deflate_write(writer, text, 5000, &wire));
    g_autoptr(GString) got = g_string_new(NULL);
    for (size_t i = 0; i < wire.len; i++)
        expand(reader, wire.data + i, 1, got, 64);
    g_assert_cmpuint(got->len, ==, 5000);
    g_assert_cmpint(memcmp(got->str, text, 5000), ==, 0);
}

/* A gigabyte in a megabyte: each read makes only what there is room for, and the input is not used
 * up ahead. */
static void test_bomb(void)
{
    z_stream z = {0};
    g_assert_cmpint(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_autofree char *zeros = g_malloc0(1000000);
    g_autofree char *wire = g_malloc(1000000);
    z.next_out = (Bytef *)wire;
    z.avail_out = 1000000;
    for (int i = 0; i < 200; i++) {
        z.next_in = (Bytef *)zeros;
        z.avail_in = 1000000;
        g_assert_cmpint(deflate(&z, Z_NO_FLUSH), ==, Z_OK);
    }
    deflate(&z, Z_SYNC_FLUSH);
    size_t len = 1000000 - z.avail_out;
    deflateEnd(&z);
    g_assert_cmpuint(len, <, 400000);
    g_autoptr(KxDeflate) reader = kx_deflate_new();
    g_auto(KxBuf) out = KX_BUF_INIT(65536);
    gssize used = kx_deflate_read(reader, wire, len, &out, 65536);
    g_assert_cmpint(used, <, 2000);
    g_assert_cmpuint(out.len, ==, 65536);
    g_assert_cmpuint(out.room, <=, 2 * 65536);
    g_assert_true(kx_deflate_pending(reader));
    g_assert_cmpint(kx_deflate_read(reader, wire + used, len - (size_t)used, &out, 0), ==, 0);
}

static void test_no_room_to_write(void)
{
    g_autoptr(KxDeflate) writer = kx_deflate_new();
    g_autofree char *text = some_text(100000, FALSE);
    g_auto(KxBuf) small = KX_BUF_INIT(20000);
    g_assert_false(kx_deflate_write(writer, text, 100000, &small));
    g_assert_cmpuint(small.len, <=, 20000);
}

static void test_garbage(void)
{
    g_auto(KxBuf) out = KX_BUF_INIT(65536);
    g_autoptr(KxDeflate) reader = kx_deflate_new();
    g_assert_cmpint(kx_deflate_read(reader, "\xff\xff\xff\xff", 4, &out, 65536), ==, -1);
    /* A stream that ends is no stream for a connection. */
    g_autoptr(KxDeflate) other = kx_deflate_new();
    g_assert_cmpint(kx_deflate_read(other, "\x03\x00", 2, &out, 65536), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/deflate/round-trip", test_round_trip);
    g_test_add_func("/net/deflate/byte-by-byte", test_byte_by_byte);
    g_test_add_func("/net/deflate/bomb", test_bomb);
    g_test_add_func("/net/deflate/no-room", test_no_room_to_write);
    g_test_add_func("/net/deflate/garbage", test_garbage);
    return g_test_run();
}

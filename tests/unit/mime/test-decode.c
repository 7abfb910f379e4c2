/* SPDX-License-Identifier: Apache-2.0 */
/* Transfer encodings undone, BINARYMIME made safe, and line endings. */
#include "mime-test.h"
#include "mime/binary.h"
#include "mime/crlf.h"
#include "mime/decode.h"

static const struct {
    KxMimeEncoding encoding;
    const char *in, *out;
    gboolean damaged;
} cases[] = {
    {KX_MIME_ENC_7BIT, "a=20b", "a=20b", FALSE},
    {KX_MIME_ENC_UNKNOWN, "begin 644", "begin 644", FALSE},
    {KX_MIME_ENC_BASE64, "", "", FALSE},
    {KX_MIME_ENC_BASE64, "Zg==", "f", FALSE},
    {KX_MIME_ENC_BASE64, "Zm8=", "fo", FALSE},
    {KX_MIME_ENC_BASE64, "Zm9v", "foo", FALSE},
    {KX_MIME_ENC_BASE64, "Zm9vYm\r\nFy\r\n", "foobar", FALSE},
    {KX_MIME_ENC_BASE64, "Z m\t9\nvYg==Zg==\n", "foobf", FALSE},
    {KX_MIME_ENC_BASE64, "Zm9!vYg==", "foob", TRUE},
    {KX_MIME_ENC_BASE64, "Zm9vYmF", "fooba", FALSE},
    {KX_MIME_ENC_BASE64, "Zm9vYg", "foob", FALSE},
    {KX_MIME_ENC_BASE64, "Zm9vY", "foo", TRUE},
    {KX_MIME_ENC_BASE64, "====", "", FALSE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "a=3D=e9 b", "a=\xe9 b", FALSE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "soft=\r\nbreak=\nend=", "softbreakend", FALSE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "soft=  \r\nbreak", "softbreak", FALSE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "a  \t \r\n  b \nc  ", "a\r\n  b\nc", FALSE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "=zz =1", "=zz =1", TRUE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "= x", "= x", TRUE},
    {KX_MIME_ENC_QUOTED_PRINTABLE, "a\rb", "a\rb", FALSE},
};

/* Whatever the size of the pieces, the result is the same. */
static void test_decode(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (size_t room = 4; room < 9; room++) {
            KxMimeDecoder decoder;
            char piece[8];
            g_autoptr(GString) out = g_string_new(NULL);
            kx_mime_decoder_init(&decoder, cases[i].encoding, cases[i].in, strlen(cases[i].in));
            for (size_t n; (n = kx_mime_decoder_read(&decoder, piece, room)) > 0;)
                g_string_append_len(out, piece, (gssize)n);
            g_test_message("%s", cases[i].in);
            g_assert_cmpstr(out->str, ==, cases[i].out);
            g_assert_cmpint(decoder.damaged, ==, cases[i].damaged);
        }
    }
}

/* White space without end takes linear time. */
static void test_blank_bomb(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(text, "%*sx=%*sx", 1000, "", 1000, "");
    KxMimeDecoder decoder;
    char piece[8];
    size_t total = 0;
    kx_mime_decoder_init(&decoder, KX_MIME_ENC_QUOTED_PRINTABLE, text->str, text->len);
    gint64 start = g_get_monotonic_time();
    for (size_t n; (n = kx_mime_decoder_read(&decoder, piece, sizeof(piece))) > 0;)
        total += n;
    g_assert_cmpint(g_get_monotonic_time() - start, <, 500 * 1000);
    g_assert_cmpuint(total, ==, text->len);
    g_string_free(text, TRUE);
}

static gboolean collect(const void *bytes, size_t len, gpointer user, GError **error)
{
    g_string_append_len(user, bytes, (gssize)len);
    return TRUE;
}

static gboolean refuse(const void *bytes, size_t len, gpointer user, GError **error)
{
    g_set_error(error, g_quark_from_static_string("test"), 1, "full");
    return FALSE;
}

#define MULTI "Content-Type: multipart/mixed; boundary=b\r\n"

static const struct {
    const char *in;
    size_t len;
    const char *out;
} binaries[] = {
#define TEXT(literal) literal, sizeof(literal) - 1
    {TEXT("Subject: x\r\n\r\nplain\r\n"), "Subject: x\r\n\r\nplain\r\n"},
    {TEXT("Content-Transfer-Encoding: binary\r\n\r\nplain \xe9\r\n"),
     "Content-Transfer-Encoding: 8bit\r\n\r\nplain \xe9\r\n"},
    {TEXT("Subject: x\r\nContent-Transfer-Encoding: binary\r\nTo: y\r\n\r\na\0b"),
     "Subject: x\r\nContent-Transfer-Encoding: base64\r\nTo: y\r\n\r\nYQBi"},
    {TEXT("Subject: x\r\n\r\nbare\nlf"),
     "Content-Transfer-Encoding: base64\r\nSubject: x\r\n\r\nYmFyZQpsZg=="},
    {TEXT(MULTI "Content-Transfer-Encoding: binary\r\n\r\npre\0\n--b\r\nContent-Type: image/x\r\n"
                "content-transfer-encoding: binary\r\n\r\n\r\r\r\n--b\r\n\r\nsafe\r\n--b--\r\n"),
     MULTI "Content-Transfer-Encoding: 8bit\r\n\r\npre\r\n--b\r\nContent-Type: image/x\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\nDQ0=\r\n--b\r\n\r\nsafe\r\n--b--\r\n"},
    {TEXT("Content-Transfer-Encoding: base64\r\n\r\nZm9v\nYg==\n"),
     "Content-Transfer-Encoding: base64\r\n\r\nZm9v\r\nYg==\r\n"},
#undef TEXT
};

static void test_binary(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(binaries); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_assert_true(kx_mime_to_binary_safe(binaries[i].in, binaries[i].len, collect, out, NULL));
        g_assert_cmpstr(out->str, ==, binaries[i].out);
        GError *error = NULL;
        g_assert_false(
            kx_mime_to_binary_safe(binaries[i].in, binaries[i].len, refuse, NULL, &error));
        g_clear_error(&error);
    }
}

/* A long binary body comes back as it was. */
static void test_binary_roundtrip(void)
{
    GString *in = g_string_new("Content-Transfer-Encoding: binary\r\n\r\n");
    size_t header = in->len;
    for (int i = 0; i < 200000; i++)
        g_string_append_c(in, (char)(i * 7 + i / 256));
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(kx_mime_to_binary_safe(in->str, in->len, collect, out, NULL));
    KxCrlfInfo info;
    kx_crlf_scan(out->str, out->len, &info);
    g_assert_false(info.nul || info.bare_cr || info.bare_lf);
    g_assert_cmpuint(info.longest_line, <=, 76);

    g_autoptr(KxMimeMessage) message = kx_mime_parse(out->str, out->len);
    g_autofree char *decoded = g_malloc(in->len);
    KxMimeDecoder decoder;
    kx_mime_decoder_init(&decoder, KX_MIME_ENC_BASE64, out->str + message->root->body_start,
                         message->root->body_len);
    size_t n = kx_mime_decoder_read(&decoder, decoded, in->len);
    g_assert_cmpuint(n, ==, in->len - header);
    g_assert_cmpint(memcmp(decoded, in->str + header, n), ==, 0);
    g_string_free(in, TRUE);
}

static const struct {
    const char *in, *out;
} endings[] = {
    {"", ""},
    {"a\nb\n", "a\r\nb\r\n"},
    {"a\r\nb\r\n", "a\r\nb\r\n"},
    {"\n\n", "\r\n\r\n"},
    {"a\rb\r", "a\rb\r"},
    {"\r\r\n\n\r", "\r\r\n\r\n\r"},
};

static void test_crlf(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(endings); i++) {
        size_t len = strlen(endings[i].in);
        for (size_t cut = 0; cut <= len; cut++) {
            KxCrlf state = KX_CRLF_INIT;
            g_autoptr(GString) out = g_string_new(NULL);
            kx_crlf_append(&state, out, endings[i].in, cut);
            kx_crlf_append(&state, out, endings[i].in + cut, len - cut);
            g_assert_cmpstr(out->str, ==, endings[i].out);
        }
    }
}

static void test_scan(void)
{
    KxCrlfInfo info;
    kx_crlf_scan("ab\r\nc\r\n", 7, &info);
    g_assert_false(info.bare_lf || info.bare_cr || info.nul);
    g_assert_cmpuint(info.longest_line, ==, 2);
    kx_crlf_scan("a\nb", 3, &info);
    g_assert_true(info.bare_lf && !info.bare_cr);
    kx_crlf_scan("a\r\r\nb\r", 6, &info);
    g_assert_true(!info.bare_lf && info.bare_cr);
    kx_crlf_scan("a\0\xe9", 3, &info);
    g_assert_true(info.nul);
    g_assert_cmpuint(info.longest_line, ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/decode/decode", test_decode);
    g_test_add_func("/mime/decode/blank-bomb", test_blank_bomb);
    g_test_add_func("/mime/binary/cases", test_binary);
    g_test_add_func("/mime/binary/roundtrip", test_binary_roundtrip);
    g_test_add_func("/mime/crlf/append", test_crlf);
    g_test_add_func("/mime/crlf/scan", test_scan);
    return g_test_run();
}

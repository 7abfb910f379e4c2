/* SPDX-License-Identifier: Apache-2.0 */
/* Which converter content gets, and the text of HTML, RTF and plain text. */
#include "base/error.h"
#include "convert/content.h"
#include "convert/limits.h"

static char *text_of(const char *type, const char *name, const char *data, size_t len,
                     GError **error)
{
    KxContent content = {data, len, type, name};
    g_auto(KxTextOut) out;
    kx_text_out_init(&out);
    KxConverter converter = kx_convert_find(&content, error);
    if (!converter || !converter(&content, &out, error))
        return NULL;
    g_assert_true(g_utf8_validate(out.text->str, (gssize)out.text->len, NULL));
    return g_strndup(out.text->str, out.text->len);
}

static void assert_text(const char *type, const char *name, const char *data, size_t len,
                        const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = text_of(type, name, data, len, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, wanted);
}
#define ASSERT_TEXT(type, name, data, wanted)                                                      \
    assert_text(type, name, data, sizeof(data) - 1, wanted)

static void assert_error(const char *type, const char *name, const char *data, size_t len,
                         KxErrorCode code)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = text_of(type, name, data, len, &error);
    g_assert_null(text);
    g_assert_error(error, KX_ERROR, (int)code);
}
#define ASSERT_ERROR(type, name, data, code) assert_error(type, name, data, sizeof(data) - 1, code)

static void test_content_decides_before_type(void)
{
    ASSERT_TEXT("text/plain", "", "<!DOCTYPE html><p>a<p>b", "a\nb");
    ASSERT_TEXT("application/octet-stream", "x.bin", "\xef\xbb\xbf  <HTML><body>a", "a");
    ASSERT_TEXT("text/html", "x.html", "{\\rtf1 a}", "a");
    ASSERT_TEXT("application/octet-stream", "notes.TXT", "some text", "some text");
    ASSERT_TEXT("text/plain", "", "this speaks of %PDF-1.4", "this speaks of %PDF-1.4");
    ASSERT_ERROR("text/plain", "x.txt", "\x89PNG\r\n\x1a\n....", KX_ERR_INVALID);
    ASSERT_ERROR("text/plain", "x.txt", "a\0b", KX_ERR_INVALID);
    ASSERT_ERROR("image/png", "", "some text", KX_ERR_INVALID);
    ASSERT_ERROR("", "", "some text", KX_ERR_INVALID);
    ASSERT_ERROR("application/msword", "x.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", KX_ERR_INVALID);
    ASSERT_TEXT("", "", "", "");
}

static void test_plain_text_has_a_charset(void)
{
    ASSERT_TEXT("text/plain; charset=iso-8859-2", "",
                "\xb3\xf3"
                "d\xbc",
                "łódź");
    ASSERT_TEXT("text/plain; format=flowed; charset=\"KOI8-R\"", "", "\xf0\xd2\xc9", "При");
    ASSERT_TEXT("text/plain", "", "gr\xfc\xdf", "grüß");
    ASSERT_TEXT("text/plain", "", "gr\xc3\xbc\xc3\x9f", "grüß");
    ASSERT_TEXT("text/plain; charset=utf-8", "", "gr\xfc\xdf", "grüß");
    ASSERT_TEXT("text/plain", "", "\xff\xfeg\0r\0\xfc\0", "grü");
    ASSERT_TEXT("text/plain; charset=utf-16be", "", "\0g\0r\0\xfc", "grü");
    ASSERT_TEXT("text/plain; charset=unheard-of", "", "plain", "plain");
    ASSERT_TEXT("text/calendar", "", "BEGIN:VCALENDAR\r\nSUMMARY:Tea\r\n",
                "BEGIN:VCALENDAR\nSUMMARY:Tea");
    ASSERT_TEXT("application/octet-stream", "a.vcf", "BEGIN:VCARD\nFN:Ann\n",
                "BEGIN:VCARD\nFN:Ann");
}

static void test_text_is_tidy(void)
{
    ASSERT_TEXT("text/plain", "", "  a \t b\x1b[2J\r\n\r\n\n c  ", "a b [2J\nc");
    ASSERT_TEXT("text/plain", "",
                "e\xef\xac\x83"
                "cient co\xc2\xad"
                "operate",
                "efficient cooperate");
}

static void test_text_is_cut(void)
{
    size_t len = 2 * KX_CONVERT_TEXT_MAX;
    g_autofree char *data = g_malloc(len);
    for (size_t i = 0; i < len; i++)
        data[i] = i % 2 ? '\xa9' : '\xc3';
    g_autoptr(GError) error = NULL;
    g_autofree char *text = text_of("text/plain", "", data, len, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(text), <=, KX_CONVERT_TEXT_MAX);
    g_assert_cmpuint(strlen(text), >=, KX_CONVERT_TEXT_MAX - 16);
}

static void test_html(void)
{
    ASSERT_TEXT(
        "text/html", "",
        "<html><head><title>T</title><style>s{}</style></head><body><script>if(a<b)c()</script>"
        "<p>one <b>t</b>wo<p>3 &lt; &auml;&#8364;<img alt='a dog' src=x><table><tr><td>x<td>y"
        "</table><!-- no -->",
        "T\none two\n3 < ä€ a dog\nx y");
    ASSERT_TEXT("text/html; charset=iso-8859-1", "", "<p>gr\xfc\xdf", "grüß");
    ASSERT_TEXT("text/html", "", "<meta charset=\"windows-1251\"><p>\xcf\xf0", "Пр");
    ASSERT_TEXT("text/html", "",
                "<html><meta http-equiv=Content-Type content='text/html; charset=koi8-r'>\xf0",
                "П");
    ASSERT_TEXT("text/html", "", "\xff\xfe<\0p\0>\0\xfc\0", "ü");
    ASSERT_TEXT("text/html", "", "<div><div></p></b>a<<b>>", "a<>");
}

static void test_html_never_stops_at_damage(void)
{
    GString *deep = g_string_new("<html>");
    for (guint i = 0; i < 20000; i++)
        g_string_append(deep, "<div>");
    g_string_append(deep, "found");
    g_autofree char *text = text_of("text/html", "", deep->str, deep->len, NULL);
    g_assert_cmpstr(text, ==, "found");
    g_string_free(deep, TRUE);
}

static void test_rtf(void)
{
    ASSERT_TEXT(
        "application/rtf", "",
        "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fcharset0 Times;}{\\f1\\fcharset204 Arial;}}"
        "{\\colortbl;\\red1;}{\\*\\generator x;}{\\info{\\title hidden}}\\f0 Caf\\'e9 \\b b\\b0 "
        "old\\par"
        "\r\nnext\\tab \\u8364?uro{\\f1 \\'cf\\'f0}\\emdash\\{x\\}}",
        "Café bold\nnext €uroПр—{x}");
    ASSERT_TEXT("", "", "{\\rtf1\\uc2\\u-10179 ab\\u-8704 cd!}", "😀!");
    ASSERT_TEXT("", "", "{\\rtf1 {\\pict 00ff}a\\bin3 }}}b", "ab");
    ASSERT_TEXT("", "", "{\\rtf1\\ansicpg932 \\'93\\'fa}", "日");
    ASSERT_TEXT("", "", "{\\rtf1 }}}}a", "a");
}

static void test_rtf_depth_is_bounded(void)
{
    g_autofree char *many = g_strnfill(5000, '{');
    g_autofree char *data = g_strconcat("{\\rtf1", many, NULL);
    assert_error("", "", data, strlen(data), KX_ERR_TOO_BIG);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/convert/detect", test_content_decides_before_type);
    g_test_add_func("/convert/plain", test_plain_text_has_a_charset);
    g_test_add_func("/convert/tidy", test_text_is_tidy);
    g_test_add_func("/convert/cut", test_text_is_cut);
    g_test_add_func("/convert/html", test_html);
    g_test_add_func("/convert/html/damage", test_html_never_stops_at_damage);
    g_test_add_func("/convert/rtf", test_rtf);
    g_test_add_func("/convert/rtf/depth", test_rtf_depth_is_bounded);
    return g_test_run();
}

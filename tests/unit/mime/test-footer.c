/* SPDX-License-Identifier: Apache-2.0 */
/* Footers under messages of all shapes: the text gets it, nothing else changes. */
#include "mime/footer.h"
#include "mime/text-part.h"

static gboolean sink(const void *bytes, size_t len, gpointer user, GError **error G_GNUC_UNUSED)
{
    g_string_append_len(user, bytes, (gssize)len);
    return TRUE;
}

/* The message with LF given, and what becomes of it, with LF again; NULL: nothing. */
static char *with_footer(const char *text, const char *html, const char *message)
{
    g_autoptr(KxMimeFooter) footer = kx_mime_footer_new(text, html);
    g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
    g_autofree char *wire = g_strjoinv("\r\n", lines);
    g_autoptr(KxMimeEdits) edits = kx_mime_footer_edits(footer, wire, strlen(wire));
    if (!edits)
        return NULL;
    GString *out = g_string_new(NULL);
    g_assert_true(kx_mime_edits_write(edits, sink, out, NULL));
    for (const char *at = out->str; (at = strchr(at, '\n')); at++)
        g_assert_true(at > out->str && at[-1] == '\r');
    g_string_replace(out, "\r\n", "\n", 0);
    return g_string_free(out, FALSE);
}

static void assert_footer(const char *text, const char *message, const char *expected)
{
    g_autofree char *got = with_footer(text, "", message);
    g_assert_cmpstr(got, ==, expected);
}

/* covers: DOM-10 */
static void test_plain(void)
{
    assert_footer("Line one\nline two", "Subject: a\n\nbody\n",
                  "Subject: a\n\nbody\n\nLine one\nline two\n");
    assert_footer("F", "Subject: a\n\n", "Subject: a\n\nF\n");
    /* Beyond ASCII: the part learns to carry it. */
    assert_footer("Grüße",
                  "Subject: a\nMIME-Version: 1.0\nContent-Type: text/plain; format=flowed\n"
                  "Content-Transfer-Encoding: 7bit\n\nbody\n",
                  "Subject: a\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8;\n"
                  "\tformat=\"flowed\"\nContent-Transfer-Encoding: quoted-printable\n\nbody\n\n"
                  "Gr=C3=BC=C3=9Fe\n");
    assert_footer("Grüße", "Subject: a\n\nbody\n",
                  "Subject: a\nContent-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: quoted-printable\nMIME-Version: "
                  "1.0\n\nbody\n\nGr=C3=BC=C3=9Fe\n");
    /* A character set without these characters. */
    assert_footer("Привет",
                  "Content-Type: text/plain; charset=iso-8859-1\n"
                  "Content-Transfer-Encoding: 8bit\n\nf\xfcr\n",
                  "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
                  "MIME-Version: 1.0\n\nfür\n\nПривет\n");
    /* What fits changes nothing. */
    assert_footer("Regards",
                  "Content-Type: text/plain; charset=iso-8859-1\n"
                  "Content-Transfer-Encoding: 8bit\n\nf\xfcr\n",
                  "Content-Type: text/plain; charset=iso-8859-1\n"
                  "Content-Transfer-Encoding: 8bit\n\nf\xfcr\n\nRegards\n");
    assert_footer("ä",
                  "Content-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: base64\n\nw7wK\n",
                  "Content-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: base64\n\nw7wKDQrDpA0K\n");
    assert_footer("a = b", "Content-Transfer-Encoding: quoted-printable\n\nx=3Dy\n",
                  "Content-Transfer-Encoding: quoted-printable\n\nx=3Dy\n\na =3D b\n");
    /* Characters that nobody can read are left as they are. */
    assert_footer("Grüße",
                  "Content-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: 8bit\n\n\xff\xfe\n",
                  "Content-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: 8bit\n\n\xff\xfe\n\nGrusse\n");
}

static void test_flowed(void)
{
    assert_footer("> one \n two", "Content-Type: text/plain; format=flowed\n\nbody\n",
                  "Content-Type: text/plain; format=flowed\n\nbody\n\n > one\n  two\n");
}

/* covers: DOM-10 */
static void test_html(void)
{
    static const char PAGE[] = "Content-Type: text/html\n\n<html><BODY>x</BODY></html>\n";
    assert_footer("a < b\nc", PAGE,
                  "Content-Type: text/html\n\n<html><BODY>x\n<p>a &lt; b<br>\nc</p>\n"
                  "</BODY></html>\n");
    g_autofree char *own = with_footer("text", "<hr>Us", PAGE);
    g_assert_cmpstr(own, ==, "Content-Type: text/html\n\n<html><BODY>x\n<hr>Us\n</BODY></html>\n");
    g_autofree char *again = with_footer("text", "<hr>Us", own);
    g_assert_null(again);
    g_autofree char *derived = with_footer("", "<hr>Us &amp; them", "Subject: a\n\nbody\n");
    g_assert_cmpstr(derived, ==, "Subject: a\n\nbody\n\nUs & them\n");
    assert_footer("F", "Content-Type: text/html\n\nno tags\n",
                  "Content-Type: text/html\n\nno tags\n\n<p>F</p>\n");
}

#define MIXED                                                                                      \
    "Content-Type: multipart/mixed; boundary=m\n\n--m\n"                                           \
    "Content-Type: multipart/alternative; boundary=a\n\n--a\n\nplain\n--a\n"                       \
    "Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<b>html</b>\n" \
    "--r\nContent-Type: image/png\n\nPNG\n--r--\n--a--\n--m\n"                                     \
    "Content-Type: text/plain; name=x.txt\n\nfile\n--m\n"                                          \
    "Content-Disposition: attachment\n\nother file\n--m\n"                                         \
    "Content-Type: message/rfc822\n\nSubject: in\n\ninner\n--m--\n"

/* covers: DOM-10 */
static void test_multipart(void)
{
    g_autofree char *got = with_footer("F", "", MIXED);
    g_autoptr(GString) expected = g_string_new(MIXED);
    g_string_replace(expected, "plain\n--a", "plain\n\nF\n\n--a", 1);
    g_string_replace(expected, "<b>html</b>\n", "<b>html</b>\n<p>F</p>\n\n", 1);
    g_assert_cmpstr(got, ==, expected->str);
    /* The last of several texts. */
    assert_footer("F",
                  "Content-Type: multipart/mixed; boundary=m\n\n--m\n\none\n--m\n"
                  "Content-Type: image/png\n\nPNG\n--m\n\ntwo\n--m--\n",
                  "Content-Type: multipart/mixed; boundary=m\n\n--m\n\none\n--m\n"
                  "Content-Type: image/png\n\nPNG\n--m\n\ntwo\n\nF\n\n--m--\n");
    /* None: it becomes a part. */
    assert_footer("F",
                  "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
                  "Content-Type: image/png\n\nPNG\n--m--\n",
                  "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
                  "Content-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: quoted-printable\n\n=46\n\n--m\n"
                  "Content-Type: image/png\n\nPNG\n--m--\n");
}

/* covers: DOM-10 */
static void test_left_alone(void)
{
    static const char *const MESSAGES[] = {
        "Content-Type: multipart/signed; boundary=s\n\n--s\n\nx\n--s\n"
        "Content-Type: application/pgp-signature\n\ny\n--s--\n",
        "Content-Type: multipart/encrypted; boundary=s\n\n--s\n\nx\n--s--\n",
        "Content-Type: application/pkcs7-mime\n\nx\n",
        "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
        "Content-Type: multipart/signed; boundary=s\n\n--s\n\nx\n--s--\n--m\n\nlist\n--m--\n",
        "Content-Type: multipart/report; boundary=m\n\n--m\n\nx\n--m--\n",
        "Subject: a\n\nhello\n-----BEGIN PGP SIGNED MESSAGE-----\nx\n",
        "DKIM-Signature: v=1\n\nx\n",
        "List-Id: <l.example.test>\n\nx\n",
        "Content-Type: image/png\n\nPNG\n",
        "Content-Type: text/plain; name=\"a.txt\"\n\nfile\n",
        "Content-Transfer-Encoding: x-unknown\n\nx\n",
        "Subject: a\n\nsaid already\n\nF\n \n", /* not twice */
        "Subject: no body\n",
        "",
    };
    for (guint i = 0; i < G_N_ELEMENTS(MESSAGES); i++)
        assert_footer("F", MESSAGES[i], NULL);
    assert_footer("F", "Subject: re\n\n> F\n",
                  "Subject: re\n\n> F\n\nF\n"); /* quoted is not said */
}

/* covers: DOM-10 */
static void test_large(void)
{
    g_autoptr(GString) message = g_string_new("Subject: big\n\n");
    while (message->len <= KX_TEXT_PART_MAX)
        g_string_append(message, "0123456789012345678901234567890123456789\n");
    assert_footer("F", message->str, NULL); /* that is no letter any more */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/footer/plain", test_plain);
    g_test_add_func("/footer/flowed", test_flowed);
    g_test_add_func("/footer/html", test_html);
    g_test_add_func("/footer/multipart", test_multipart);
    g_test_add_func("/footer/left-alone", test_left_alone);
    g_test_add_func("/footer/large", test_large);
    return g_test_run();
}

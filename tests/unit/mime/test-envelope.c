/* SPDX-License-Identifier: Apache-2.0 */
/* ENVELOPE, BODY and BODYSTRUCTURE as text, and that the text keeps to the grammar. */
#include "mime-test.h"
#include "mime/imap-envelope.h"

static const struct {
    const char *header, *envelope;
} envelopes[] = {
    {"", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"},
    {/* RFC 3501 section 8, the sample session */
     "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\nFrom: Terry Gray <gray@cac.washington.edu>\n"
     "Subject: IMAP4rev1 WG mtg summary and minutes\nTo: imap@cac.washington.edu\n"
     "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\n"
     "Message-Id: <B27397-0100000@cac.washington.edu>\nMIME-Version: 1.0\n\nbody",
     "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
     "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
     "((NIL NIL \"imap\" \"cac.washington.edu\")) "
     "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) "
     "NIL NIL \"<B27397-0100000@cac.washington.edu>\")"},
    {"Subject:\nFrom: a@b\nSender: s@b\nReply-To:\nIn-Reply-To: <1>\n <2>\nBcc: c@d\n",
     "(NIL \"\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"s\" \"b\")) ((NIL NIL \"a\" \"b\")) NIL NIL "
     "((NIL NIL \"c\" \"d\")) \"<1> <2>\" NIL)"},
    {"To: g: a@b;\nTo: root, <@r:x@y>\nTo: @h\n",
     "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)"
     "(NIL NIL \"root\" \"MISSING_DOMAIN\")(NIL \"@r\" \"x\" \"y\")"
     "(NIL NIL \"MISSING_MAILBOX\" \"h\")) NIL NIL NIL NIL)"},
    {"Subject: q\"\\ z\nSubject: second\nFrom: \xc3\xa9 <a@b>\n",
     "(NIL \"q\\\"\\\\ z\" (({2}\r\n\xc3\xa9 NIL \"a\" \"b\")) (({2}\r\n\xc3\xa9 NIL \"a\" \"b\")) "
     "(({2}\r\n\xc3\xa9 NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)"},
};

static void test_envelopes(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(envelopes); i++) {
        g_auto(Mail) mail = mail_from(envelopes[i].header, TRUE);
        g_autoptr(GString) out = g_string_new("x");
        kx_imap_append_envelope(out, mail.text, mail.len);
        g_assert_cmpstr(out->str + 1, ==, envelopes[i].envelope);
    }
}

static void test_nstring(void)
{
    static const struct {
        const char *text;
        gssize len;
        const char *expected;
    } cases[] = {
        {NULL, 0, "NIL"},           {"", 0, "\"\""},
        {"a\tb", 3, "\"a\tb\""},    {"a\\\"", 3, "\"a\\\\\\\"\""},
        {"a\nb", 3, "{3}\r\na\nb"}, {"a\0b", 3, "{2}\r\nab"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        kx_imap_append_nstring(out, cases[i].text, cases[i].len);
        g_assert_cmpstr(out->str, ==, cases[i].expected);
    }
}

#define TEXT_PLAIN "\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" "

static const struct {
    const char *text, *extended, *basic;
} structures[] = {
    {"\nhello\n", "(" TEXT_PLAIN "7 1 NIL NIL NIL NIL)", "(" TEXT_PLAIN "7 1)"},
    {"Content-Type: multipart/mixed; boundary=b\n\nnothing\n",
     "((" TEXT_PLAIN "0 0 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)",
     "((" TEXT_PLAIN "0 0) \"mixed\")"},
    {"Content-Type: multipart/mixed\n\nx\n", "(" TEXT_PLAIN "3 1 NIL NIL NIL NIL)",
     "(" TEXT_PLAIN "3 1)"},
    {"Content-Type: text/html; charset=UTF-8; x=\"a\\\"b\"\nContent-Transfer-Encoding: "
     "Quoted-Printable\n"
     "Content-ID: <i>\nContent-Description: d\nContent-MD5: m\nContent-Language: en, de\n"
     "Content-Location: l\nContent-Disposition: inline\n\n",
     "(\"text\" \"html\" (\"charset\" \"UTF-8\" \"x\" \"a\\\"b\") \"<i>\" \"d\" "
     "\"quoted-printable\" 0 0 "
     "\"m\" (\"inline\" NIL) (\"en\" \"de\") \"l\")",
     "(\"text\" \"html\" (\"charset\" \"UTF-8\" \"x\" \"a\\\"b\") \"<i>\" \"d\" "
     "\"quoted-printable\" 0 0)"},
    {"Content-Type: image/png\nContent-Language: en\nContent-Disposition: attachment; "
     "filename*=utf-8''%C3%A9\n\n12",
     "(\"image\" \"png\" NIL NIL NIL \"7bit\" 2 NIL (\"attachment\" (\"filename*\" "
     "\"utf-8''%C3%A9\")) "
     "\"en\" NIL)",
     "(\"image\" \"png\" NIL NIL NIL \"7bit\" 2)"},
    {"Content-Type: multipart/mixed; boundary=b\nContent-Disposition: inline; a=b\n\n"
     "--b\n\none\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\nl1\nl2\n--b--\n",
     "((" TEXT_PLAIN "3 0 NIL NIL NIL NIL)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 21 "
     "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) (" TEXT_PLAIN
     "6 1 NIL NIL NIL NIL) 3 NIL NIL NIL "
     "NIL) \"mixed\" (\"boundary\" \"b\") (\"inline\" (\"a\" \"b\")) NIL NIL)",
     "((" TEXT_PLAIN "3 0)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 21 "
     "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) (" TEXT_PLAIN "6 1) 3) \"mixed\")"},
    /* headers that a delimiter cuts short: a container stays one */
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n"
     "--b\nContent-Type: multipart/x; boundary=c\n--b--\n",
     "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(" TEXT_PLAIN "0 0 NIL NIL NIL NIL) 0 NIL NIL NIL NIL)((" TEXT_PLAIN
     "0 0 NIL NIL NIL NIL) \"x\" (\"boundary\" \"c\") NIL NIL NIL) \"mixed\" "
     "(\"boundary\" \"b\") NIL NIL NIL)",
     "((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
     "(" TEXT_PLAIN "0 0) 0)((" TEXT_PLAIN "0 0) \"x\") \"mixed\")"},
    {"Content-Type: image/x; name=\xc3\xa9\n\n",
     "(\"image\" \"x\" (\"name\" {2}\r\n\xc3\xa9) NIL NIL \"7bit\" 0 NIL NIL NIL NIL)",
     "(\"image\" \"x\" (\"name\" {2}\r\n\xc3\xa9) NIL NIL \"7bit\" 0)"},
};

static void test_structures(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(structures); i++) {
        g_auto(Mail) mail = mail_from(structures[i].text, TRUE);
        g_autoptr(GString) out = g_string_new(NULL);
        kx_imap_append_bodystructure(out, mail.message);
        g_assert_cmpstr(out->str, ==, structures[i].extended);
        g_string_truncate(out, 0);
        kx_imap_append_body(out, mail.message);
        g_assert_cmpstr(out->str, ==, structures[i].basic);
    }
}

static int depth_of(const char *text)
{
    int depth = 0, max = 0;
    gboolean quoted = FALSE;
    for (; *text; text++) {
        if (quoted && *text == '\\')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted)
            depth += (*text == '(') - (*text == ')');
        max = MAX(max, depth);
    }
    g_assert_cmpint(depth, ==, 0);
    return max;
}

/* What is nested too deep shows as application/octet-stream. */
static void test_deep(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 10000; i++)
        g_string_append_printf(text, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
                               i);
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_autoptr(GString) out = g_string_new(NULL);
    kx_imap_append_bodystructure(out, message);
    g_assert_cmpint(depth_of(out->str), >=, 100);
    g_assert_nonnull(strstr(out->str, "(\"application\" \"octet-stream\" (\"boundary\" \"b100\")"));
    g_string_free(text, TRUE);
}

/* Thousands of inner messages with long headers: the answer stays near its bound. */
static void test_bounded(void)
{
    g_autofree char *subject = g_strnfill(20000, 's');
    GString *text = g_string_new("Content-Type: multipart/digest; boundary=b\n\n");
    for (int i = 0; i < 2000; i++)
        g_string_append_printf(text, "--b\n\nSubject: %s\n\nx\n", subject);
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_autoptr(GString) out = g_string_new(NULL);
    kx_imap_append_bodystructure(out, message);
    g_assert_cmpuint(out->len, >, KX_IMAP_STRUCTURE_MAX);
    g_assert_cmpuint(out->len, <, KX_IMAP_STRUCTURE_MAX + 1024 * 1024);
    g_assert_cmpint(depth_of(out->str), ==, 4);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/envelope/envelopes", test_envelopes);
    g_test_add_func("/mime/envelope/nstring", test_nstring);
    g_test_add_func("/mime/envelope/structures", test_structures);
    g_test_add_func("/mime/envelope/deep", test_deep);
    g_test_add_func("/mime/envelope/bounded", test_bounded);
    return g_test_run();
}

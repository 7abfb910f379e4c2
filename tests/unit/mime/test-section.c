/* SPDX-License-Identifier: Apache-2.0 */
/* Section names, and the bytes they stand for: RFC 9051 section 6.4.5.1. */
#include "mime-test.h"
#include "mime/section.h"

/* The shape of the example in RFC 3501 section 6.4.5. */
static const char example[] = "Subject: outer\nContent-Type: multipart/mixed; boundary=o\n\n"
                              "--o\n\none\n"
                              "--o\nContent-Type: application/octet-stream\n\ntwo\n"
                              "--o\nContent-Type: message/rfc822\nX: 3\n\n"
                              "Subject: third\nContent-Type: multipart/mixed; boundary=i\n\n"
                              "--i\n\n3.1\n--i\nContent-Type: text/css\n\n3.2\n--i--\n"
                              "--o\nContent-Type: multipart/mixed; boundary=m\n\n"
                              "--m\nContent-Type: image/gif\n\n4.1\n"
                              "--m\nContent-Type: message/rfc822\nX: 4.2\n\n"
                              "Subject: fourth\n\n4.2 text\n--m--\n"
                              "--o--\n";

static const struct {
    const char *section;
    const char *bytes; /* NULL: there is no such part */
} lookups[] = {
    {"HEADER", "Subject: outer\nContent-Type: multipart/mixed; boundary=o\n\n"},
    {"1", "one"},
    {"1.MIME", "\n"},
    {"1.1", NULL},
    {"1.TEXT", NULL},
    {"1.HEADER", NULL},
    {"2", "two"},
    {"2.MIME", "Content-Type: application/octet-stream\n\n"},
    {"3.MIME", "Content-Type: message/rfc822\nX: 3\n\n"},
    {"3.HEADER", "Subject: third\nContent-Type: multipart/mixed; boundary=i\n\n"},
    {"3.TEXT", "--i\n\n3.1\n--i\nContent-Type: text/css\n\n3.2\n--i--"},
    {"3.1", "3.1"},
    {"3.2", "3.2"},
    {"3.2.MIME", "Content-Type: text/css\n\n"},
    {"3.3", NULL},
    {"4.1", "4.1"},
    {"4.1.MIME", "Content-Type: image/gif\n\n"},
    {"4.2", "Subject: fourth\n\n4.2 text"},
    {"4.2.MIME", "Content-Type: message/rfc822\nX: 4.2\n\n"},
    {"4.2.header", "Subject: fourth\n\n"},
    {"4.2.TEXT", "4.2 text"},
    {"4.2.1", "4.2 text"},
    {"4.2.1.MIME", "Subject: fourth\n\n"},
    {"4.2.1.1", NULL},
    {"4.HEADER", NULL},
    {"5", NULL},
    {"4294967297", NULL},
};

static char *get(const Mail *mail, const char *name)
{
    KxSection section;
    g_assert_true(kx_section_parse(name, strlen(name), &section));
    g_auto(KxSectionBytes) bytes = {0};
    if (!kx_section_get(mail->message, &section, NULL, 0, &bytes))
        return NULL;
    g_assert_null(bytes.owned);
    g_assert_cmpuint(bytes.offset + bytes.len, <=, mail->len);
    return g_strndup(mail->text + bytes.offset, bytes.len);
}

static void test_lookups(void)
{
    for (int crlf = 0; crlf < 2; crlf++) {
        g_auto(Mail) mail = mail_from(example, crlf);
        for (unsigned i = 0; i < G_N_ELEMENTS(lookups); i++) {
            g_autofree char *bytes = get(&mail, lookups[i].section);
            g_auto(GStrv) pieces = g_strsplit(bytes ? bytes : "", "\r", -1);
            g_autofree char *lf = bytes ? g_strjoinv("", pieces) : NULL;
            g_test_message("%s", lookups[i].section);
            g_assert_cmpstr(lf, ==, lookups[i].bytes);
        }
        g_autofree char *whole = get(&mail, "");
        g_assert_cmpstr(whole, ==, mail.text);
    }
}

/* A message without parts has one: itself. */
static void test_single(void)
{
    g_auto(Mail) mail = mail_from("Subject: x\n\nbody\n", TRUE);
    g_autofree char *one = get(&mail, "1");
    g_autofree char *mime = get(&mail, "1.MIME");
    g_autofree char *text = get(&mail, "TEXT");
    g_autofree char *two = get(&mail, "2");
    g_assert_cmpstr(one, ==, "body\r\n");
    g_assert_cmpstr(mime, ==, "Subject: x\r\n\r\n");
    g_assert_cmpstr(text, ==, "body\r\n");
    g_assert_null(two);
}

/* A message that is nothing but another message. */
static void test_message_as_root(void)
{
    g_auto(Mail) mail = mail_from("Content-Type: message/rfc822\n\nSubject: in\n\nbody", TRUE);
    g_autofree char *one = get(&mail, "1");
    g_autofree char *header = get(&mail, "1.HEADER");
    g_autofree char *inner = get(&mail, "1.1");
    g_assert_cmpstr(one, ==, "Subject: in\r\n\r\nbody");
    g_assert_cmpstr(header, ==, "Subject: in\r\n\r\n");
    g_assert_cmpstr(inner, ==, "body");
}

static void test_fields(void)
{
    static const char header[] =
        "Subject: a\r\n b\r\nFROM : c\r\njunk\r\nTo: d\r\nsubject: e\r\n\r\nTo: body";
    static const struct {
        const char *names[3];
        gboolean invert;
        const char *expected;
    } cases[] = {
        {{"SUBJECT"}, FALSE, "Subject: a\r\n b\r\nsubject: e\r\n\r\n"},
        {{"to", "from"}, FALSE, "FROM : c\r\nTo: d\r\n\r\n"},
        {{"Cc"}, FALSE, "\r\n"},
        {{"", "junk"}, FALSE, "\r\n"},
        {{"subject", "from"}, TRUE, "junk\r\nTo: d\r\n\r\n"},
    };
    g_autoptr(KxMimeMessage) message = kx_mime_parse(header, strlen(header));
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned n = 0;
        while (cases[i].names[n])
            n++;
        const char *name = cases[i].invert ? "HEADER.FIELDS.NOT" : "header.fields";
        KxSection section;
        g_assert_true(kx_section_parse(name, strlen(name), &section));
        g_auto(KxSectionBytes) bytes = {0};
        g_assert_true(kx_section_get(message, &section, cases[i].names, n, &bytes));
        assert_bytes(g_bytes_get_data(bytes.owned, NULL), bytes.len, cases[i].expected);
    }
}

static void test_fields_without_end(void)
{
    static const struct {
        const char *header, *expected;
    } cases[] = {
        {"Subject: x", "Subject: x"},
        {"Subject: x\r\n", "Subject: x\r\n"},
        {"To: y\r\n", ""},
        {"Subject: x\r\n\r\n", "Subject: x\r\n\r\n"},
        {"\r\n", "\r\n"},
        {"To: y\n\n", "\r\n"},
        {"", ""},
    };
    const char *names[] = {"Subject"};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        kx_section_append_fields(out, cases[i].header, strlen(cases[i].header), names, 1, FALSE);
        g_assert_cmpstr(out->str, ==, cases[i].expected);
    }
}

static void test_syntax(void)
{
    static const char *const bad[] = {
        "0",       "1.",           ".1",   "1..2",   "01", "MIME", "1.0.2",     "1TEXT",
        "HEADER.", "HEADER.FIELD", "1. 2", "TEXT.1", "-1", " ",    "1.HEADER ", "HEADERS"};
    KxSection section;
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(kx_section_parse(bad[i], strlen(bad[i]), &section));
    }
    GString *path = g_string_new("1");
    for (int i = 1; i < KX_SECTION_MAX_PATH; i++)
        g_string_append(path, ".2");
    g_assert_true(kx_section_parse(path->str, path->len, &section));
    g_assert_cmpuint(section.n_path, ==, KX_SECTION_MAX_PATH);
    g_string_append(path, ".3");
    g_assert_false(kx_section_parse(path->str, path->len, &section));
    g_string_free(path, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/section/lookups", test_lookups);
    g_test_add_func("/mime/section/single", test_single);
    g_test_add_func("/mime/section/message-as-root", test_message_as_root);
    g_test_add_func("/mime/section/fields", test_fields);
    g_test_add_func("/mime/section/fields-without-end", test_fields_without_end);
    g_test_add_func("/mime/section/syntax", test_syntax);
    return g_test_run();
}

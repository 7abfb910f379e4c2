/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of parts: RFC 2046 examples, broken messages, and how bombs are survived. */
#include "mime-test.h"
#include "mime/section.h"

/* One line a part: depth, type, and the body with line endings as "|". */
static char *describe(const KxMimeMessage *message)
{
    GString *out = g_string_new(NULL);
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part)) {
        g_string_append_printf(out, "%u %s/%s", part->depth, part->type, part->subtype);
        if (part->opaque)
            g_string_append(out, " opaque");
        if (part->kind == KX_MIME_LEAF) {
            g_string_append_printf(out, " %zu [", part->body_lines);
            for (size_t i = 0; i < part->body_len; i++) {
                char c = message->data[part->body_start + i];
                if (c != '\r')
                    g_string_append_c(out, c == '\n' ? '|' : c);
            }
            g_string_append_c(out, ']');
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

typedef struct Case {
    const char *name;
    const char *text;
    const char *expected;
} Case;

#define MULTI(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\n\n"

static const Case cases[] = {
    {"empty", "", "0 text/plain 0 []\n"},
    {"header-only", "Subject: x", "0 text/plain 0 []\n"},
    {"no-blank-line", "Subject: x\nthis is no header\nnor this\n", "0 text/plain 0 []\n"},
    {"body-only", "\nhello\n", "0 text/plain 1 [hello|]\n"},
    {"no-colon", "Subject x\nContent-Type: text/html\n\nhi", "0 text/html 0 [hi]\n"},
    {"folded-type", "Content-Type:\n text/html;\n\tcharset=utf-8\n\nhi\n", "0 text/html 1 [hi|]\n"},
    {"type-in-comment", "Content-Type: (a) text (b) / (c) html (d)\n\n", "0 text/html 0 []\n"},
    {"type-broken", "Content-Type: text\n\nx", "0 text/plain 0 [x]\n"},
    {"type-empty", "Content-Type:\n\nx", "0 text/plain 0 [x]\n"},
    {"type-first-counts", "Content-Type: text/html\nContent-Type: text/css\n\n",
     "0 text/html 0 []\n"},
    {"no-boundary", "Content-Type: multipart/mixed\n\n--\nx\n", "0 text/plain 2 [--|x|]\n"},
    {"boundary-empty", MULTI("\"\"") "--\nx\n", "0 text/plain 2 [--|x|]\n"},
    {"boundary-never-used", MULTI("b") "x\n", "0 multipart/mixed\n"},
    {"rfc2046-5.1.1", /* the example of that section */
     "From: Nathaniel Borenstein <nsb@bellcore.com>\nMIME-Version: 1.0\n"
     "Content-type: multipart/mixed; boundary=\"simple boundary\"\n\n"
     "This is the preamble.\n\n--simple boundary\n\n"
     "This is implicitly typed plain US-ASCII text.\nIt does NOT end with a linebreak.\n"
     "--simple boundary\nContent-type: text/plain; charset=us-ascii\n\n"
     "This is explicitly typed plain US-ASCII text.\nIt DOES end with a linebreak.\n\n"
     "--simple boundary--\n\nThis is the epilogue.\n",
     "0 multipart/mixed\n"
     "1 text/plain 1 [This is implicitly typed plain US-ASCII text.|It does NOT end with a "
     "linebreak.]\n"
     "1 text/plain 2 [This is explicitly typed plain US-ASCII text.|It DOES end with a "
     "linebreak.|]\n"},
    {"digest", /* RFC 2046 section 5.1.5 */
     "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: one\n\nfirst\n--d\n"
     "Content-Type: text/plain\n\nsecond\n--d--\n",
     "0 multipart/digest\n1 message/rfc822\n2 text/plain 0 [first]\n1 text/plain 0 [second]\n"},
    {"padding", MULTI("b") "--b \t\n\nx\n--b-- \n", "0 multipart/mixed\n1 text/plain 0 [x]\n"},
    {"boundary-in-preamble", MULTI("b") "x --b\n --b\n--c\n--b\n\nx\n--b--\n",
     "0 multipart/mixed\n1 text/plain 0 [x]\n"},
    {"boundary-in-epilogue", MULTI("b") "--b\n\nx\n--b--\n--b\n\ny\n",
     "0 multipart/mixed\n1 text/plain 0 [x]\n"},
    {"no-end", MULTI("b") "--b\n\nx\n--b\n\ny\n",
     "0 multipart/mixed\n1 text/plain 0 [x]\n1 text/plain 1 [y|]\n"},
    {"empty-parts", MULTI("b") "--b\n--b\n\n--b\n\n\n--b--",
     "0 multipart/mixed\n1 text/plain 0 []\n1 text/plain 0 []\n1 text/plain 0 []\n"},
    {"header-cut", MULTI("b") "--b\nContent-Type: text/html\n--b--\n",
     "0 multipart/mixed\n1 text/html 0 []\n"},
    {"outer-is-prefix-of-inner",
     MULTI("b") "--b\n" MULTI("bb") "--bb\n\nx\n--bb\n\ny\n--bb--\n--b\n\nz\n--b--\n",
     "0 multipart/mixed\n1 multipart/mixed\n2 text/plain 0 [x]\n2 text/plain 0 [y]\n"
     "1 text/plain 0 [z]\n"},
    {"inner-is-prefix-of-outer",
     MULTI("bb") "--bb\n" MULTI("b") "--b\n\nx\n--b--\n--bb\n\ny\n--bb--\n",
     "0 multipart/mixed\n1 multipart/mixed\n2 text/plain 0 [x]\n1 text/plain 0 [y]\n"},
    {"same-boundary", MULTI("b") "--b\n" MULTI("b") "--b\n\nx\n--b--\n--b\n\ny\n--b--\n",
     "0 multipart/mixed\n1 multipart/mixed\n2 text/plain 0 [x]\n1 text/plain 0 [y]\n"},
    {"inner-not-ended", MULTI("b") "--b\n" MULTI("c") "--c\n\nx\n--b\n\ny\n--b--\n",
     "0 multipart/mixed\n1 multipart/mixed\n2 text/plain 0 [x]\n1 text/plain 0 [y]\n"},
    {"message-in-multipart",
     MULTI("b") "--b\nContent-Type: message/rfc822\n\nSubject: in\n" MULTI(
         "c") "--c\n\nx\n--c--\n--b\nContent-Type: message/global\n\n\ny\n--b--\n",
     "0 multipart/mixed\n1 message/rfc822\n2 multipart/mixed\n3 text/plain 0 [x]\n"
     "1 message/global\n2 text/plain 0 [y]\n"},
    {"empty-message", MULTI("b") "--b\nContent-Type: message/rfc822\n\n--b--\n",
     "0 multipart/mixed\n1 message/rfc822\n2 text/plain 0 []\n"},
    {"cr-only", "Subject: x\rContent-Type: text/html\r\rbody\r", "0 text/plain 0 []\n"},
};

static void check_bounds(const KxMimeMessage *message)
{
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part)) {
        g_assert_cmpuint(part->header_start + part->header_len, ==, part->body_start);
        g_assert_cmpuint(part->body_start + part->body_len, <=, message->len);
        const KxMimePart *parent = part->parent;
        if (!parent)
            continue;
        g_assert_cmpuint(part->header_start, >=, parent->body_start);
        g_assert_cmpuint(part->body_start + part->body_len, <=,
                         parent->body_start + parent->body_len);
    }
}

/* The same tree whether lines end in CRLF or in LF. */
static void test_case(gconstpointer data)
{
    const Case *c = data;
    for (int crlf = 0; crlf < 2; crlf++) {
        g_auto(Mail) mail = mail_from(c->text, crlf);
        g_autofree char *tree = describe(mail.message);
        g_assert_cmpstr(tree, ==, c->expected);
        check_bounds(mail.message);
    }
}

static void test_offsets(void)
{
    g_auto(Mail) mail = mail_from(MULTI("b") "--b\nX: 1\n\nab\n--b--\n", TRUE);
    const KxMimePart *part = mail.message->root->first_child;
    g_assert_cmpuint(mail.message->root->header_len, ==, 45);
    g_assert_cmpuint(mail.message->root->body_start, ==, 45);
    g_assert_cmpuint(part->header_start, ==, 50);
    g_assert_cmpuint(part->header_len, ==, 8);
    g_assert_cmpuint(part->body_len, ==, 2);
}

static void test_fields(void)
{
    g_auto(Mail) mail = mail_from("Content-Type: IMAGE/Png; Name=\"a \\\"b\\\".png\"\n"
                                  "Content-Transfer-Encoding: BASE64 (yes)\n"
                                  "Content-ID: <x@y>\nContent-Description: some\n thing \n"
                                  "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n"
                                  "Content-Disposition: ATTACHMENT; filename=a.png\n"
                                  "Content-Language: en, de\nContent-Location: http://a\n /b\n\n",
                                  TRUE);
    const KxMimePart *part = mail.message->root;
    g_assert_true(kx_mime_part_is(part, "image", "png"));
    g_assert_cmpstr(kx_mime_param_get(&part->type_params, "name"), ==, "a \"b\".png");
    g_assert_cmpint(part->encoding, ==, KX_MIME_ENC_BASE64);
    g_assert_cmpstr(part->encoding_text, ==, "base64");
    g_assert_cmpstr(part->id, ==, "<x@y>");
    g_assert_cmpstr(part->description, ==, "some thing");
    g_assert_cmpstr(part->md5, ==, "Q2hlY2sgSW50ZWdyaXR5IQ==");
    g_assert_cmpstr(part->disposition, ==, "attachment");
    g_assert_cmpstr(kx_mime_param_get(&part->disposition_params, "filename"), ==, "a.png");
    g_assert_cmpstr(part->language, ==, "en, de");
    g_assert_cmpstr(part->location, ==, "http://a/b");
}

static void test_nul(void)
{
    static const char text[] = "Content-Type: te\0xt/html\r\n\r\na\0b\r\n";
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text, sizeof(text) - 1);
    g_assert_true(kx_mime_part_is(message->root, "text", "plain"));
    g_assert_cmpuint(message->root->body_len, ==, 5);
    g_autoptr(KxMimeMessage) nothing = kx_mime_parse(NULL, 0);
    g_assert_cmpuint(nothing->n_parts, ==, 1);
}

static void test_unknown_encoding(void)
{
    g_auto(Mail) mail = mail_from("Content-Transfer-Encoding: x-uuencode\n\n", TRUE);
    g_assert_cmpint(mail.message->root->encoding, ==, KX_MIME_ENC_UNKNOWN);
}

/* 10,000 multiparts within each other, each with its own boundary and never closed. */
static void test_deep(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 10000; i++)
        g_string_append_printf(text, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
                               i);
    gint64 start = g_get_monotonic_time();
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 500 * 1000);
    const KxMimePart *last = message->root;
    while (last->first_child)
        last = last->first_child;
    g_assert_cmpuint(last->depth, ==, KX_MIME_MAX_DEPTH);
    g_assert_true(last->opaque);
    check_bounds(message);
    g_string_free(text, TRUE);
}

static void test_deep_messages(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 10000; i++)
        g_string_append(text, "Content-Type: message/rfc822\n\n");
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_assert_cmpuint(message->n_parts, ==, KX_MIME_MAX_DEPTH + 1);
    g_string_free(text, TRUE);
}

/* Parts past the cap stay in the epilogue of their multipart, and the part after it is not lost. */
static void test_many_parts(void)
{
    GString *text = g_string_new(MULTI("b"));
    for (int i = 0; i < 30000; i++)
        g_string_append(text, "--b\n\nx\n");
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_assert_cmpuint(message->n_parts, ==, KX_MIME_MAX_PARTS);
    g_assert_cmpuint(message->root->n_children, ==, KX_MIME_MAX_PARTS - 1);
    g_assert_cmpuint(message->root->last_child->body_len, ==, 1);
    g_string_free(text, TRUE);
}

/* Many open boundaries of one length, alike but for the end, against lines that nearly match. */
static void test_near_misses(void)
{
    GString *text = g_string_new(NULL);
    g_autofree char *stem = g_strnfill(900, 'x');
    for (int i = 0; i < 99; i++)
        g_string_append_printf(text, "Content-Type: multipart/mixed; boundary=%s%03d\n\n--%s%03d\n",
                               stem, i, stem, i);
    g_string_append(text, "\n");
    for (int i = 0; i < 10000; i++)
        g_string_append_printf(text, "--%s999\n", stem);
    gint64 start = g_get_monotonic_time();
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 1000 * 1000);
    g_assert_cmpuint(message->n_parts, ==, 100);
    g_string_free(text, TRUE);
}

static void test_header_bomb(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 100000; i++)
        g_string_append_printf(text, "Content-X%d: y\nContent-Type: text/html; a%d=b\n", i, i);
    g_string_append(text, "Content-Disposition: attachment");
    for (int i = 0; i < 100000; i++)
        g_string_append_printf(text, "; filename*%d=x", i % 500);
    g_string_append(text, "\n\nbody");
    gint64 start = g_get_monotonic_time();
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 500 * 1000);
    g_assert_cmpuint(message->root->body_len, ==, 4);
    g_assert_cmpuint(message->root->type_params.n, ==, 1);
    g_string_free(text, TRUE);
}

/* What a message may make the server remember of its Content-* fields is bounded. */
static void test_field_budget(void)
{
    g_autofree char *long_id = g_strnfill(60000, 'i');
    GString *text = g_string_new(MULTI("b"));
    for (int i = 0; i < 100; i++)
        g_string_append_printf(text, "--b\nContent-ID: %s\n\nx\n", long_id);
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    size_t kept = 0;
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part))
        kept += part->id ? strlen(part->id) : 0;
    g_assert_cmpuint(kept, >, 0);
    g_assert_cmpuint(kept, <=, KX_MIME_MAX_FIELDS_TOTAL);
    g_assert_cmpuint(message->root->n_children, ==, 100);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/mime/part/tree/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/mime/part/offsets", test_offsets);
    g_test_add_func("/mime/part/fields", test_fields);
    g_test_add_func("/mime/part/nul", test_nul);
    g_test_add_func("/mime/part/unknown-encoding", test_unknown_encoding);
    g_test_add_func("/mime/part/deep", test_deep);
    g_test_add_func("/mime/part/deep-messages", test_deep_messages);
    g_test_add_func("/mime/part/many-parts", test_many_parts);
    g_test_add_func("/mime/part/near-misses", test_near_misses);
    g_test_add_func("/mime/part/header-bomb", test_header_bomb);
    g_test_add_func("/mime/part/field-budget", test_field_budget);
    return g_test_run();
}

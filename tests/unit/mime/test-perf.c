/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long the hot paths take; measured only with `-m perf`, and meaningful only in an optimised
 * build: meson test runs it without, where it checks that the sample messages are understood.
 */
#include "mime-test.h"
#include "mime/decode.h"
#include "mime/imap-envelope.h"

static char *make_headers(const char *type)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 4; i++)
        g_string_append_printf(
            text,
            "Received: from mail%d.example.com (mail%d.example.com [192.0.2.%d])\r\n"
            "\tby mx.example.org with ESMTPS id 4XyZ%d\r\n"
            "\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384);\r\n"
            "\tMon, 1 Jan 2024 10:00:0%d +0100\r\n",
            i, i, i, i, i);
    g_string_append_printf(
        text,
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x; h=from:to;\r\n"
        "\tbh=%064d;\r\n\tb=%0128d\r\n"
        "From: \"Winston Smith\" <wsmith@company.test>\r\n"
        "To: Julia <julia@company.test>, \"O'Brien, J\" <obrien@ministry.test>\r\n"
        "Cc: parsons@company.test\r\nSubject: =?utf-8?q?Caf=C3=A9?= tomorrow\r\n"
        "Date: Mon, 1 Jan 2024 10:00:00 +0100\r\n"
        "Message-ID: <abcdef.123456@company.test>\r\n"
        "In-Reply-To: <123@ministry.test>\r\nReferences: <1@a> <2@b> <3@c>\r\n"
        "MIME-Version: 1.0\r\n%s\r\n",
        1, 2, type);
    return g_string_free(text, FALSE);
}

static void append_lines(GString *text, size_t len)
{
    size_t end = text->len + len;
    while (text->len < end)
        g_string_append(
            text,
            "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhlIHF1aWNrIGJy\r\n");
}

static GString *make_plain(void)
{
    g_autofree char *headers = make_headers("Content-Type: text/plain; charset=utf-8\r\n");
    GString *text = g_string_new(headers);
    append_lines(text, 4096 - text->len);
    return text;
}

static GString *make_multipart(void)
{
    g_autofree char *headers =
        make_headers("Content-Type: multipart/mixed; boundary=\"=_outer\"\r\n");
    GString *text = g_string_new(headers);
    g_string_append(
        text, "--=_outer\r\nContent-Type: multipart/alternative; boundary=\"=_inner\"\r\n\r\n");
    g_string_append(text, "--=_inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    append_lines(text, 1500);
    g_string_append(text, "--=_inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n");
    append_lines(text, 3000);
    g_string_append(text,
                    "--=_inner--\r\n--=_outer\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n"
                    "Content-Disposition: attachment; filename=\"a.pdf\"\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n");
    append_lines(text, 3500);
    g_string_append(text, "--=_outer--\r\n");
    return text;
}

/* Parse, envelope and body structure: what a delivery does. */
static size_t handle(const GString *text, GString *out)
{
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    g_string_truncate(out, 0);
    kx_imap_append_envelope(out, text->str, message->root->header_len);
    kx_imap_append_bodystructure(out, message);
    return message->n_parts;
}

static void measure(const char *what, GString *text, unsigned parts)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_cmpuint(handle(text, out), ==, parts);
    if (g_test_perf()) {
        const int rounds = 20000;
        gint64 start = g_get_monotonic_time();
        for (int i = 0; i < rounds; i++)
            handle(text, out);
        double micros = (double)(g_get_monotonic_time() - start) / rounds;
        g_test_minimized_result(micros, "%s, %zu bytes: %.2f us", what, text->len, micros);
    }
    g_string_free(text, TRUE);
}

static void test_plain(void)
{
    measure("plain", make_plain(), 1);
}

static void test_multipart(void)
{
    measure("multipart", make_multipart(), 5);
}

static size_t decoded_size(const KxMimeMessage *message, const KxMimePart *part)
{
    KxMimeDecoder decoder;
    char piece[16384];
    size_t size = 0;
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    for (size_t n; (n = kx_mime_decoder_read(&decoder, piece, sizeof(piece))) > 0;)
        size += n;
    return size;
}

static void test_attachment(void)
{
    GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\n");
    append_lines(text, g_test_perf() ? 100 * 1000 * 1000 : 100 * 1000);
    g_string_append(text, "--b--\r\n");
    gint64 start = g_get_monotonic_time();
    g_autoptr(KxMimeMessage) message = kx_mime_parse(text->str, text->len);
    gint64 parsed = g_get_monotonic_time();
    size_t size = decoded_size(message, message->root->first_child);
    gint64 decoded = g_get_monotonic_time();
    g_assert_cmpuint(size, >, text->len / 4 * 3 - text->len / 20);
    if (g_test_perf()) {
        double parse_rate = (double)text->len / (double)MAX(parsed - start, 1);
        double decode_rate = (double)text->len / (double)MAX(decoded - parsed, 1);
        g_test_maximized_result(parse_rate, "parsing an attachment: %.0f MB/s", parse_rate);
        g_test_maximized_result(decode_rate, "decoding base64: %.0f MB/s", decode_rate);
    }
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/perf/plain", test_plain);
    g_test_add_func("/mime/perf/multipart", test_multipart);
    g_test_add_func("/mime/perf/attachment", test_attachment);
    return g_test_run();
}

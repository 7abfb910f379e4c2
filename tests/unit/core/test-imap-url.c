/* SPDX-License-Identifier: Apache-2.0 */
/* IMAP URLs (RFC 5092, RFC 4467). */
#include "core/imap-url.h"

#define TOKEN "91354a473744909de610943775f92038"

static KxImapUrl *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    KxImapUrl *url = kx_imap_url_parse(text, &error);
    g_assert_no_error(error);
    return url;
}

static void test_plain(void)
{
    g_autoptr(KxImapUrl) url = parse("imap://joe@example.com:143/INBOX;UIDVALIDITY=7/;UID=20");
    g_assert_cmpstr(url->user, ==, "joe");
    g_assert_cmpstr(url->host, ==, "example.com");
    g_assert_cmpstr(url->mailbox, ==, "INBOX");
    g_assert_cmpuint(url->uid_validity, ==, 7);
    g_assert_cmpuint(url->uid, ==, 20);
    g_assert_false(url->has_section || url->partial || url->expires);
    g_assert_cmpint(url->access, ==, KX_URL_ACCESS_NONE);
}

static void test_pieces(void)
{
    g_autoptr(KxImapUrl) url =
        parse("/Gr%C3%BC%C3%9Fe/a%20b/;uid=1/;section=2.HEADER.FIELDS%20(To%20Cc)/;partial=5.10");
    g_assert_cmpstr(url->mailbox, ==, "Gr\303\274\303\237e/a b");
    g_assert_null(url->host);
    g_assert_cmpint(url->section.kind, ==, KX_SECTION_HEADER_FIELDS);
    g_assert_cmpuint(url->section.path[0], ==, 2);
    g_assert_cmpstr(url->fields[0], ==, "To");
    g_assert_cmpstr(url->fields[1], ==, "Cc");
    g_assert_null(url->fields[2]);
    g_assert_true(url->partial && url->offset == 5 && url->count == 10);
    g_autoptr(KxImapUrl) relative = parse(";UID=3/;PARTIAL=4");
    g_assert_null(relative->mailbox);
    g_assert_true(relative->partial && relative->offset == 4 && relative->count == 0);
    g_autoptr(KxImapUrl) host = parse("imap://;AUTH=*@[::1]:993/a/;UID=1");
    g_assert_cmpstr(host->host, ==, "::1");
    g_assert_null(host->user);
}

static void test_authorisation(void)
{
    const char *text =
        "imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2030-01-02T03:04:05Z"
        ";urlauth=submit+fred%40x:internal:" TOKEN;
    g_autoptr(KxImapUrl) url = parse(text);
    g_assert_true(url->expires && url->expire == 1893553445);
    g_assert_cmpint(url->access, ==, KX_URL_ACCESS_SUBMIT);
    g_assert_cmpstr(url->access_user, ==, "fred@x");
    g_assert_cmpstr(url->mechanism, ==, "INTERNAL");
    g_assert_cmpstr(url->token, ==, TOKEN);
    g_assert_cmpstr(text + url->rump_len, ==, ":internal:" TOKEN);
    g_autoptr(KxImapUrl) rump = parse("imap://joe@x/INBOX/;uid=20;URLAUTH=anonymous");
    g_assert_cmpint(rump->access, ==, KX_URL_ACCESS_ANONYMOUS);
    g_assert_null(rump->mechanism);
}

static void test_refused(void)
{
    static const char *const BAD[] = {
        "",
        "imap://",
        "imap://h",
        "imap://h/",
        "imap://h/INBOX",
        "imap://h/INBOX/",
        "/;UID=1",
        "http://h/INBOX/;UID=1",
        "/INBOX/;UID=",
        "/INBOX/;UID=0",
        "/INBOX/;UID=4294967296",
        "/INBOX;UID=1",
        "/INBOX/;UID=1x",
        "/INBOX/;UID=1/",
        "/a%00b/;UID=1",
        "/a%zzb/;UID=1",
        "/a%FFb/;UID=1",
        "/a b/;UID=1",
        "/INBOX;UIDVALIDITY=0/;UID=1",
        "INBOX/;UID=1",
        "/INBOX/;UID=1/;SECTION=",
        "/INBOX/;UID=1/;SECTION=HEADER.FIELDS",
        "/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20()",
        "/INBOX/;UID=1/;SECTION=1.0",
        "/INBOX/;UID=1/;PARTIAL=",
        "/INBOX/;UID=1/;PARTIAL=1.0",
        "/INBOX/;UID=1/;PARTIAL=1.",
        "/INBOX/;UID=1;EXPIRE=2030-01-02T03:04:05Z",
        "/INBOX/;UID=1;URLAUTH=",
        "/INBOX/;UID=1;URLAUTH=x",
        "/INBOX/;UID=1;URLAUTH=user+",
        "/INBOX/;UID=1;EXPIRE=now;URLAUTH=authuser",
        "/INBOX/;UID=1;URLAUTH=authuser:internal",
        "/INBOX/;UID=1;URLAUTH=authuser:internal:00",
        "/INBOX/;UID=1;URLAUTH=authuser:internal:" TOKEN "x",
        "imap://a@b@c/INBOX/;UID=1",
        "imap://h:70000/INBOX/;UID=1",
        "imap://[::1/INBOX/;UID=1",
    };
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(KxImapUrl) url = kx_imap_url_parse(BAD[i], &error);
        if (url)
            g_error("taken: %s", BAD[i]);
        g_assert_nonnull(error);
    }
    g_autofree char *large = g_strnfill(KX_IMAP_URL_MAX, 'a');
    g_autofree char *text = g_strdup_printf("/%s/;UID=1", large);
    g_assert_null(kx_imap_url_parse(text, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap-url/plain", test_plain);
    g_test_add_func("/imap-url/pieces", test_pieces);
    g_test_add_func("/imap-url/authorisation", test_authorisation);
    g_test_add_func("/imap-url/refused", test_refused);
    return g_test_run();
}

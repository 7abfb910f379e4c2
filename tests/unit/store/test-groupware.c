/* SPDX-License-Identifier: Apache-2.0 */
/* Items of groupware folders: what is one, and how a bare one becomes a message. */
#include "store-test.h"
#include "store/groupware.h"

#define HEAD "MIME-Version: 1.0\r\nContent-Type: "

static gboolean accepts(KxFolderType type, const char *content_type)
{
    g_autofree char *text = g_strconcat(HEAD, content_type, "\r\n\r\nBEGIN\r\n", NULL);
    return kx_groupware_accepts(type, text, strlen(text));
}

static void test_accepts(void)
{
    g_assert_true(accepts(KX_TYPE_MAIL, "text/plain"));
    g_assert_true(accepts(KX_TYPE_NOTES, "text/plain"));
    for (guint type = KX_TYPE_CALENDAR; type <= KX_TYPE_TASKS; type++)
        g_assert_false(accepts(type, "text/plain"));
    g_assert_true(accepts(KX_TYPE_CALENDAR, "text/calendar; method=REQUEST"));
    g_assert_true(accepts(KX_TYPE_TASKS, "TEXT/X-vCalendar"));
    g_assert_true(accepts(KX_TYPE_CONTACTS, "text/x-vcard"));
    g_assert_true(accepts(KX_TYPE_CONTACTS, "text/vcard"));
    g_assert_false(accepts(KX_TYPE_CONTACTS, "text/calendar"));
    g_assert_false(accepts(KX_TYPE_CALENDAR, "text/vcard"));
    g_assert_false(accepts(KX_TYPE_CALENDAR, "application/calendar"));
    g_assert_true(accepts(KX_TYPE_CALENDAR, "multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                                            "Content-Type: text/plain\r\n\r\nx\r\n--b\r\n"
                                            "Content-Type: text/calendar\r\n\r\nx\r\n--b--"));
    g_assert_false(kx_groupware_accepts(KX_TYPE_CALENDAR, "", 0));
}

static void test_bare_names(void)
{
    g_assert_true(kx_groupware_is_bare(KX_TYPE_CALENDAR, "party.ics"));
    g_assert_true(kx_groupware_is_bare(KX_TYPE_TASKS, "x.ICS"));
    g_assert_true(kx_groupware_is_bare(KX_TYPE_CONTACTS, "smith.vcf"));
    g_assert_false(kx_groupware_is_bare(KX_TYPE_CALENDAR, "smith.vcf"));
    g_assert_false(kx_groupware_is_bare(KX_TYPE_CALENDAR, ".ics"));
    g_assert_false(kx_groupware_is_bare(KX_TYPE_CALENDAR, ".hidden.ics"));
    g_assert_false(kx_groupware_is_bare(KX_TYPE_CALENDAR, "ics"));
    g_assert_false(kx_groupware_is_bare(KX_TYPE_MAIL, "party.ics"));
    g_assert_false(kx_groupware_is_bare(KX_TYPE_NOTES, "party.ics"));
}

static void assert_wrapped(KxFolderType type, const char *item, const char *subject)
{
    g_autofree char *line = g_strdup_printf("\r\nSubject: %s\r\nDate: ", subject);
    GString *message = kx_groupware_wrap(type, "a@company.test", 1700000000, item, strlen(item));
    g_assert_nonnull(strstr(message->str, line));
    g_assert_nonnull(strstr(message->str, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    g_assert_true(kx_groupware_accepts(type, message->str, message->len));
    const char *body = strstr(message->str, "\r\n\r\n") + 4;
    gsize len;
    g_autofree guchar *decoded = g_base64_decode(body, &len);
    g_assert_cmpuint(len, ==, strlen(item));
    g_assert_true(memcmp(decoded, item, len) == 0);
    g_string_free(message, TRUE);
}

static void test_wrap(void)
{
    assert_wrapped(KX_TYPE_CALENDAR, "BEGIN:VCALENDAR\r\nSUMMARY:Lunch\\, then work\r\n",
                   "Lunch, then work");
    assert_wrapped(KX_TYPE_CALENDAR, "summary;language=en:Lunch\n", "Lunch");
    assert_wrapped(KX_TYPE_CALENDAR, "X-SUMMARY:no\r\n", "Event");
    assert_wrapped(KX_TYPE_TASKS, "", "Task");
    assert_wrapped(KX_TYPE_CONTACTS, "BEGIN:VCARD\r\nFN:Smith\r\n", "Smith");
    assert_wrapped(KX_TYPE_CONTACTS, "FN:J\xc3\xbcrgen\r\n", "=?UTF-8?B?SsO8cmdlbg==?=");
    assert_wrapped(KX_TYPE_CONTACTS, "FN:=?x\r\n", "=?UTF-8?B?PT94?=");
    /* nothing of the item can become another field */
    assert_wrapped(KX_TYPE_CALENDAR, "SUMMARY:a\\nBcc: b\r\n", "a Bcc: b");
    assert_wrapped(KX_TYPE_CALENDAR, "SUMMARY:a\rBcc: b\n", "a Bcc: b");
}

static void test_long_titles(void)
{
    GString *item = g_string_new("SUMMARY:");
    for (guint i = 0; i < 1000; i++)
        g_string_append(item, "\xe6\x97\xa5");
    GString *message =
        kx_groupware_wrap(KX_TYPE_CALENDAR, "a@company.test", 0, item->str, item->len);
    g_auto(GStrv) lines = g_strsplit(message->str, "\r\n", -1);
    for (guint i = 0; lines[i]; i++)
        g_assert_cmpuint(strlen(lines[i]), <=, 78);
    g_assert_true(kx_groupware_accepts(KX_TYPE_CALENDAR, message->str, message->len));
    g_string_free(message, TRUE);
    g_string_free(item, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/groupware/accepts", test_accepts);
    g_test_add_func("/store/groupware/bare-names", test_bare_names);
    g_test_add_func("/store/groupware/wrap", test_wrap);
    g_test_add_func("/store/groupware/long-titles", test_long_titles);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of RFC 5322 and of IMAP. */
#include <glib.h>
#include "mime/date.h"

static const struct {
    const char *text;
    gint64 seconds; /* -1: refused */
    int offset;
} mail_dates[] = {
    {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360},
    {"21 Nov 97 09:55:06 GMT", 880106106, 0},
    {"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
     "               -0330 (Newfoundland Time)",
     -27723480, -210},
    {"Mon, 1 Jan 2024 00:00:00 +0000", 1704067200, 0},
    {"1 jan 24 00:00 EST", 1704085200, -300},
    {"1 Jan 2024 00:00:00 PDT", 1704092400, -420},
    {"1 Jan 2024 00:00:00 Z", 1704067200, 0},
    {"1 Jan 2024 00:00:00 A", 1704067200, 0},
    {"1 Jan 2024 00:00:00 XYZT", 1704067200, 0},
    {"1 Jan 2024 00:00:00", 1704067200, 0},
    {"1 Jan 2024", 1704067200, 0},
    {"Monday, 01-Jan-24 00:00:00 GMT", 1704067200, 0},
    {"(c) Mon (c), (c) 1 (c) Jan (c) 2024 (c) 00 (c) : (c) 00 (c) : 00 +0100 junk", 1704063600, 60},
    {"1 January 124 00:00:00 +0000", 1704067200, 0},
    {"29 Feb 2024 12:00:00 +0000", 1709208000, 0},
    {"31 Dec 2016 23:59:60 +0000", 1483228800, 0},
    {"1 Jan 2024 00:00:00 +9999", 1704067200, 0},
    {"1 Jan 9999 00:00:00 +0000", G_GINT64_CONSTANT(253370764800), 0},
    {"1 Jan 0001 00:00:00 +0000", G_GINT64_CONSTANT(-62135596800), 0},
    {"29 Feb 2023 12:00:00 +0000", -1, 0},
    {"32 Jan 2024 00:00:00 +0000", -1, 0},
    {"0 Jan 2024 00:00:00 +0000", -1, 0},
    {"1 Foo 2024 00:00:00 +0000", -1, 0},
    {"1 Jan 2024 24:00:00 +0000", -1, 0},
    {"1 Jan 2024 00:60:00 +0000", -1, 0},
    {"1 Jan 2024 junk", -1, 0},
    {"1 Jan 20245 00:00:00 +0000", -1, 0},
    {"1 Jan 0000 00:00:00 +0000", -1, 0},
    {"Mon,", -1, 0},
    {"", -1, 0},
};

static void test_rfc5322(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(mail_dates); i++) {
        KxDate date;
        gboolean ok = kx_date_parse_rfc5322(mail_dates[i].text, strlen(mail_dates[i].text), &date);
        g_test_message("%s", mail_dates[i].text);
        g_assert_cmpint(ok, ==, mail_dates[i].seconds != -1);
        if (!ok)
            continue;
        g_assert_cmpint(date.unix_seconds, ==, mail_dates[i].seconds);
        g_assert_cmpint(date.offset_minutes, ==, mail_dates[i].offset);
    }
}

static void test_imap_datetime(void)
{
    static const struct {
        const char *text;
        gint64 seconds;
        int offset;
    } good[] = {
        {" 1-Jan-2024 00:00:00 +0000", 1704067200, 0},
        {"17-Jul-1996 02:44:25 -0700", 837596665, -420},
        {"31-Dec-1969 23:59:58 +0000", -2, 0},
        {"29-Feb-2000 12:34:56 +0530", 951807896, 330},
        {" 1-Jan-0001 00:00:00 +0000", G_GINT64_CONSTANT(-62135596800), 0},
        {"31-Dec-9999 23:59:59 +0000", G_GINT64_CONSTANT(253402300799), 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        KxDate date;
        char text[KX_IMAP_DATETIME_SIZE];
        g_assert_true(kx_date_parse_imap_datetime(good[i].text, strlen(good[i].text), &date));
        g_assert_cmpint(date.unix_seconds, ==, good[i].seconds);
        g_assert_cmpint(date.offset_minutes, ==, good[i].offset);
        kx_date_format_imap_datetime(&date, text);
        g_assert_cmpstr(text, ==, good[i].text);
    }
    static const char *const bad[] = {
        "1-Jan-2024 00:00:00 +0000",  "01-Jan-2024 00:00:00 +000",  "01-Jan-2024 00:00:00 00000",
        "01 Jan 2024 00:00:00 +0000", "30-Feb-2024 00:00:00 +0000", "01-Jan-2024 25:00:00 +0000",
        "01-Jan-2024 00:00:00 +0060", "  -Jan-2024 00:00:00 +0000", "01-Jan-2024 00:00:00 +00000",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        KxDate date;
        g_assert_false(kx_date_parse_imap_datetime(bad[i], strlen(bad[i]), &date));
    }
}

static void test_imap_date(void)
{
    gint64 day;
    g_assert_true(kx_date_parse_imap_date("1-Jan-2024", 10, &day));
    g_assert_cmpint(day, ==, 19723);
    g_assert_true(kx_date_parse_imap_date("01-jan-1970", 11, &day));
    g_assert_cmpint(day, ==, 0);
    static const char *const bad[] = {"1-Jan-24", "31-Apr-2024", "1 Jan 2024", "001-Jan-2024",
                                      "-Jan-2024x"};
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(kx_date_parse_imap_date(bad[i], strlen(bad[i]), &day));
}

static void test_local_day(void)
{
    KxDate late = {.unix_seconds = 1704067200 + 3600, .offset_minutes = -120};
    g_assert_cmpint(kx_date_local_day(&late), ==, 19722);
    KxDate before = {.unix_seconds = -1, .offset_minutes = 0};
    g_assert_cmpint(kx_date_local_day(&before), ==, -1);
    KxDate huge = {.unix_seconds = G_MAXINT64, .offset_minutes = G_MAXINT};
    char text[KX_IMAP_DATETIME_SIZE];
    kx_date_format_imap_datetime(&huge, text);
    g_assert_cmpstr(text, ==, "31-Dec-9999 23:59:59 +2359");
}

/* Every day of four centuries comes back as it was. */
static void test_calendar(void)
{
    for (gint64 day = -135140; day < 10957 * 3; day++) {
        KxDate date = {.unix_seconds = day * 86400}, again;
        char text[KX_IMAP_DATETIME_SIZE];
        kx_date_format_imap_datetime(&date, text);
        g_assert_true(kx_date_parse_imap_datetime(text, strlen(text), &again));
        g_assert_cmpint(again.unix_seconds, ==, date.unix_seconds);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/date/rfc5322", test_rfc5322);
    g_test_add_func("/mime/date/imap-datetime", test_imap_datetime);
    g_test_add_func("/mime/date/imap-date", test_imap_date);
    g_test_add_func("/mime/date/local-day", test_local_day);
    g_test_add_func("/mime/date/calendar", test_calendar);
    return g_test_run();
}

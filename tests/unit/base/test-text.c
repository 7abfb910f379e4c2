/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

static void set_zone(const char *zone)
{
    g_setenv("TZ", zone, TRUE);
    tzset();
}

static void test_times(void)
{
    char stamp[21];
    set_zone("UTC");
    kx_format_log_time(1795324739, stamp);
    g_assert_cmpstr(stamp, ==, "22/Nov/2026 05:18:59");
    kx_format_log_time(0, stamp);
    g_assert_cmpstr(stamp, ==, "01/Jan/1970 00:00:00");
    static const struct {
        const char *zone, *date;
    } cases[] = {
        {"UTC", "Sun, 22 Nov 2026 05:18:59 +0000"},
        {"CET-1", "Sun, 22 Nov 2026 06:18:59 +0100"},
        {"NST3:30", "Sun, 22 Nov 2026 01:48:59 -0330"},
        {"IST-5:45", "Sun, 22 Nov 2026 11:03:59 +0545"},
        {"XXX0:30", "Sun, 22 Nov 2026 04:48:59 -0030"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        set_zone(cases[i].zone);
        g_autofree char *date = kx_format_rfc5322_date(1795324739);
        g_assert_cmpstr(date, ==, cases[i].date);
    }
    set_zone("UTC");
}

static void test_escape(void)
{
    static const struct {
        const char *text;
        gssize len;
        size_t max;
        const char *escaped;
    } cases[] = {
        {"plain", -1, 100, "plain"},
        {"a\r\nb", -1, 100, "a\\x0D\\x0Ab"},
        {"a\0b", 3, 100, "a\\x00b"},
        {"\x7f\x1b[31m", -1, 100, "\\x7F\\x1B[31m"},
        {"J\xC3\xB6rg", -1, 100, "J\xC3\xB6rg"},
        {"J\xF6rg", -1, 100, "J\\xF6rg"},
        {"\xC2\x85", -1, 100, "\\xC2\\x85"},          /* NEL */
        {"\xE2\x80\xA8", -1, 100, "\\xE2\\x80\\xA8"}, /* LINE SEPARATOR */
        {"\xED\xA0\x80", -1, 100, "\\xED\\xA0\\x80"}, /* a surrogate */
        {"abcdef", -1, 3, "abc..."},
        {"ab\xC3\xB6", -1, 3, "ab\\xC3..."},
        {"", -1, 0, ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = kx_escape_for_log(cases[i].text, cases[i].len, cases[i].max);
        g_assert_cmpstr(got, ==, cases[i].escaped);
    }
}

/* Whatever comes in, one line of valid UTF-8 goes out. */
static void test_escape_random(void)
{
    for (int i = 0; i < 20000; i++) {
        char bytes[40];
        for (size_t n = 0; n < sizeof bytes; n++)
            bytes[n] = (char)g_test_rand_int_range(0, 256);
        g_autofree char *got = kx_escape_for_log(bytes, sizeof bytes, 30);
        g_assert_true(g_utf8_validate(got, -1, NULL));
        g_assert_null(strpbrk(got, "\r\n\t\x1b\x7f"));
    }
}

static void test_uint(void)
{
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "0x1", "1.0", "256", "18446744073709551616", "1a"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        guint64 value = 77;
        g_assert_false(kx_parse_uint(bad[i], 255, &value));
        g_assert_cmpuint(value, ==, 77);
    }
    guint64 value;
    g_assert_true(kx_parse_uint("255", 255, &value));
    g_assert_cmpuint(value, ==, 255);
    g_assert_true(kx_parse_uint("007", 255, &value));
    g_assert_cmpuint(value, ==, 7);
    g_assert_true(kx_parse_uint("18446744073709551615", G_MAXUINT64, &value));
    g_assert_cmpuint(value, ==, G_MAXUINT64);
}

static void test_equal(void)
{
    g_assert_true(kx_ascii_equal("dOnE!", 4, "DONE"));
    g_assert_false(kx_ascii_equal("DON", 3, "DONE"));
    g_assert_false(kx_ascii_equal("DONEX", 5, "DONE"));
    g_assert_false(kx_ascii_equal("DON\xC5", 4, "DONe"));
}

static void test_host_port(void)
{
    static const struct {
        const char *text, *host, *port;
    } rows[] = {{"ldap.company.test", "ldap.company.test", NULL},
                {"ldap.company.test:636", "ldap.company.test", "636"},
                {"192.0.2.1:", "192.0.2.1", ""},
                {"2001:db8::1", "2001:db8::1", NULL},
                {"[2001:db8::1]", "2001:db8::1", NULL},
                {"[2001:db8::1]:636", "2001:db8::1", "636"},
                {":636", "", "636"},
                {"[2001:db8::1", NULL, NULL},
                {"[2001:db8::1]636", NULL, NULL}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *port;
        g_autofree char *host = kx_split_host_port(rows[i].text, &port);
        g_assert_cmpstr(host, ==, rows[i].host);
        g_assert_cmpstr(port, ==, rows[i].port);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/text/times", test_times);
    g_test_add_func("/base/text/escape", test_escape);
    g_test_add_func("/base/text/escape-random", test_escape_random);
    g_test_add_func("/base/text/uint", test_uint);
    g_test_add_func("/base/text/equal", test_equal);
    g_test_add_func("/base/text/host-port", test_host_port);
    return g_test_run();
}

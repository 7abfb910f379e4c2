/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves for syslog servers and the journal, byte for byte. */
#include "log-test.h"

#include "log/syslog-format.h"

static const KxSyslogOrigin ORIGIN = {.hostname = "mail.company.test", .pid = 812};

static char *render(KxSyslogFormat format, KxSyslogTransport transport,
                    const KxSyslogOrigin *origin, const char *text)
{
    KxLogConfig config;
    kx_log_config_defaults(KX_LOG_MAIL, &config);
    config.syslog_format = format;
    config.syslog_transport = transport;
    KxLogRecord record = {.log = KX_LOG_MAIL,
                          .time_us = (gint64)TEST_TIME * G_USEC_PER_SEC + 3000,
                          .text = text,
                          .config = &config};
    GString *out = g_string_new(NULL);
    kx_syslog_render(&record, origin, out);
    return g_string_free(out, FALSE);
}

/* covers: LOG-18 */
static void test_rfc3164(void)
{
    g_autofree char *udp = render(KX_SYSLOG_RFC3164, KX_SYSLOG_UDP, &ORIGIN, "Recv: x");
    g_assert_cmpstr(udp, ==, "<22>Nov 30 17:57:14 mail keryx/mail[812]: Recv: x");
    g_autofree char *tcp = render(KX_SYSLOG_RFC3164, KX_SYSLOG_TCP, &ORIGIN, "Recv: x");
    g_assert_cmpstr(tcp, ==, "49 <22>Nov 30 17:57:14 mail keryx/mail[812]: Recv: x");
    KxSyslogOrigin address = {.hostname = "192.0.2.1", .pid = 1};
    g_autofree char *ip = render(KX_SYSLOG_RFC3164, KX_SYSLOG_UDP, &address, "x");
    g_assert_cmpstr(ip, ==, "<22>Nov 30 17:57:14 192.0.2.1 keryx/mail[1]: x");
}

static void test_rfc3164_long(void)
{
    g_autoptr(GString) text = g_string_new("a");
    while (text->len < 4000)
        g_string_append(text, "\xE2\x82\xAC");
    g_autofree char *udp = render(KX_SYSLOG_RFC3164, KX_SYSLOG_UDP, &ORIGIN, text->str);
    g_assert_cmpuint(strlen(udp), <=, 1024);
    g_assert_cmpuint(strlen(udp), >, 1020);
    g_assert_true(g_utf8_validate(udp, -1, NULL));
    g_assert_true(g_str_has_suffix(udp, "\xE2\x82\xAC..."));
}

#define STRUCTURED "[origin software=\"keryx\" swVersion=\"" KX_VERSION "\"]"

/* covers: LOG-18 */
static void test_rfc5424(void)
{
    g_autofree char *udp = render(KX_SYSLOG_RFC5424, KX_SYSLOG_UDP, &ORIGIN, "Recv: x");
    const char *expected =
        "<22>1 2005-11-30T17:57:14.003000+01:00 mail.company.test keryx 812 mail " STRUCTURED
        " Recv: x";
    g_assert_cmpstr(udp, ==, expected);
    g_autofree char *framed = g_strdup_printf("%zu %s", strlen(expected), expected);
    g_autofree char *tls = render(KX_SYSLOG_RFC5424, KX_SYSLOG_TLS, &ORIGIN, "Recv: x");
    g_assert_cmpstr(tls, ==, framed);
}

static void test_rfc5424_utf8_and_name(void)
{
    KxSyslogOrigin nameless = {.hostname = " \n", .pid = 812};
    g_autofree char *udp = render(KX_SYSLOG_RFC5424, KX_SYSLOG_UDP, &nameless, "\xC5\x99");
    g_assert_cmpstr(udp, ==,
                    "<22>1 2005-11-30T17:57:14.003000+01:00 - keryx 812 mail " STRUCTURED
                    " \xEF\xBB\xBF\xC5\x99");
}

static GString *render_journal(const char *text)
{
    KxLogConfig config;
    kx_log_config_defaults(KX_LOG_SECURITY, &config);
    config.facility = 4;
    config.severity = 3;
    KxLogRecord record = {.log = KX_LOG_SECURITY,
                          .time_us = (gint64)TEST_TIME * G_USEC_PER_SEC,
                          .text = text,
                          .config = &config};
    GString *out = g_string_new(NULL);
    kx_journald_render(&record, &ORIGIN, out);
    return out;
}

#define JOURNAL_HEAD                                                                               \
    "PRIORITY=3\nSYSLOG_FACILITY=4\nSYSLOG_IDENTIFIER=keryx\nSYSLOG_PID=812\n"                     \
    "KERYX_LOG=security\nKERYX_TIME=2005-11-30T17:57:14.000000+01:00\n"

/* covers: LOG-18 */
static void test_journal(void)
{
    g_autoptr(GString) plain = render_journal("Failed IMAP login");
    g_assert_cmpstr(plain->str, ==, JOURNAL_HEAD "MESSAGE=Failed IMAP login\n");
    g_autoptr(GString) lines = render_journal("a\nPRIORITY=0");
    static const char EXPECTED[] = JOURNAL_HEAD "MESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n";
    g_assert_cmpmem(lines->str, (int)lines->len, EXPECTED, sizeof EXPECTED - 1);
}

int main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/log/syslog/rfc3164", test_rfc3164);
    g_test_add_func("/log/syslog/rfc3164-long", test_rfc3164_long);
    g_test_add_func("/log/syslog/rfc5424", test_rfc5424);
    g_test_add_func("/log/syslog/rfc5424-utf8-and-name", test_rfc5424_utf8_and_name);
    g_test_add_func("/log/syslog/journal", test_journal);
    return g_test_run();
}

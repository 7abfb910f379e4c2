/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, checking and writing back of single values; the table itself; the manual. */
#include "base/error.h"
#include "settings/checks.h"
#include "settings/manual.h"
#include "settings/settings.h"

static void assert_refused(const char *name, const char *value, const char *message)
{
    KxSettingId id;
    g_autoptr(GError) error = NULL;
    g_assert_true(kx_setting_find(name, &id));
    g_assert_false(kx_setting_check(id, value, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpstr(error->message, ==, message);
}

static void assert_becomes(const char *name, const char *value, const char *canonical)
{
    KxSettingId id;
    g_autoptr(GError) error = NULL;
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    g_assert_true(kx_setting_find(name, &id));
    KxSettingChange change = {id, value};
    g_autoptr(KxSettings) changed = kx_settings_with(defaults, &change, 1, &error);
    g_assert_no_error(error);
    g_autofree char *text = kx_settings_format(changed, id);
    g_assert_cmpstr(text, ==, canonical);
}

static void test_messages(void)
{
    assert_refused("smtp.max-recipients", "0",
                   "smtp.max-recipients: 0 is below the smallest allowed value, 1");
    assert_refused("smtp.max-recipients", "-7",
                   "smtp.max-recipients: -7 is below the smallest allowed value, 1");
    assert_refused("smtp.max-recipients", "100001",
                   "smtp.max-recipients: 100001 is above the largest allowed value, 100000");
    assert_refused(
        "smtp.max-recipients", "99999999999999999999999",
        "smtp.max-recipients: 99999999999999999999999 is above the largest allowed value, "
        "100000");
    assert_refused("smtp.max-recipients", "many",
                   "smtp.max-recipients: 'many' is not a whole number");
    assert_refused("smtp.max-recipients", "5K", "smtp.max-recipients: '5K' is not a whole number");
    assert_refused("smtp.max-recipients", "", "smtp.max-recipients: '' is not a whole number");
    assert_refused("smtp.max-size", "5G",
                   "smtp.max-size: 5G is above the largest allowed value, 4G");
    assert_refused("smtp.max-size", "9223372036854775807G",
                   "smtp.max-size: 9223372036854775807G is above the largest allowed value, 4G");
    assert_refused("smtp.timeout", "9s",
                   "smtp.timeout: 9s is below the smallest allowed value, 10s");
    assert_refused(
        "smtp.timeout", "5mm",
        "smtp.timeout: '5mm' is not a duration (a number of seconds, or with s, m, h or d, "
        "like 5m)");
    assert_refused("smtp.relay-authenticated", "maybe",
                   "smtp.relay-authenticated: 'maybe' is neither yes nor no");
    assert_refused("log.mail.rotate", "daily",
                   "log.mail.rotate: 'daily' is not one of: never, hour, day, week, month");
    assert_refused("server.hostname", "", "server.hostname: may not be empty");
    assert_refused("server.hostname", "a\nb",
                   "server.hostname: the value must be UTF-8 text without control characters");
    assert_refused("server.hostname", "\xff",
                   "server.hostname: the value must be UTF-8 text without control characters");
    assert_refused("service.smtp.listen", "*:25,,*:26",
                   "service.smtp.listen: the list has an empty entry");
    assert_refused("service.smtp.listen", " ", "service.smtp.listen: the list needs at least 1");
    assert_refused(
        "service.smtp.listen", "*:25,nowhere:25",
        "service.smtp.listen: 'nowhere:25': nowhere is neither *, an IPv4 address nor an "
        "IPv6 address in brackets");
}

static void test_canonical(void)
{
    assert_becomes("smtp.max-size", "26214400", "25M");
    assert_becomes("smtp.max-size", "1536k", "1536K");
    assert_becomes("smtp.max-size", "1025", "1025");
    assert_becomes("smtp.max-size", "0M", "0");
    assert_becomes("smtp.timeout", "300", "5m");
    assert_becomes("smtp.timeout", "3600S", "1h");
    assert_becomes("smtp.timeout", "61", "61s");
    assert_becomes("imap.idle-timeout", "1d", "1d");
    assert_becomes("smtp.relay-authenticated", "OFF", "no");
    assert_becomes("smtp.relay-authenticated", "1", "yes");
    assert_becomes("log.mail.rotate", "Day", "day");
    assert_becomes("service.smtp.listen", " *:25 , [::1]:2525", "*:25,[::1]:2525");
    assert_becomes("log.debug", "IMAP-Server,tls", "imap-server,tls");
    assert_becomes("log.debug", "", "");
}

static void test_caps(void)
{
    g_autofree char *huge = g_strnfill(70000, 'x');
    assert_refused("server.hostname", huge,
                   "server.hostname: the value is longer than 65536 bytes");
    g_autofree char *longish = g_strnfill(101, 'x');
    assert_refused("smtp.relay-group", longish,
                   "smtp.relay-group: 101 bytes are above the longest allowed text, 100");
    g_autoptr(GString) many = g_string_new("*:1");
    for (guint i = 0; i < 100; i++)
        g_string_append(many, ",*:1");
    assert_refused("service.smtp.listen", many->str,
                   "service.smtp.listen: at most 100 entries are allowed");
}

typedef gboolean (*Check)(const char *, GError **);

static void assert_check(Check check, const char *value, gboolean good)
{
    g_autoptr(GError) error = NULL;
    g_test_message("%s", value);
    g_assert_cmpint(check(value, &error), ==, good);
    if (!good)
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
}

static void test_checks(void)
{
    g_autofree char *label64 = g_strnfill(64, 'a');
    assert_check(kx_check_hostname, "mail.company.com", TRUE);
    assert_check(kx_check_hostname, "localhost", TRUE);
    assert_check(kx_check_hostname, "xn--bcher-kva.example", TRUE);
    assert_check(kx_check_hostname, label64, FALSE);
    assert_check(kx_check_hostname, "mail..com", FALSE);
    assert_check(kx_check_hostname, "-mail.com", FALSE);
    assert_check(kx_check_hostname, "mail-.com", FALSE);
    assert_check(kx_check_hostname, "mail.com.", FALSE);
    assert_check(kx_check_hostname, "ma_il.com", FALSE);
    assert_check(kx_check_hostname, "1.2.3.4", FALSE);
    assert_check(kx_check_host_or_empty, "", TRUE);
    assert_check(kx_check_host_or_empty, "::1", TRUE);
    assert_check(kx_check_host_or_empty, "192.0.2.1", TRUE);
    assert_check(kx_check_host_or_empty, "300.1.1.1", FALSE);
    assert_check(kx_check_host_or_empty, "[::1]", FALSE);
    assert_check(kx_check_listen, "*:25", TRUE);
    assert_check(kx_check_listen, "192.0.2.1:25", TRUE);
    assert_check(kx_check_listen, "[2001:db8::1]:65535", TRUE);
    assert_check(kx_check_listen, "2001:db8::1:25", FALSE);
    assert_check(kx_check_listen, "[192.0.2.1]:25", FALSE);
    assert_check(kx_check_listen, "*:0", FALSE);
    assert_check(kx_check_listen, "*:65536", FALSE);
    assert_check(kx_check_listen, "*", FALSE);
    assert_check(kx_check_listen, ":25", FALSE);
    assert_check(kx_check_log_file, "mail.log", TRUE);
    assert_check(kx_check_log_file, "2026/mail.log", TRUE);
    assert_check(kx_check_log_file, "../mail.log", FALSE);
    assert_check(kx_check_log_file, "/var/log/mail.log", FALSE);
    assert_check(kx_check_log_file, "mail.log.1", FALSE);
    assert_check(kx_check_log_file, "mail.log.idx", FALSE);
    assert_check(kx_check_separator, "-", TRUE);
    assert_check(kx_check_separator, "", TRUE);
    assert_check(kx_check_separator, "a", FALSE);
}

static void test_listen_parse(void)
{
    g_autofree char *address = NULL;
    guint16 port = 0;
    g_assert_true(kx_listen_parse("[2001:db8::1]:993", &address, &port, NULL));
    g_assert_cmpstr(address, ==, "2001:db8::1");
    g_assert_cmpuint(port, ==, 993);
    char *any = address;
    g_assert_true(kx_listen_parse("*:25", &any, &port, NULL));
    g_assert_null(any);
}

/* Every default is allowed and canonical, names are unique and the families lie where the code that
 * counts looks for them. */
static void test_table(void)
{
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        KxSettingId found;
        const KxSettingRow *row = kx_setting_row((KxSettingId)i);
        g_autofree char *text = kx_settings_format(defaults, (KxSettingId)i);
        g_assert_cmpstr(text, ==, row->preset);
        g_assert_true(kx_settings_is_default(defaults, (KxSettingId)i));
        g_assert_true(kx_setting_find(row->name, &found));
        g_assert_cmpuint(found, ==, i);
        g_assert_cmpuint(strlen(row->manual), >, 0);
        g_assert_nonnull(strchr(row->name, '.'));
    }
    g_assert_cmpuint(KX_LOG_FAMILY_COUNT, ==, 8);
    g_assert_cmpuint(KX_SERVICE_FAMILY_COUNT, ==, 10);
    g_assert_cmpstr(kx_setting_row(kx_setting_of_log(2, KX_LOG_ROW_ROTATE))->name, ==,
                    "log.security.rotate");
    g_assert_cmpstr(kx_setting_row(kx_setting_of_log(7, KX_LOG_ROW_SYSLOG_SEVERITY))->name, ==,
                    "log.debug.syslog-severity");
    g_assert_cmpstr(kx_setting_row(kx_setting_of_service(6, KX_SERVICE_ROW_MAX_CONNECTIONS))->name,
                    ==, "service.pop3s.max-connections");
    KxSettingId none;
    g_assert_false(kx_setting_find("smtp.max-recipient", &none));
}

static void test_service_defaults(void)
{
    static const struct {
        const char *listen;
        gint64 connections;
    } WANTED[] = {{"*:25", 1000},   {"*:465", 1000}, {"*:587", 1000}, {"*:143", 20000},
                  {"*:993", 20000}, {"*:110", 5000}, {"*:995", 5000}};
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    for (guint i = 0; i < G_N_ELEMENTS(WANTED); i++) {
        const char *const *listen =
            kx_settings_list(defaults, kx_setting_of_service(i, KX_SERVICE_ROW_LISTEN));
        g_assert_cmpstr(listen[0], ==, WANTED[i].listen);
        g_assert_null(listen[1]);
        g_assert_cmpint(
            kx_settings_int(defaults, kx_setting_of_service(i, KX_SERVICE_ROW_MAX_CONNECTIONS)), ==,
            WANTED[i].connections);
    }
}

static void test_manual(void)
{
    g_autofree char *manual = kx_settings_manual();
    for (guint i = 0; i < KX_SET_COUNT; i++) {
        const KxSettingRow *row = kx_setting_row((KxSettingId)i);
        g_autofree char *entry =
            g_strdup_printf("\n### %s\n\n%s\n\n- Allowed: ", row->name, row->manual);
        g_assert_nonnull(strstr(manual, entry));
    }
    g_assert_nonnull(strstr(manual, "### smtp.max-size\n\n"
                                    "Largest message accepted over SMTP; 0 means no limit.\n\n"
                                    "- Allowed: size, 0 to 4G\n- Default: `25M`\n"));
    g_assert_nonnull(strstr(manual, "- Takes effect at the next start\n"));
    g_assert_true(g_str_has_suffix(manual, "\n") && !g_str_has_suffix(manual, "\n\n"));
    const char *first = strstr(manual, "\n## smtp\n");
    g_assert_nonnull(first);
    g_assert_null(strstr(first + 1, "\n## smtp\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/settings/messages", test_messages);
    g_test_add_func("/settings/canonical", test_canonical);
    g_test_add_func("/settings/caps", test_caps);
    g_test_add_func("/settings/checks", test_checks);
    g_test_add_func("/settings/listen-parse", test_listen_parse);
    g_test_add_func("/settings/table", test_table);
    g_test_add_func("/settings/service-defaults", test_service_defaults);
    g_test_add_func("/settings/manual", test_manual);
    return g_test_run();
}

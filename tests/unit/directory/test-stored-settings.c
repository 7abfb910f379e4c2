/* SPDX-License-Identifier: Apache-2.0 */
/* Settings in server.db: all or none, live, across restarts, and tolerant of other versions. */
#include "directory-test.h"

static gint64 number(Fixture *f, KxSettingId id)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(f->directory);
    return kx_settings_int(settings, id);
}

static void count_and_keep(gpointer data, KxSettings *settings)
{
    gint64 *seen = data;
    seen[0]++;
    seen[1] = kx_settings_int(settings, KX_SET_SMTP_MAX_RECIPIENTS);
}

static void test_set(void)
{
    Fixture f;
    gint64 seen[2] = {0, 0};
    fixture_init(&f);
    kx_directory_on_settings(f.directory, count_and_keep, seen);
    KxSettingChange good[] = {{KX_SET_SMTP_MAX_RECIPIENTS, "50"}, {KX_SET_SMTP_MAX_SIZE, "1M"}};
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, good, 2, error));
    assert_last_line("config",
                     "Admin - update Settings set smtp.max-recipients='50', smtp.max-size='1M'");
    g_assert_cmpint(seen[0], ==, 1);
    g_assert_cmpint(seen[1], ==, 50);
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_SIZE), ==, 1048576);

    KxSettingChange bad[] = {{KX_SET_SMTP_MAX_RECIPIENTS, "60"}, {KX_SET_SMTP_MAX_HOPS, "0"}};
    ASSERT_FAILS(kx_directory_set(f.directory, &ADMIN, bad, 2, error), KX_ERR_INVALID,
                 "smtp.max-hops: 0 is below the smallest allowed value, 1");
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_RECIPIENTS), ==, 50);
    g_assert_cmpint(seen[0], ==, 1);

    fixture_reopen(&f);
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_RECIPIENTS), ==, 50);
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_SIZE), ==, 1048576);
    KxSettingChange back[] = {{KX_SET_SMTP_MAX_RECIPIENTS, NULL}, {KX_SET_SMTP_MAX_SIZE, "25M"}};
    ASSERT_OK(kx_directory_set(f.directory, &ADMIN, back, 2, error));
    fixture_reopen(&f);
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_RECIPIENTS), ==, 100);
    g_autoptr(KxDb) db = kx_db_open("server.db", KX_DB_READ_ONLY, NULL);
    KxStmt *stmt = kx_db_prepare(db, "SELECT count(*) FROM settings", NULL);
    g_assert_cmpint(kx_stmt_step(stmt, NULL), ==, 1);
    g_assert_cmpint(kx_stmt_int(stmt, 0), ==, 0); /* only what differs is stored */
    kx_stmt_reset(stmt);
    fixture_clear(&f);
}

static void test_other_versions(void)
{
    Fixture f;
    fixture_init(&f);
    g_clear_pointer(&f.directory, kx_directory_close);
    KxDb *db = kx_db_open("server.db", 0, NULL);
    g_assert_true(kx_db_exec(db,
                             "INSERT INTO settings (name, value) VALUES ('smtp.gone', '1'),"
                             " ('smtp.max-hops', '0'), ('smtp.max-recipients', '5')",
                             NULL));
    kx_db_close(db);
    fixture_open(&f);
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_RECIPIENTS), ==, 5);
    g_assert_cmpint(number(&f, KX_SET_SMTP_MAX_HOPS), ==, 50);
    g_autofree char *warnings = NULL;
    g_assert_true(g_file_get_contents("logs/warning.log", &warnings, NULL, NULL));
    g_assert_nonnull(strstr(warnings, "Stored setting smtp.gone is unknown and ignored\n"));
    g_assert_nonnull(strstr(warnings,
                            "Stored setting is ignored: smtp.max-hops: 0 is below the smallest "
                            "allowed value, 1\n"));
    fixture_clear(&f);
}

/* A database made by a newer version is refused, not damaged. */
static void test_newer_schema(void)
{
    Fixture f;
    fixture_init(&f);
    g_clear_pointer(&f.directory, kx_directory_close);
    KxDb *db = kx_db_open("server.db", 0, NULL);
    g_assert_true(kx_db_exec(db, "PRAGMA user_version = 999", NULL));
    kx_db_close(db);
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_directory_open(f.logger, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_true(g_str_has_prefix(error->message, "server.db: "));
    fixture_clear(&f);
}

/* The two lists of Debug topics cannot drift apart, nor the families of the logs. */
static void test_log_rows(void)
{
    static const char *const FACILITIES[24] = {"kern",   "user",          "mail",
                                               "daemon", [16] = "local0", [23] = "local7"};
    g_auto(GStrv) topics = g_strsplit(kx_setting_row(KX_SET_LOG_DEBUG_TOPICS)->choices, "|", -1);
    g_assert_cmpuint(g_strv_length(topics), ==, KX_DEBUG_COUNT);
    for (guint i = 0; i < KX_DEBUG_COUNT; i++)
        g_assert_cmpstr(topics[i], ==, kx_debug_topic_info((KxDebugTopic)i)->slug);
    g_assert_cmpuint(KX_LOG_FAMILY_COUNT, ==, KX_LOG_COUNT);
    g_autoptr(KxSettings) defaults = kx_settings_new_defaults();
    for (guint i = 0; i < KX_LOG_COUNT; i++) {
        KxLogConfig config;
        kx_log_config_defaults((KxLogId)i, &config);
        g_autofree char *name = g_strdup_printf("log.%s.file", kx_log_slug((KxLogId)i));
        g_assert_cmpstr(kx_setting_row(kx_setting_of_log(i, KX_LOG_ROW_FILE))->name, ==, name);
        g_assert_cmpstr(kx_settings_text(defaults, kx_setting_of_log(i, KX_LOG_ROW_FILE_NAME)), ==,
                        config.file_name);
        g_assert_cmpint(kx_settings_int(defaults, kx_setting_of_log(i, KX_LOG_ROW_MAX_SIZE)), ==,
                        config.max_size_kb * 1024);
        g_assert_cmpint(kx_settings_int(defaults, kx_setting_of_log(i, KX_LOG_ROW_KEEP)), ==,
                        config.keep);
        g_auto(GStrv) severities = g_strsplit(
            kx_setting_row(kx_setting_of_log(i, KX_LOG_ROW_SYSLOG_SEVERITY))->choices, "|", -1);
        g_assert_cmpstr(
            kx_settings_text(defaults, kx_setting_of_log(i, KX_LOG_ROW_SYSLOG_SEVERITY)), ==,
            severities[config.severity]);
    }
    g_auto(GStrv) facilities = g_strsplit(
        kx_setting_row(kx_setting_of_log(0, KX_LOG_ROW_SYSLOG_FACILITY))->choices, "|", -1);
    g_assert_cmpuint(g_strv_length(facilities), ==, G_N_ELEMENTS(FACILITIES));
    for (guint i = 0; i < G_N_ELEMENTS(FACILITIES); i++)
        if (FACILITIES[i] != NULL)
            g_assert_cmpstr(facilities[i], ==, FACILITIES[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stored-settings/set", test_set);
    g_test_add_func("/stored-settings/other-versions", test_other_versions);
    g_test_add_func("/stored-settings/newer-schema", test_newer_schema);
    g_test_add_func("/stored-settings/log-rows", test_log_rows);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation by time and size, retention, and the index files that go along. */
#include "log-test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void configure(Fixture *f, KxLogRotate rotate, guint64 max_size_kb, guint keep)
{
    KxLogConfig config;
    kx_log_config_defaults(KX_LOG_MAIL, &config);
    config.rotate = rotate;
    config.max_size_kb = max_size_kb;
    config.keep = keep;
    g_assert_true(kx_logger_configure(f->logger, KX_LOG_MAIL, &config, NULL));
}

static void assert_mails(Fixture *f, const char *name, const char *text)
{
    g_autofree char *content = fixture_read(f, name);
    g_autoptr(GString) bare = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    for (guint i = 0; lines[i] && *lines[i]; i++)
        g_string_append_printf(bare, "%s;", lines[i] + KX_LOG_STAMP_LEN);
    g_assert_cmpstr(bare->str, ==, text);
}

typedef struct Period {
    KxLogRotate rotate;
    int first[6]; /* the time of the first line */
    int last[6];  /* still in the same file */
    int next[6];  /* the first second of the next file */
} Period;

static const Period PERIODS[] = {
    {KX_LOG_ROTATE_HOURLY,
     {2026, 5, 5, 10, 0, 0},
     {2026, 5, 5, 10, 59, 59},
     {2026, 5, 5, 11, 0, 0}},
    {KX_LOG_ROTATE_DAILY, {2026, 5, 5, 10, 0, 0}, {2026, 5, 5, 23, 59, 59}, {2026, 5, 6, 0, 0, 0}},
    /* 29 March 2026 has 23 hours in the test's zone, 25 October 25. */
    {KX_LOG_ROTATE_DAILY,
     {2026, 3, 29, 0, 0, 0},
     {2026, 3, 29, 23, 59, 59},
     {2026, 3, 30, 0, 0, 0}},
    {KX_LOG_ROTATE_DAILY,
     {2026, 10, 25, 0, 0, 0},
     {2026, 10, 25, 23, 59, 59},
     {2026, 10, 26, 0, 0, 0}},
    /* 4 May 2026 is a Monday. */
    {KX_LOG_ROTATE_WEEKLY,
     {2026, 5, 4, 0, 0, 0},
     {2026, 5, 10, 23, 59, 59},
     {2026, 5, 11, 0, 0, 0}},
    {KX_LOG_ROTATE_WEEKLY,
     {2026, 5, 10, 9, 0, 0},
     {2026, 5, 10, 23, 59, 59},
     {2026, 5, 11, 0, 0, 0}},
    {KX_LOG_ROTATE_MONTHLY,
     {2026, 1, 31, 9, 0, 0},
     {2026, 1, 31, 23, 59, 59},
     {2026, 2, 1, 0, 0, 0}},
    {KX_LOG_ROTATE_MONTHLY,
     {2026, 12, 1, 0, 0, 0},
     {2026, 12, 31, 23, 59, 59},
     {2027, 1, 1, 0, 0, 0}},
};

static void set(Fixture *f, const int at[6])
{
    fixture_set_time(f, at[0], at[1], at[2], at[3], at[4], at[5]);
}

/* covers: LOG-15 TECH-25 */
static void test_periods(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(PERIODS); i++) {
        Fixture f;
        fixture_init(&f);
        configure(&f, PERIODS[i].rotate, 0, 10);
        set(&f, PERIODS[i].first);
        kx_log(f.logger, KX_LOG_MAIL, "a");
        set(&f, PERIODS[i].last);
        kx_log(f.logger, KX_LOG_MAIL, "b");
        kx_logger_tick(f.logger);
        g_assert_false(fixture_has(&f, "mail.log.1"));
        set(&f, PERIODS[i].next);
        kx_log(f.logger, KX_LOG_MAIL, "c");
        assert_mails(&f, "mail.log.1", "a;b;");
        assert_mails(&f, "mail.log", "c;");
        fixture_clear(&f);
    }
}

/* covers: LOG-15 */
static void test_quiet_and_restarted(void)
{
    Fixture f;
    fixture_init(&f);
    configure(&f, KX_LOG_ROTATE_DAILY, 0, 10);
    fixture_set_time(&f, 2026, 5, 5, 10, 0, 0);
    kx_log(f.logger, KX_LOG_MAIL, "a");
    fixture_set_time(&f, 2026, 5, 6, 0, 0, 0);
    kx_logger_tick(f.logger); /* without a line */
    assert_mails(&f, "mail.log.1", "a;");
    assert_mails(&f, "mail.log", "");
    fixture_set_time(&f, 2026, 5, 7, 0, 0, 0);
    kx_logger_tick(f.logger); /* an empty file stays */
    g_assert_false(fixture_has(&f, "mail.log.2"));
    kx_log(f.logger, KX_LOG_MAIL, "b");
    kx_logger_close(f.logger); /* the boundary passes while the server is down */
    fixture_set_time(&f, 2026, 5, 9, 12, 0, 0);
    fixture_open(&f, NULL, NULL);
    configure(&f, KX_LOG_ROTATE_DAILY, 0, 10);
    kx_log(f.logger, KX_LOG_MAIL, "c");
    assert_mails(&f, "mail.log.2", "a;");
    assert_mails(&f, "mail.log.1", "b;");
    assert_mails(&f, "mail.log", "c;");
    fixture_clear(&f);
}

/* Set back the clock: no rotation, no harm. */
static void test_clock_back(void)
{
    Fixture f;
    fixture_init(&f);
    configure(&f, KX_LOG_ROTATE_HOURLY, 0, 10);
    fixture_set_time(&f, 2026, 5, 5, 10, 0, 0);
    kx_log(f.logger, KX_LOG_MAIL, "a");
    fixture_set_time(&f, 2026, 5, 5, 8, 30, 0);
    kx_log(f.logger, KX_LOG_MAIL, "b");
    assert_mails(&f, "mail.log", "a;b;");
    fixture_clear(&f);
}

static guint count_files(Fixture *f, const char *suffix)
{
    guint count = 0;
    for (guint i = 0; i < 50; i++) {
        g_autofree char *name = i == 0 ? g_strdup_printf("mail.log%s", suffix)
                                       : g_strdup_printf("mail.log.%u%s", i, suffix);
        count += fixture_has(f, name) ? 1 : 0;
    }
    return count;
}

/* covers: LOG-16 LOG-17 TECH-24 TECH-25 */
static void test_size_and_retention(void)
{
    Fixture f;
    fixture_init(&f);
    configure(&f, KX_LOG_ROTATE_NEVER, 1, 4);
    g_autofree char *text = g_strnfill(76, 'x'); /* lines of 100 bytes: ten a file */
    for (guint i = 0; i < 75; i++)
        kx_log(f.logger, KX_LOG_MAIL, "%s", text);
    g_assert_cmpuint(count_files(&f, ""), ==, 4);
    g_assert_cmpuint(count_files(&f, ".idx"), ==, 4);
    for (guint i = 1; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("mail.log.%u", i);
        g_autofree char *content = fixture_read(&f, name);
        g_assert_cmpuint(strlen(content), ==, 1000);
    }
    g_autofree char *live = fixture_read(&f, "mail.log");
    g_assert_cmpuint(strlen(live), ==, 500);
    configure(&f, KX_LOG_ROTATE_NEVER, 1, 2); /* fewer: at once */
    g_assert_cmpuint(count_files(&f, ""), ==, 2);
    g_assert_cmpuint(count_files(&f, ".idx"), ==, 2);
    configure(&f, KX_LOG_ROTATE_NEVER, 1, 1);
    for (guint i = 0; i < 11; i++)
        kx_log(f.logger, KX_LOG_MAIL, "%s", text);
    g_assert_cmpuint(count_files(&f, ""), ==, 1);
    g_assert_cmpuint(count_files(&f, ".idx"), ==, 1);
    fixture_clear(&f);
}

/* covers: LOG-16 */
static void test_size_and_time(void)
{
    Fixture f;
    fixture_init(&f);
    configure(&f, KX_LOG_ROTATE_HOURLY, 1, 10);
    fixture_set_time(&f, 2026, 5, 5, 10, 0, 0);
    g_autofree char *text = g_strnfill(576, 'x');
    kx_log(f.logger, KX_LOG_MAIL, "%s", text);
    kx_log(f.logger, KX_LOG_MAIL, "%s", text);
    g_assert_cmpuint(count_files(&f, ""), ==, 2);
    fixture_set_time(&f, 2026, 5, 5, 11, 0, 0);
    kx_log(f.logger, KX_LOG_MAIL, "c");
    g_assert_cmpuint(count_files(&f, ""), ==, 3);
    assert_mails(&f, "mail.log", "c;");
    fixture_clear(&f);
}

/* The defaults of the product: 10 MB, 10 files. */
static void test_defaults(void)
{
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++) {
        KxLogConfig config;
        kx_log_config_defaults(id, &config);
        g_assert_true(config.file_enabled);
        g_assert_cmpint(config.rotate, ==, KX_LOG_ROTATE_NEVER);
        g_assert_cmpuint(config.max_size_kb, ==, 10 * 1024);
        g_assert_cmpuint(config.keep, ==, 10);
        g_assert_false(config.syslog_enabled || config.journald);
    }
}

/* A rotation that cannot be done loses nothing and is done later. */
static void test_rotation_fails(void)
{
    Fixture f;
    fixture_init(&f);
    configure(&f, KX_LOG_ROTATE_HOURLY, 0, 10);
    fixture_set_time(&f, 2026, 5, 5, 10, 0, 0);
    kx_log(f.logger, KX_LOG_MAIL, "a");
    g_autofree char *in_the_way = fixture_path(&f, "mail.log.1");
    g_assert_cmpint(g_mkdir(in_the_way, 0700), ==, 0);
    g_autofree char *deeper = g_build_filename(in_the_way, "x", NULL);
    g_assert_cmpint(g_mkdir(deeper, 0700), ==, 0);
    fixture_set_time(&f, 2026, 5, 5, 11, 0, 0);
    configure(&f, KX_LOG_ROTATE_HOURLY, 0, 2);
    int saved = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    kx_log(f.logger, KX_LOG_MAIL, "b");
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_mails(&f, "mail.log", "a;b;");
    remove_tree(in_the_way);
    f.now += 120;
    kx_log(f.logger, KX_LOG_MAIL, "c");
    assert_mails(&f, "mail.log.1", "a;b;");
    assert_mails(&f, "mail.log", "c;");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/log/rotate/periods", test_periods);
    g_test_add_func("/log/rotate/quiet-and-restarted", test_quiet_and_restarted);
    g_test_add_func("/log/rotate/clock-back", test_clock_back);
    g_test_add_func("/log/rotate/size-and-retention", test_size_and_retention);
    g_test_add_func("/log/rotate/size-and-time", test_size_and_time);
    g_test_add_func("/log/rotate/defaults", test_defaults);
    g_test_add_func("/log/rotate/rotation-fails", test_rotation_fails);
    return g_test_run();
}

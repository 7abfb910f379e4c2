/* SPDX-License-Identifier: Apache-2.0 */
/* One event is one line, from many threads, whatever is in it and whatever the disk does. */
#include "log-test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

/* covers: LOG-01 LOG-03 TECH-23 */
static void test_eight_logs(void)
{
    Fixture f;
    fixture_init(&f);
    static const char *const NAMES[] = {"config",     "mail",  "security", "warning",
                                        "operations", "error", "spam",     "debug"};
    g_assert_cmpuint(KX_LOG_COUNT, ==, G_N_ELEMENTS(NAMES));
    fixture_set_time(&f, 2004, 6, 30, 9, 9, 8);
    for (KxLogId id = 0; id < KX_LOG_COUNT; id++) {
        KxLogId found;
        g_assert_cmpstr(kx_log_slug(id), ==, NAMES[id]);
        g_assert_true(kx_log_from_slug(NAMES[id], &found));
        g_assert_cmpint(found, ==, id);
        g_assert_cmpint(g_ascii_tolower(kx_log_title(id)[0]), ==, NAMES[id][0]);
        kx_log(f.logger, id, "text of %s", NAMES[id]);
        g_autofree char *file = g_strconcat(NAMES[id], ".log", NULL);
        g_autofree char *line = g_strdup_printf("[30/Jun/2004 09:09:08] text of %s\n", NAMES[id]);
        assert_content(&f, file, line);
    }
    KxLogId none;
    g_assert_false(kx_log_from_slug("mails", &none));
    kx_log(NULL, KX_LOG_MAIL, "no log, no line");
    fixture_clear(&f);
}

static void test_hostile_text(void)
{
    Fixture f;
    fixture_init(&f);
    kx_log(f.logger, KX_LOG_WARNING, "%s",
           "a\r\n[30/Nov/2005 17:57:14] forged\x1b[2J\xC2\x85\xE2\x80\xA8\xFF");
    kx_log(f.logger, KX_LOG_WARNING, "k\xC5\x99\xC3\xAD\xC5\xBE");
    kx_log(f.logger, KX_LOG_WARNING, "%s", "");
    assert_content(&f, "warning.log",
                   "[30/Nov/2005 17:57:14] a\\x0D\\x0A[30/Nov/2005 17:57:14] "
                   "forged\\x1B[2J\\xC2\\x85\\xE2\\x80\\xA8\\xFF\n"
                   "[30/Nov/2005 17:57:14] k\xC5\x99\xC3\xAD\xC5\xBE\n"
                   "[30/Nov/2005 17:57:14] \n");
    fixture_clear(&f);
}

/* Cut lines have the full length, the mark, valid UTF-8 and exactly one newline. */
static void test_long_text(void)
{
    static const char *const PIECES[] = {"x", "\xC5\x99", "\n", "ab\xE2\x82\xAC"};
    for (guint i = 0; i < G_N_ELEMENTS(PIECES); i++) {
        Fixture f;
        fixture_init(&f);
        g_autoptr(GString) text = g_string_new(NULL);
        while (text->len < 20000)
            g_string_append(text, PIECES[i]);
        kx_log(f.logger, KX_LOG_ERROR, "%s", text->str);
        g_autofree char *content = fixture_read(&f, "error.log");
        size_t len = strlen(content);
        g_assert_cmpuint(len, <=, KX_LOG_LINE_MAX);
        g_assert_cmpuint(len, >, KX_LOG_LINE_MAX - 4);
        g_assert_true(g_str_has_suffix(content, "...\n"));
        g_assert_true(strchr(content, '\n') == content + len - 1);
        g_assert_true(g_utf8_validate(content, -1, NULL));
        fixture_clear(&f);
    }
}

#define THREADS 8
#define LINES   1000

typedef struct Writer {
    KxLogger *logger;
    guint number;
} Writer;

static gpointer write_lines(gpointer data)
{
    Writer *writer = data;
    for (guint i = 0; i < LINES; i++)
        kx_log(writer->logger, KX_LOG_MAIL, "writer %u line %u end", writer->number, i);
    return NULL;
}

static void test_threads(void)
{
    Fixture f;
    fixture_init(&f);
    Writer writers[THREADS];
    GThread *threads[THREADS];
    for (guint i = 0; i < THREADS; i++) {
        writers[i] = (Writer){f.logger, i};
        threads[i] = g_thread_new("writer", write_lines, &writers[i]);
    }
    for (guint i = 0; i < 20; i++) {
        KxLogConfig config;
        kx_log_config_defaults(KX_LOG_MAIL, &config);
        config.max_size_kb = 100000 + i;
        g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
        kx_logger_tick(f.logger);
    }
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    g_autofree char *content = fixture_read(&f, "mail.log");
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    guint next[THREADS] = {0};
    g_assert_cmpuint(g_strv_length(lines), ==, THREADS * LINES + 1);
    for (guint i = 0; i < THREADS * LINES; i++) {
        guint number = 0, line = 0;
        int used = 0;
        g_assert_cmpint(sscanf(lines[i], "[30/Nov/2005 17:57:14] writer %u line %u end%n", &number,
                               &line, &used),
                        ==, 2);
        g_assert_cmpuint((guint)used, ==, strlen(lines[i]));
        g_assert_cmpuint(line, ==, next[number]++);
    }
    fixture_clear(&f);
}

/* stderr into a file while the test provokes failures. */
static int capture_stderr(const char *path)
{
    int saved = dup(STDERR_FILENO);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    g_assert_cmpint(fd, >=, 0);
    dup2(fd, STDERR_FILENO);
    close(fd);
    return saved;
}

static void assert_said_once(int saved, const char *path, const char *what)
{
    g_autofree char *said = NULL;
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    g_assert_true(g_file_get_contents(path, &said, NULL, NULL));
    const char *first = strstr(said, what);
    g_assert_nonnull(first);
    g_assert_null(strstr(first + 1, what));
}

static void test_directory_gone(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *said = g_strconcat(f.dir, ".stderr", NULL);
    kx_log(f.logger, KX_LOG_MAIL, "one");
    remove_tree(f.dir);
    g_assert_true(g_file_set_contents(f.dir, "not a directory", -1, NULL));
    int saved = capture_stderr(said);
    for (int i = 0; i < 10; i++) {
        f.now += 2;
        kx_log(f.logger, KX_LOG_MAIL, "lost");
    }
    assert_said_once(saved, said, "keryx: cannot open log");
    g_assert_cmpint(g_unlink(f.dir), ==, 0);
    f.now += 10;
    kx_log(f.logger, KX_LOG_MAIL, "two");
    g_autofree char *content = fixture_read(&f, "mail.log");
    g_assert_cmpstr(content, ==,
                    "[30/Nov/2005 17:57:44] 10 lines of this log were lost: Not a directory\n"
                    "[30/Nov/2005 17:57:44] two\n");
    fixture_clear(&f);
}

/* A file-size limit fails in the middle of a line, as a full disk does. */
static void test_disk_full(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *said = g_strconcat(f.dir, ".stderr", NULL);
    struct rlimit old, small;
    kx_log(f.logger, KX_LOG_MAIL, "one");
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
    small = old;
    small.rlim_cur = 300;
    signal(SIGXFSZ, SIG_IGN);
    int saved = capture_stderr(said);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    for (int i = 0; i < 20; i++)
        kx_log(f.logger, KX_LOG_MAIL, "a line of 50 bytes or so");
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
    assert_said_once(saved, said, "keryx: cannot write log");
    kx_log(f.logger, KX_LOG_MAIL, "last");
    g_autofree char *content = fixture_read(&f, "mail.log");
    g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 9); /* one, five of twenty, lost, last, and "" */
    for (guint i = 1; i < 6; i++)
        g_assert_cmpstr(lines[i], ==, "[30/Nov/2005 17:57:14] a line of 50 bytes or so");
    g_assert_cmpstr(lines[6], ==,
                    "[30/Nov/2005 17:57:14] 15 lines of this log were lost: File too large");
    g_assert_cmpstr(lines[7], ==, "[30/Nov/2005 17:57:14] last");
    fixture_clear(&f);
}

static void test_torn_line(void)
{
    Fixture f;
    fixture_init(&f);
    kx_log(f.logger, KX_LOG_MAIL, "one");
    g_autofree char *path = fixture_path(&f, "mail.log");
    kx_logger_close(f.logger);
    g_assert_true(g_file_set_contents(path, "[30/Nov/2005 17:57:14] one\n[30/Nov/20", -1, NULL));
    fixture_open(&f, NULL, NULL);
    kx_log(f.logger, KX_LOG_MAIL, "two");
    assert_content(&f, "mail.log",
                   "[30/Nov/2005 17:57:14] one\n[30/Nov/20\n[30/Nov/2005 17:57:14] two\n");
    fixture_clear(&f);
}

/* Somebody moves the file away, as logrotate does: the next second starts a new one. */
static void test_moved_away(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *path = fixture_path(&f, "mail.log");
    g_autofree char *away = fixture_path(&f, "away");
    kx_log(f.logger, KX_LOG_MAIL, "one");
    g_assert_cmpint(g_rename(path, away), ==, 0);
    f.now++;
    kx_log(f.logger, KX_LOG_MAIL, "two");
    assert_content(&f, "away", "[30/Nov/2005 17:57:14] one\n");
    assert_content(&f, "mail.log", "[30/Nov/2005 17:57:15] two\n");
    fixture_clear(&f);
}

/* covers: LOG-14 */
static void test_configure_file(void)
{
    Fixture f;
    fixture_init(&f);
    KxLogConfig config;
    kx_log_config_defaults(KX_LOG_MAIL, &config);
    kx_log(f.logger, KX_LOG_MAIL, "one");
    config.file_name = "sub/post.txt";
    g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
    kx_log(f.logger, KX_LOG_MAIL, "two");
    config.file_enabled = FALSE;
    g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
    kx_log(f.logger, KX_LOG_MAIL, "three");
    kx_logger_tick(f.logger);
    assert_content(&f, "mail.log", "[30/Nov/2005 17:57:14] one\n");
    assert_content(&f, "sub/post.txt", "[30/Nov/2005 17:57:14] two\n");
    fixture_clear(&f);
}

static void assert_refused(KxLogger *logger, const KxLogConfig *config, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(kx_logger_configure(logger, KX_LOG_MAIL, config, &error));
    g_assert_error(error, KX_ERROR, code);
}

static void test_configure_refusals(void)
{
    Fixture f;
    fixture_init(&f);
    static const char *const NAMES[] = {"",   "/etc/passwd", "../x",  "a/../b", "a//b",
                                        ".x", "mail.log.3",  "a.idx", "a\nb",   "a/"};
    KxLogConfig good, config;
    kx_log_config_defaults(KX_LOG_MAIL, &good);
    for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        config = good;
        config.file_name = NAMES[i];
        assert_refused(f.logger, &config, KX_ERR_INVALID);
    }
    config = good;
    config.file_name = "error.log";
    assert_refused(f.logger, &config, KX_ERR_IN_USE);
    config = good;
    config.keep = 0;
    assert_refused(f.logger, &config, KX_ERR_INVALID);
    config.keep = KX_LOG_KEEP_MAX + 1;
    assert_refused(f.logger, &config, KX_ERR_INVALID);
    config = good;
    config.facility = 24;
    assert_refused(f.logger, &config, KX_ERR_INVALID);
    config = good;
    config.severity = 8;
    assert_refused(f.logger, &config, KX_ERR_INVALID);
    config = good;
    config.syslog_enabled = TRUE; /* no server */
    assert_refused(f.logger, &config, KX_ERR_INVALID);
    kx_log(f.logger, KX_LOG_MAIL, "as before");
    assert_content(&f, "mail.log", "[30/Nov/2005 17:57:14] as before\n");
    fixture_clear(&f);
}

typedef struct Received {
    GPtrArray *texts;
    guint port;
} Received;

static void receive(gpointer data, const KxLogRecord *record)
{
    Received *received = data;
    received->port = record->config->syslog_port;
    g_assert_cmpint(record->time_us, ==, (gint64)TEST_TIME * G_USEC_PER_SEC);
    g_ptr_array_add(received->texts,
                    g_strdup_printf("%s: %s", kx_log_slug(record->log), record->text));
}

/* covers: LOG-18 LOG-19 */
static void test_combined_outputs(void)
{
    Fixture f;
    fixture_init(&f);
    Received received = {.texts = g_ptr_array_new_with_free_func(g_free)};
    KxLogConfig config;
    kx_logger_close(f.logger);
    fixture_open(&f, receive, &received);
    kx_log(f.logger, KX_LOG_MAIL, "file only");
    kx_log_config_defaults(KX_LOG_MAIL, &config);
    config.syslog_enabled = TRUE;
    config.syslog_server = "log.company.test";
    config.syslog_port = 1514;
    g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
    kx_log(f.logger, KX_LOG_MAIL, "both\n");
    g_assert_cmpuint(received.port, ==, 1514);
    config.file_enabled = config.syslog_enabled = FALSE;
    config.journald = TRUE;
    g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
    kx_log(f.logger, KX_LOG_MAIL, "journal only");
    kx_log(f.logger, KX_LOG_ERROR, "another log");
    assert_content(&f, "mail.log",
                   "[30/Nov/2005 17:57:14] file only\n[30/Nov/2005 17:57:14] both\\x0A\n");
    g_assert_cmpuint(received.texts->len, ==, 2);
    g_assert_cmpstr(received.texts->pdata[0], ==, "mail: both\\x0A");
    g_assert_cmpstr(received.texts->pdata[1], ==, "mail: journal only");
    g_ptr_array_unref(received.texts);
    fixture_clear(&f);
}

static int evaluations;

static const char *evaluated(void)
{
    evaluations++;
    return "EHLO \r\nx";
}

/* covers: LOG-64 LOG-65 */
static void test_debug_topics(void)
{
    Fixture f;
    fixture_init(&f);
    kx_debug(f.logger, KX_DEBUG_SMTP_SERVER, "%s", evaluated());
    g_assert_cmpint(evaluations, ==, 0);
    kx_log(f.logger, KX_LOG_DEBUG, "server started");
    kx_logger_set_debug(f.logger, KX_DEBUG_BIT(KX_DEBUG_SMTP_SERVER) | ~KX_DEBUG_ALL);
    g_assert_cmpuint(kx_logger_get_debug(f.logger), ==, KX_DEBUG_BIT(KX_DEBUG_SMTP_SERVER));
    kx_debug(f.logger, KX_DEBUG_SMTP_SERVER, "%s", evaluated());
    kx_debug(f.logger, KX_DEBUG_IMAP_SERVER, "%s", evaluated());
    kx_logger_set_debug(f.logger, KX_DEBUG_ALL);
    kx_debug(f.logger, KX_DEBUG_SERVICE_MANAGER, "last");
    kx_logger_set_debug(f.logger, 0);
    kx_debug(f.logger, KX_DEBUG_SERVICE_MANAGER, "never");
    kx_debug(NULL, KX_DEBUG_TLS, "%s", evaluated());
    g_assert_cmpint(evaluations, ==, 1);
    assert_content(&f, "debug.log",
                   "[30/Nov/2005 17:57:14] server started\n"
                   "[30/Nov/2005 17:57:14] {smtp-server} EHLO \\x0D\\x0Ax\n"
                   "[30/Nov/2005 17:57:14] {service-manager} last\n");
    fixture_clear(&f);
}

static void test_debug_names(void)
{
    g_autoptr(GHashTable) groups = g_hash_table_new(g_str_hash, g_str_equal);
    for (KxDebugTopic topic = 0; topic < KX_DEBUG_COUNT; topic++) {
        const KxDebugTopicInfo *info = kx_debug_topic_info(topic);
        KxDebugTopic found;
        g_assert_true(kx_debug_topic_from_slug(info->slug, &found));
        g_assert_cmpint(found, ==, topic); /* also proves that slugs differ */
        g_assert_cmpuint(strspn(info->slug, "abcdefghijklmnopqrstuvwxyz0123456789-"), ==,
                         strlen(info->slug));
        g_hash_table_add(groups, (gpointer)info->group);
    }
    KxDebugTopic none;
    g_assert_false(kx_debug_topic_from_slug("smtp", &none));
    g_assert_cmpuint(g_hash_table_size(groups), ==, 5);
    g_assert_cmpstr(kx_debug_topic_info(KX_DEBUG_SEARCH_SORT)->title, ==, "Searching and Sorting");
    g_assert_cmpstr(kx_debug_topic_info(KX_DEBUG_SEARCH_SORT)->group, ==, "Message Store");
}

int main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/log/eight-logs", test_eight_logs);
    g_test_add_func("/log/hostile-text", test_hostile_text);
    g_test_add_func("/log/long-text", test_long_text);
    g_test_add_func("/log/threads", test_threads);
    g_test_add_func("/log/directory-gone", test_directory_gone);
    g_test_add_func("/log/disk-full", test_disk_full);
    g_test_add_func("/log/torn-line", test_torn_line);
    g_test_add_func("/log/moved-away", test_moved_away);
    g_test_add_func("/log/configure-file", test_configure_file);
    g_test_add_func("/log/configure-refusals", test_configure_refusals);
    g_test_add_func("/log/combined-outputs", test_combined_outputs);
    g_test_add_func("/log/debug-topics", test_debug_topics);
    g_test_add_func("/log/debug-names", test_debug_names);
    return g_test_run();
}

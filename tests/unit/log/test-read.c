/* SPDX-License-Identifier: Apache-2.0 */
/* Reading by number, time and search; the index after rotation, clearing, damage and loss. */
#include "log-test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "log/log-read.h"

/* Lines "line 0" ... one second apart. */
static void fill(Fixture *f, guint from, guint count)
{
    for (guint i = from; i < from + count; i++) {
        kx_log(f->logger, KX_LOG_MAIL, "line %u%s", i, i % 100 == 50 ? " Fifty (a.b)" : "");
        f->now++;
    }
}

static KxLogReader *open_reader(Fixture *f, guint generation)
{
    g_autoptr(GError) error = NULL;
    KxLogReader *reader = kx_log_reader_open(f->logger, KX_LOG_MAIL, generation, &error);
    g_assert_no_error(error);
    return reader;
}

static void assert_line(KxLogReader *reader, guint64 line, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) lines = kx_log_reader_lines(reader, line, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(lines), ==, 1);
    g_assert_cmpstr(lines[0] + KX_LOG_STAMP_LEN, ==, text);
}

/* The whole log through the reader equals the file. */
static void assert_agrees(Fixture *f, guint generation, const char *name)
{
    g_autoptr(KxLogReader) reader = open_reader(f, generation);
    g_autofree char *content = fixture_read(f, name);
    g_auto(GStrv) expected = g_strsplit(content, "\n", -1);
    guint count = g_strv_length(expected);
    if (count > 0 && *expected[count - 1] == '\0')
        count--;
    g_assert_cmpuint(kx_log_reader_count(reader), ==, count);
    for (guint i = 0; i < count; i++) {
        guint line = i * 7919 % count; /* jumping about */
        g_auto(GStrv) lines = kx_log_reader_lines(reader, line, 1, NULL);
        g_assert_nonnull(lines);
        g_assert_cmpstr(lines[0], ==, expected[line]);
    }
}

/* covers: TECH-24 */
static void test_lines(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 3000);
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    g_assert_cmpuint(kx_log_reader_count(reader), ==, 3000);
    assert_line(reader, 0, "line 0");
    assert_line(reader, 2999, "line 2999");
    assert_line(reader, 1234, "line 1234");
    g_auto(GStrv) tail = kx_log_reader_lines(reader, 2998, 100, NULL);
    g_assert_cmpuint(g_strv_length(tail), ==, 2);
    g_assert_cmpstr(tail[1], ==, "[30/Nov/2005 18:47:13] line 2999");
    g_auto(GStrv) past = kx_log_reader_lines(reader, 3000, 1, NULL);
    g_assert_cmpuint(g_strv_length(past), ==, 0);
    g_auto(GStrv) far = kx_log_reader_lines(reader, G_MAXUINT64, G_MAXUINT64, NULL);
    g_assert_cmpuint(g_strv_length(far), ==, 0);
    g_auto(GStrv) all = kx_log_reader_lines(reader, 0, G_MAXUINT64, NULL);
    g_assert_cmpuint(g_strv_length(all), ==, 3000);
    fill(&f, 3000, 10); /* a reader sees what there was */
    g_assert_cmpuint(kx_log_reader_count(reader), ==, 3000);
    assert_agrees(&f, 0, "mail.log");
    fixture_clear(&f);
}

/* covers: TECH-24 */
static void test_find_time(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 1000);
    f.now -= 500; /* the clock is set back, then goes on */
    fill(&f, 1000, 1000);
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    g_assert_cmpuint(kx_log_reader_find_time(reader, 0), ==, 0);
    g_assert_cmpuint(kx_log_reader_find_time(reader, TEST_TIME), ==, 0);
    g_assert_cmpuint(kx_log_reader_find_time(reader, TEST_TIME + 700), ==, 700);
    g_assert_cmpuint(kx_log_reader_find_time(reader, TEST_TIME + 1400), ==, 1900);
    g_assert_cmpuint(kx_log_reader_find_time(reader, TEST_TIME + 9999), ==, 2000);
    fixture_clear(&f);
}

static guint64 search(KxLogReader *reader, KxLogSearch what)
{
    guint64 line = 0;
    g_autoptr(GError) error = NULL;
    KxLogSearchResult result = kx_log_reader_search(reader, &what, &line, &error);
    g_assert_no_error(error);
    return result == KX_LOG_SEARCH_FOUND ? line : G_MAXUINT64;
}

/* covers: LOG-08 */
static void test_search(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 3000);
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty"}), ==, 50);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .from = 51}), ==, 150);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .from = 150}), ==, 150);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .from = 149, .up = TRUE}), ==,
                     50);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .from = 99999, .up = TRUE}), ==,
                     2950);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .from = 49, .up = TRUE}), ==,
                     G_MAXUINT64);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .from = 2951}), ==, G_MAXUINT64);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "fifty", .match_case = TRUE}), ==,
                     G_MAXUINT64);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "(a.b)"}), ==, 50);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "axb"}), ==, G_MAXUINT64);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "line 1?70$", .regex = TRUE}), ==, 70);
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "line 1?70$", .regex = TRUE, .from = 71}),
                     ==, 170);
    fixture_clear(&f);
}

static void assert_search_error(KxLogReader *reader, const char *pattern, int code)
{
    guint64 line;
    g_autoptr(GError) error = NULL;
    KxLogSearch what = {.text = pattern, .regex = TRUE};
    g_assert_cmpint(kx_log_reader_search(reader, &what, &line, &error), ==, KX_LOG_SEARCH_FAILED);
    g_assert_error(error, KX_ERROR, code);
}

static void test_search_bounds(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *as = g_strnfill(4000, 'a');
    g_autofree char *too_long = g_strnfill(KX_LOG_SEARCH_MAX + 1, 'a');
    kx_log(f.logger, KX_LOG_MAIL, "%s!", as);
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    assert_search_error(reader, "(a+)+$", KX_ERR_TOO_BIG);
    assert_search_error(reader, "(*LIMIT_MATCH=4000000000)(a+)+$", KX_ERR_TOO_BIG);
    assert_search_error(reader, "(a", KX_ERR_INVALID);
    assert_search_error(reader, "\xFF", KX_ERR_INVALID);
    assert_search_error(reader, too_long, KX_ERR_INVALID);
    fixture_clear(&f);
}

/* A search that takes long stops and can be continued. */
static void test_search_pauses(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *as = g_strnfill(2000, 'a');
    for (guint i = 0; i < 400; i++)
        kx_log(f.logger, KX_LOG_MAIL, "%s", as);
    kx_log(f.logger, KX_LOG_MAIL, "needle");
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    /* Many steps a line: within the limit, and seconds for the whole log. */
    KxLogSearch what = {.text = "(a|b){0,40}?[cd]|needle", .regex = TRUE};
    KxLogSearchResult result;
    guint pauses = 0;
    while ((result = kx_log_reader_search(reader, &what, &what.from, NULL)) == KX_LOG_SEARCH_PAUSED)
        pauses++;
    g_assert_cmpint(result, ==, KX_LOG_SEARCH_FOUND);
    g_assert_cmpuint(what.from, ==, 400);
    g_assert_cmpuint(pauses, >, 0);
    fixture_clear(&f);
}

/* covers: LOG-20 */
static void test_clear(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 200);
    g_autoptr(KxLogReader) before = open_reader(&f, 0);
    g_assert_true(kx_log_clear(f.logger, KX_LOG_MAIL, NULL));
    assert_content(&f, "mail.log", "");
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_log_reader_lines(before, 100, 1, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IN_USE);
    assert_agrees(&f, 0, "mail.log");
    fill(&f, 500, 130);
    assert_agrees(&f, 0, "mail.log");
    fixture_reopen(&f);
    fill(&f, 700, 5);
    assert_agrees(&f, 0, "mail.log");
    fixture_clear(&f);
}

/* covers: TECH-24 */
static void test_rotated(void)
{
    Fixture f;
    fixture_init(&f);
    KxLogConfig config;
    kx_log_config_defaults(KX_LOG_MAIL, &config);
    config.max_size_kb = 4;
    g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
    fill(&f, 0, 700);
    assert_agrees(&f, 0, "mail.log");
    assert_agrees(&f, 1, "mail.log.1");
    assert_agrees(&f, 2, "mail.log.2");
    g_autofree char *index = fixture_path(&f, "mail.log.2.idx");
    g_assert_cmpint(g_unlink(index), ==, 0);
    assert_agrees(&f, 2, "mail.log.2");
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_log_reader_open(f.logger, KX_LOG_MAIL, 99, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    fixture_clear(&f);
}

static void write_index(Fixture *f, const char *bytes, gssize len)
{
    g_autofree char *path = fixture_path(f, "mail.log.idx");
    g_assert_true(g_file_set_contents(path, bytes, len, NULL));
}

static goffset index_size(Fixture *f)
{
    g_autofree char *path = fixture_path(f, "mail.log.idx");
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    return st.st_size;
}

/* covers: TECH-24 */
static void test_index_file(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 3);
    kx_logger_tick(f.logger);
    g_autofree char *path = fixture_path(&f, "mail.log.idx");
    g_autofree char *bytes = NULL;
    size_t len;
    g_assert_true(g_file_get_contents(path, &bytes, &len, NULL));
    static const char EXPECTED[] = "KXLOGIX1\x10\0\0\0\0\0\0\0"
                                   "\x00\0\0\0\0\0\0\0\xea\xd9\x8d\x43\0\0\0\0"
                                   "\x1e\0\0\0\0\0\0\0\xeb\xd9\x8d\x43\0\0\0\0"
                                   "\x3c\0\0\0\0\0\0\0\xec\xd9\x8d\x43\0\0\0\0";
    g_assert_cmpmem(bytes, (int)len, EXPECTED, sizeof EXPECTED - 1);
    fixture_clear(&f);
}

/* Damage while the logger runs, and damage found at start. */
static void test_index_damage(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 300);
    g_autofree char *path = fixture_path(&f, "mail.log.idx");
    assert_agrees(&f, 0, "mail.log");
    for (guint restart = 0; restart < 2; restart++) {
        static const off_t SIZES[] = {0, 5, 16, 17, 16 + 16 * 10 + 3};
        for (guint i = 0; i < G_N_ELEMENTS(SIZES); i++) {
            g_assert_cmpint(truncate(path, SIZES[i]), ==, 0);
            if (restart)
                fixture_reopen(&f);
            assert_agrees(&f, 0, "mail.log");
            g_assert_cmpint(index_size(&f), ==, 16 + 16 * 300);
        }
        write_index(&f, "rubbish that is longer than a header", -1);
        f.now++;
        if (restart)
            fixture_reopen(&f);
        assert_agrees(&f, 0, "mail.log");
        g_assert_cmpint(g_unlink(path), ==, 0);
        f.now++;
        if (restart)
            fixture_reopen(&f);
        assert_agrees(&f, 0, "mail.log");
    }
    fill(&f, 300, 100);
    assert_agrees(&f, 0, "mail.log");
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    g_assert_cmpuint(kx_log_reader_find_time(reader, TEST_TIME + 200), ==,
                     200); /* times rebuilt too */
    fixture_clear(&f);
}

/* The index cannot be written at all: the log is, and can be read. */
static void test_index_impossible(void)
{
    Fixture f;
    fixture_init(&f);
    g_autofree char *path = fixture_path(&f, "mail.log.idx");
    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
    fill(&f, 0, 300);
    assert_agrees(&f, 0, "mail.log");
    g_assert_cmpint(g_rmdir(path), ==, 0);
    f.now += 60;
    kx_logger_tick(f.logger);
    g_assert_cmpint(index_size(&f), ==, 16 + 16 * 300);
    fill(&f, 300, 100);
    assert_agrees(&f, 0, "mail.log");
    fixture_clear(&f);
}

/* An index that belongs to another file. */
static void test_index_of_another(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 300);
    kx_logger_close(f.logger);
    g_autofree char *path = fixture_path(&f, "mail.log");
    g_autoptr(GString) other = g_string_new(NULL);
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(other, "[30/Nov/2005 17:57:14] other text %u\n", i * i);
    g_assert_true(g_file_set_contents(path, other->str, -1, NULL));
    fixture_open(&f, NULL, NULL);
    assert_agrees(&f, 0, "mail.log");
    g_assert_cmpint(truncate(path, 10000), ==,
                    0); /* shortened from outside, in the middle of a line */
    f.now++;
    kx_log(f.logger, KX_LOG_MAIL, "next");
    assert_agrees(&f, 0, "mail.log");
    fixture_clear(&f);
}

/* covers: LOG-13 */
static void test_foreign_bytes(void)
{
    Fixture f;
    fixture_init(&f);
    fill(&f, 0, 1);
    kx_logger_close(f.logger);
    g_autofree char *path = fixture_path(&f, "mail.log");
    g_autofree char *longest = g_strnfill(200000, 'l');
    g_autofree char *content =
        g_strdup_printf("\xFF\xFE latin \xE9\n\n[99/Foo/2005 17:57:14] x\n%s\nlast", longest);
    g_assert_true(g_file_set_contents(path, content, -1, NULL));
    fixture_open(&f, NULL, NULL);
    fill(&f, 1, 1);
    g_autoptr(KxLogReader) reader = open_reader(&f, 0);
    g_auto(GStrv) lines = kx_log_reader_lines(reader, 0, 100, NULL);
    g_assert_cmpuint(g_strv_length(lines), ==, 6);
    g_assert_true(g_utf8_validate(lines[0], -1, NULL));
    g_assert_cmpuint(search(reader, (KxLogSearch){.text = "latin"}), ==, 0);
    g_assert_cmpstr(lines[1], ==, "");
    g_assert_cmpuint(strlen(lines[3]), ==, KX_LOG_READ_LINE_MAX);
    g_assert_cmpstr(lines[4], ==, "last");
    g_assert_cmpstr(lines[5], ==, "[30/Nov/2005 17:57:15] line 1");
    fixture_clear(&f);
}

static gpointer write_many(gpointer data)
{
    for (guint i = 0; i < 20000; i++)
        kx_log(data, KX_LOG_MAIL, "line %u", i);
    return NULL;
}

/* Readers beside a writer, with rotation and clearing going on. */
static void test_beside_writer(void)
{
    Fixture f;
    fixture_init(&f);
    KxLogConfig config;
    kx_log_config_defaults(KX_LOG_MAIL, &config);
    config.max_size_kb = 100;
    config.keep = 3;
    g_assert_true(kx_logger_configure(f.logger, KX_LOG_MAIL, &config, NULL));
    kx_log(f.logger, KX_LOG_MAIL, "first");
    GThread *writer = g_thread_new("writer", write_many, f.logger);
    for (guint i = 0; i < 200; i++) {
        g_autoptr(KxLogReader) reader = open_reader(&f, 0);
        g_autoptr(GError) error = NULL;
        guint64 count = kx_log_reader_count(reader);
        g_auto(GStrv) lines = kx_log_reader_lines(reader, count > 50 ? count - 50 : 0, 50, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(g_strv_length(lines), ==, MIN(count, 50));
        if (i % 50 == 49)
            g_assert_true(kx_log_clear(f.logger, KX_LOG_MAIL, NULL));
    }
    g_thread_join(writer);
    assert_agrees(&f, 0, "mail.log");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    test_begin(&argc, &argv);
    g_test_add_func("/log/read/lines", test_lines);
    g_test_add_func("/log/read/find-time", test_find_time);
    g_test_add_func("/log/read/search", test_search);
    g_test_add_func("/log/read/search-bounds", test_search_bounds);
    g_test_add_func("/log/read/search-pauses", test_search_pauses);
    g_test_add_func("/log/read/clear", test_clear);
    g_test_add_func("/log/read/rotated", test_rotated);
    g_test_add_func("/log/read/index-file", test_index_file);
    g_test_add_func("/log/read/index-damage", test_index_damage);
    g_test_add_func("/log/read/index-impossible", test_index_impossible);
    g_test_add_func("/log/read/index-of-another", test_index_of_another);
    g_test_add_func("/log/read/foreign-bytes", test_foreign_bytes);
    g_test_add_func("/log/read/beside-writer", test_beside_writer);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A logger in a directory of its own, with a clock the test sets. */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>

#include "log/log.h"

/* The zone of the specification's examples, without need of the zone database. */
#define TEST_ZONE "CET-1CEST,M3.5.0,M10.5.0/3"

/* 30/Nov/2005 17:57:14 in TEST_ZONE: LOG-28's example. */
#define TEST_TIME 0x438dd9ea

typedef struct Fixture {
    char *dir;  /* of the logs */
    gint64 now; /* seconds */
    KxLogger *logger;
} Fixture;

static gint64 fixture_clock(gpointer data)
{
    return ((Fixture *)data)->now * G_USEC_PER_SEC;
}

static inline void fixture_open(Fixture *fixture, KxLogSink sink, gpointer sink_data)
{
    g_autoptr(GError) error = NULL;
    KxLoggerOptions options = {.directory = fixture->dir,
                               .external = sink,
                               .external_data = sink_data,
                               .clock = fixture_clock,
                               .clock_data = fixture};
    fixture->logger = kx_logger_open(&options, &error);
    g_assert_no_error(error);
}

static inline void fixture_init(Fixture *fixture)
{
    g_autofree char *base = g_dir_make_tmp("keryx-log-XXXXXX", NULL);
    fixture->dir = g_build_filename(base, "store", "logs", NULL);
    fixture->now = TEST_TIME;
    fixture_open(fixture, NULL, NULL);
}

static inline void fixture_reopen(Fixture *fixture)
{
    kx_logger_close(fixture->logger);
    fixture_open(fixture, NULL, NULL);
}

static inline void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        if (g_file_test(child, G_FILE_TEST_IS_DIR))
            remove_tree(child);
        else
            g_assert_cmpint(g_unlink(child), ==, 0);
    }
    g_rmdir(path);
}

static inline void fixture_clear(Fixture *fixture)
{
    g_autofree char *store = g_path_get_dirname(fixture->dir);
    g_autofree char *base = g_path_get_dirname(store);
    kx_logger_close(fixture->logger);
    remove_tree(base);
    g_free(fixture->dir);
}

static inline char *fixture_path(Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->dir, name, NULL);
}

static inline gboolean fixture_has(Fixture *fixture, const char *name)
{
    g_autofree char *path = fixture_path(fixture, name);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static inline char *fixture_read(Fixture *fixture, const char *name)
{
    g_autofree char *path = fixture_path(fixture, name);
    g_autoptr(GError) error = NULL;
    char *content = NULL;
    g_file_get_contents(path, &content, NULL, &error);
    g_assert_no_error(error);
    return content;
}

static inline void assert_content(Fixture *fixture, const char *name, const char *expected)
{
    g_autofree char *content = fixture_read(fixture, name);
    g_assert_cmpstr(content, ==, expected);
}

/* Sets the clock to a local time. */
static inline void fixture_set_time(Fixture *fixture, int year, int mon, int day, int hour, int min,
                                    int sec)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = mon - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = min,
                    .tm_sec = sec,
                    .tm_isdst = -1};
    fixture->now = (gint64)mktime(&tm);
}

static inline void test_begin(int *argc, char ***argv)
{
    g_setenv("TZ", TEST_ZONE, TRUE);
    tzset();
    g_test_init(argc, argv, NULL);
}

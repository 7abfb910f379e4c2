/* SPDX-License-Identifier: Apache-2.0 */
/* A data directory with logger and directory, and requests to it. */
#pragma once

#include <glib/gstdio.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/error.h"

typedef struct {
    char *folder;
    KxCore core;
    KxAdminContext context;
} Fixture;

static inline void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        remove_tree(entry);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

static inline char *enter_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("keryx-admin-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    return folder;
}

static inline void leave_folder(char *folder)
{
    g_assert_cmpint(g_chdir("/"), ==, 0);
    remove_tree(folder);
    g_free(folder);
}

static inline void fixture_init(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    *f = (Fixture){.folder = enter_folder()};
    KxLoggerOptions options = {.directory = "store/logs"};
    f->core.logger = kx_logger_open(&options, &error);
    g_assert_no_error(error);
    f->core.directory = kx_directory_open(f->core.logger, &error);
    g_assert_no_error(error);
    f->context = (KxAdminContext){&f->core, {"Admin", KX_LEVEL_FULL, NULL}, NULL};
}

static inline void fixture_clear(Fixture *f)
{
    kx_directory_close(f->core.directory);
    kx_logger_close(f->core.logger);
    leave_folder(f->folder);
}

/* Words are separated by spaces, options are JSON or NULL. */
static inline json_t *ask(Fixture *f, const char *words, const char *options)
{
    json_t *list = json_array();
    g_auto(GStrv) parts = g_strsplit(words, " ", -1);
    for (guint i = 0; parts[i]; i++)
        json_array_append_new(list, json_string(parts[i]));
    json_auto_t *request = json_pack("{s:o}", "words", list);
    if (options) {
        json_t *parsed = json_loads(options, 0, NULL);
        g_assert_nonnull(parsed);
        json_object_set_new(request, "options", parsed);
    }
    return kx_admin_run(&f->context, request);
}

/* The result of a request that must succeed. */
static inline json_t *ask_ok(Fixture *f, const char *words, const char *options)
{
    json_auto_t *answer = ask(f, words, options);
    const char *error = json_string_value(json_object_get(answer, "error"));
    g_assert_cmpstr(error, ==, NULL);
    g_assert_true(json_is_true(json_object_get(answer, "ok")));
    return json_incref(json_object_get(answer, "result"));
}

static inline void do_ok(Fixture *f, const char *words, const char *options)
{
    json_auto_t *result = ask_ok(f, words, options);
    g_assert_nonnull(result);
}

static inline void assert_refused(Fixture *f, const char *words, const char *options,
                                  const char *code, const char *text)
{
    json_auto_t *answer = ask(f, words, options);
    g_assert_true(json_is_false(json_object_get(answer, "ok")));
    g_assert_cmpstr(json_string_value(json_object_get(answer, "error")), ==, text);
    g_assert_cmpstr(json_string_value(json_object_get(answer, "code")), ==, code);
}

/* Lists are the same, objects have at least the keys that are wanted. */
static inline gboolean includes(const json_t *result, const json_t *wanted)
{
    if (json_is_array(wanted)) {
        gboolean same = json_array_size(result) == json_array_size(wanted);
        for (size_t i = 0; same && i < json_array_size(wanted); i++)
            same = includes(json_array_get(result, i), json_array_get(wanted, i));
        return same;
    }
    if (!json_is_object(wanted))
        return json_equal(result, wanted);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)wanted, key, value)
    {
        if (!includes(json_object_get(result, key), value))
            return FALSE;
    }
    return TRUE;
}

/* The JSON of a result, compactly and with sorted keys. */
static inline void assert_result(Fixture *f, const char *words, const char *options,
                                 const char *wanted)
{
    json_auto_t *result = ask_ok(f, words, options);
    json_auto_t *expected = json_loads(wanted, JSON_DECODE_ANY, NULL);
    g_assert_nonnull(expected);
    if (includes(result, expected))
        return;
    g_autofree char *text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    g_assert_cmpstr(text, ==, wanted);
}

/* The last line of a log, without the time. */
static inline void assert_last_line(const char *log, const char *wanted)
{
    g_autofree char *path = g_strdup_printf("store/logs/%s.log", log);
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_strchomp(content);
    const char *line = strrchr(content, '\n');
    g_assert_cmpstr((line ? line + 1 : content) + KX_LOG_STAMP_LEN, ==, wanted);
}

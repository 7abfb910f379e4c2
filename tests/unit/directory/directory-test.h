/* SPDX-License-Identifier: Apache-2.0 */
/* A directory in a temporary folder with its logs beside it. */
#pragma once

#include <glib/gstdio.h>

#include "base/error.h"
#include "directory/directory-private.h"
#include "directory/resolve.h"

typedef struct {
    char *folder;
    KxLogger *logger;
    KxDirectory *directory;
} Fixture;

static const KxAdmin ADMIN = {"Admin", KX_LEVEL_FULL, NULL};

static inline void fixture_open(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    f->directory = kx_directory_open(f->logger, &error);
    g_assert_no_error(error);
}

static inline void fixture_init(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    f->folder = g_dir_make_tmp("keryx-directory-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chdir(f->folder), ==, 0);
    KxLoggerOptions options = {.directory = "logs"};
    f->logger = kx_logger_open(&options, &error);
    g_assert_no_error(error);
    fixture_open(f);
}

static inline void fixture_reopen(Fixture *f)
{
    g_clear_pointer(&f->directory, kx_directory_close);
    fixture_open(f);
}

static inline void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        remove_tree(entry);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

static inline void fixture_clear(Fixture *f)
{
    kx_directory_close(f->directory);
    kx_logger_close(f->logger);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    remove_tree(f->folder);
    g_free(f->folder);
}

/* The text of the last line of a log, without the time. */
static inline char *last_line(const char *log)
{
    g_autofree char *path = g_strdup_printf("logs/%s.log", log);
    g_autofree char *content = NULL;
    if (!g_file_get_contents(path, &content, NULL, NULL) || *content == '\0')
        return g_strdup("");
    g_strchomp(content);
    const char *line = strrchr(content, '\n');
    line = line != NULL ? line + 1 : content;
    return g_strdup(line + KX_LOG_STAMP_LEN);
}

static inline void assert_last_line(const char *log, const char *wanted)
{
    g_autofree char *line = last_line(log);
    g_assert_cmpstr(line, ==, wanted);
}

/* Fields as a literal list: FIELDS({"name", "x"}, ...) gives two arguments. */
#define FIELDS(...) (const KxField[]){__VA_ARGS__}, G_N_ELEMENTS(((const KxField[]){__VA_ARGS__}))

#define ASSERT_OK(call)                                                                            \
    do {                                                                                           \
        g_autoptr(GError) ok_error = NULL;                                                         \
        GError **error = &ok_error;                                                                \
        gboolean ok_done = (call);                                                                 \
        g_assert_no_error(ok_error);                                                               \
        g_assert_true(ok_done);                                                                    \
    } while (0)

#define ASSERT_FAILS(call, code, text)                                                             \
    do {                                                                                           \
        g_autoptr(GError) bad_error = NULL;                                                        \
        GError **error = &bad_error;                                                               \
        g_assert_false(call);                                                                      \
        g_assert_error(bad_error, KX_ERROR, code);                                                 \
        g_assert_cmpstr(bad_error->message, ==, text);                                             \
    } while (0)

static inline int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline void add_domain(Fixture *f, const char *name)
{
    ASSERT_OK(kx_object_add(f->directory, &ADMIN, KX_OBJECT_DOMAIN, name, NULL, 0, error));
}

static inline void add_user(Fixture *f, const char *login)
{
    ASSERT_OK(kx_object_add(f->directory, &ADMIN, KX_OBJECT_USER, login, NULL, 0, error));
}

/* Where mail to the address goes, in order of the alphabet, or "remote", "unknown", "disabled". */
static inline char *recipient(Fixture *f, const char *address)
{
    static const char *const WORDS[] = {"", "unknown", "disabled", "remote"};
    g_autoptr(KxResolution) found = kx_resolve(f->directory, address, FALSE);
    g_assert_cmpint(found->kind == KX_RCPT_LOCAL || found->kind == KX_RCPT_REMOTE, ==,
                    found->destinations->len > 0);
    if (found->kind != KX_RCPT_LOCAL)
        return g_strdup(WORDS[found->kind]);
    g_autofree char **names = g_new0(char *, found->destinations->len + 1);
    for (guint i = 0; i < found->destinations->len; i++)
        names[i] = ((KxDestination *)found->destinations->pdata[i])->address;
    qsort(names, found->destinations->len, sizeof *names, compare_texts);
    return g_strjoinv(" ", names);
}

static inline void assert_recipient(Fixture *f, const char *address, const char *wanted)
{
    g_autofree char *got = recipient(f, address);
    g_assert_cmpstr(got, ==, wanted);
}

/* The same for a login name on a server address; "nobody" otherwise. */
static inline void assert_login(Fixture *f, const char *login, const char *ip, const char *wanted)
{
    kx_rw_lock_read(&f->directory->lock);
    const KxUserEntry *entry = kx_tables_find_login(f->directory, login, ip);
    g_autofree char *got = entry != NULL
                               ? g_strdup_printf("%s@%s", entry->user.name, entry->user.domain)
                               : g_strdup("nobody");
    kx_rw_lock_unlock(&f->directory->lock);
    g_assert_cmpstr(got, ==, wanted);
}

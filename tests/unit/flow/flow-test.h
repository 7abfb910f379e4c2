/* SPDX-License-Identifier: Apache-2.0 */
/* Directory, store and queue in a temporary folder, with the accounts alice, bob and carol. */
#pragma once

#include <glib/gstdio.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue.h"
#include "store/content.h"
#include "store/folder.h"

typedef struct {
    char *folder;
    KxLogger *logger;
    KxDirectory *directory;
    KxStore *store;
    KxQueue *queue;
} Fixture;

static const KxAdmin ADMIN = {"Admin", KX_LEVEL_FULL, NULL};

static inline void fixture_open(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    f->directory = kx_directory_open(f->logger, &error);
    g_assert_no_error(error);
    f->store = kx_store_open(f->logger, &error);
    g_assert_no_error(error);
    f->queue = kx_queue_open(f->store, f->directory, f->logger, &error);
    g_assert_no_error(error);
}

static inline void fixture_set(Fixture *f, KxSettingId id, const char *value)
{
    g_autoptr(GError) error = NULL;
    kx_directory_set(f->directory, &ADMIN, &(KxSettingChange){id, value}, 1, &error);
    g_assert_no_error(error);
}

static inline void fixture_init(Fixture *f)
{
    static const char *const USERS[] = {"alice", "bob", "carol"};
    g_autoptr(GError) error = NULL;
    *f = (Fixture){.folder = g_dir_make_tmp("keryx-flow-XXXXXX", NULL)};
    g_assert_cmpint(g_chdir(f->folder), ==, 0);
    f->logger = kx_logger_open(&(KxLoggerOptions){.directory = "logs"}, &error);
    g_assert_no_error(error);
    fixture_open(f);
    kx_object_add(f->directory, &ADMIN, KX_OBJECT_DOMAIN, "example.test", NULL, 0, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(USERS); i++) {
        g_autofree char *login = g_strdup_printf("%s@example.test", USERS[i]);
        kx_object_add(f->directory, &ADMIN, KX_OBJECT_USER, login, NULL, 0, &error);
        g_assert_no_error(error);
    }
    KxField address = {"addresses", "sales"};
    kx_object_set(f->directory, &ADMIN, KX_OBJECT_USER, "alice@example.test", &address, 1, &error);
    g_assert_no_error(error);
}

static inline void fixture_shut(Fixture *f)
{
    g_clear_pointer(&f->queue, kx_queue_close);
    g_clear_pointer(&f->store, kx_store_close);
    g_clear_pointer(&f->directory, kx_directory_close);
}

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

static inline void fixture_clear(Fixture *f)
{
    fixture_shut(f);
    kx_logger_close(f->logger);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    remove_tree(f->folder);
    g_free(f->folder);
}

/* The text of a log, times left out. */
static inline char *read_log(const char *log)
{
    g_autofree char *path = g_strdup_printf("logs/%s.log", log);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    g_autoptr(GRegex) stamp = g_regex_new("^\\[[^]]*\\] ", G_REGEX_MULTILINE, 0, NULL);
    return g_regex_replace_literal(stamp, text, -1, 0, "", 0, NULL);
}

static inline guint count_messages(Fixture *f, const char *user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KxAccount) account = kx_store_account(f->store, "example.test", user, &error);
    g_assert_no_error(error);
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", &error);
    g_assert_no_error(error);
    return info->messages;
}

/* The bytes of the message with that UID. */
static inline char *read_message(const char *user, guint uid)
{
    g_autofree char *path =
        g_strdup_printf("store/mail/example.test/%s/INBOX/#msgs/%08x.eml", user, uid);
    char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* With `broken` the account's INBOX cannot take messages; without it can again. */
static inline void break_inbox(const char *user, gboolean broken)
{
    g_autofree char *good = g_strdup_printf("store/mail/example.test/%s/INBOX/#msgs", user);
    g_autofree char *away = g_strdup_printf("store/mail/example.test/%s/away", user);
    if (broken) {
        g_assert_cmpint(rename(good, away), ==, 0);
        g_assert_true(g_file_set_contents(good, "", 0, NULL));
    } else {
        g_assert_cmpint(unlink(good), ==, 0);
        g_assert_cmpint(rename(away, good), ==, 0);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store's tests share: a data directory of their own as current directory (paths of the
 * store are relative), and short forms for the usual steps. Every step asserts that it works.
 */
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "base/text.h"
#include "store/store-private.h"

typedef struct {
    char *top, *before;
    KxLogger *logger;
    KxStore *store;
} Fixture;

#define DATE 1700000000

static inline void fixture_open_store(Fixture *fixture)
{
    GError *error = NULL;
    fixture->logger = kx_logger_open(&(KxLoggerOptions){.directory = "store/logs"}, &error);
    g_assert_no_error(error);
    fixture->store = kx_store_open(fixture->logger, &error);
    g_assert_no_error(error);
}

static inline void fixture_close_store(Fixture *fixture)
{
    g_clear_pointer(&fixture->store, kx_store_close);
    g_clear_pointer(&fixture->logger, kx_logger_close);
}

/* In memory where there is room: what is tested does not depend on the disk, and syncing takes its
 * time. */
static inline const char *temporary_base(void)
{
    struct statvfs fs;
    const char *given = g_getenv("KERYX_TEST_TMP");
    if (given)
        return given;
    gboolean room = access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &fs) == 0 &&
                    (guint64)fs.f_bavail * fs.f_bsize > G_GUINT64_CONSTANT(256) * 1024 * 1024;
    return room ? "/dev/shm" : g_get_tmp_dir();
}

/* `data` is where, if it matters. */
static inline void fixture_set_up(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    const char *base = data ? data : temporary_base();
    g_autofree char *template = g_build_filename(base, "keryx-store-XXXXXX", NULL);
    fixture->before = g_get_current_dir();
    fixture->top = g_mkdtemp(g_steal_pointer(&template));
    g_assert_nonnull(fixture->top);
    g_assert_cmpint(g_chdir(fixture->top), ==, 0);
    g_assert_true(g_mkdir_with_parents("store", 0700) == 0);
    g_assert_no_error(error);
    fixture_open_store(fixture);
}

static inline void fixture_tear_down(Fixture *fixture, gconstpointer data)
{
    fixture_close_store(fixture);
    g_assert_cmpint(g_chdir(fixture->before), ==, 0);
    kx_remove_tree(fixture->top);
    g_free(fixture->top);
    g_free(fixture->before);
}

static inline guint64 highest_modseq(KxAccount *account)
{
    pthread_mutex_lock(&account->state_lock);
    guint64 modseq = account->meta.modseq;
    pthread_mutex_unlock(&account->state_lock);
    return modseq;
}

#define ADD_TEST(path, func)                                                                       \
    g_test_add(path, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

static inline KxAccount *open_account(KxStore *store, const char *user)
{
    GError *error = NULL;
    KxAccount *account = kx_store_account(store, "company.test", user, &error);
    g_assert_no_error(error);
    return account;
}

static inline KxFolder *open_folder(KxAccount *account, const char *path)
{
    GError *error = NULL;
    KxFolder *folder = kx_folder_open(account, path, &error);
    g_assert_no_error(error);
    return folder;
}

static inline KxIncoming *make_content(KxStore *store, const char *text)
{
    GError *error = NULL;
    KxIncoming *incoming = kx_incoming_new(store, &error);
    g_assert_no_error(error);
    g_assert_true(kx_incoming_write(incoming, text, strlen(text), &error));
    g_assert_no_error(error);
    return incoming;
}

static inline char *sample_message(const char *subject)
{
    return g_strdup_printf(
        "From: \"Winston Smith\" <wsmith@company.test>\r\nTo: jwayne@company.test\r\n"
        "Subject: %s\r\nDate: Thu, 7 Aug 2008 11:05:27 +0000\r\nMessage-ID: <%s@company.test>\r\n"
        "\r\nHello %s\r\n",
        subject, subject, subject);
}

static inline guint32 deliver_flags(KxAccount *account, const char *folder, const char *subject,
                                    guint32 flags, const char *const *keywords)
{
    g_autofree char *text = sample_message(subject);
    g_autoptr(KxIncoming) incoming = make_content(account->store, text);
    KxDelivery target = {.account = account,
                         .folder = folder,
                         .flags = flags,
                         .keywords = keywords,
                         .internal_date = DATE};
    gboolean ok = kx_incoming_deliver(incoming, &target, 1);
    g_assert_no_error(target.ret_error);
    g_assert_true(ok);
    g_assert_cmpuint(target.ret_uid, >, 0);
    return target.ret_uid;
}

static inline guint32 deliver(KxAccount *account, const char *folder, const char *subject)
{
    return deliver_flags(account, folder, subject, 0, NULL);
}

static inline void change_flags(KxFolder *folder, guint32 uid, KxFlagsOp op, guint32 flags)
{
    GError *error = NULL;
    KxFlagsChange change = {.op = op, .flags = flags};
    kx_folder_change_flags(folder, &uid, 1, &change, NULL, NULL, &error);
    g_assert_no_error(error);
}

static inline void expunge(KxFolder *folder, guint32 uid)
{
    GError *error = NULL;
    kx_folder_expunge(folder, &uid, 1, TRUE, NULL, NULL, &error);
    g_assert_no_error(error);
}

static inline void assert_consistent(KxAccount *account)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) lines = kx_account_check(account, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < lines->len; i++)
        g_test_message("%s", (const char *)lines->pdata[i]);
    g_assert_cmpuint(lines->len, ==, 0);
}

/* Runs `work` on the account wsmith in a child that ends without closing anything. */
static inline void run_and_crash(Fixture *fixture, void (*work)(KxAccount *account))
{
    fixture_close_store(fixture);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        fixture_open_store(fixture);
        work(open_account(fixture->store, "wsmith"));
        _exit(0);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    g_assert_true(g_file_test("store/open/company.test/wsmith", G_FILE_TEST_EXISTS));
}

/* What a power cut can do: files that are in no commit of the file system yet, which are those that
 * the redo log has, are empty or not there. Returns how many there were. */
static inline guint lose_waiting_files(KxDb *index, const char *home)
{
    guint n = 0;
    KxStmt *stmt = kx_index_stmt(index,
                                 "SELECT f.name, r.item FROM redo r JOIN folders f"
                                 " ON f.account=r.account AND f.folder=r.item>>32"
                                 " WHERE r.account=? AND f.parent=0",
                                 NULL);
    g_assert_nonnull(stmt);
    for (; kx_stmt_step(stmt, NULL) == 1; n++) {
        g_autofree char *dir = g_build_filename(home, kx_stmt_text(stmt, 0), NULL);
        g_autofree char *path = kx_message_file(dir, (guint32)kx_stmt_int(stmt, 1));
        g_assert_cmpint(n % 2 ? truncate(path, 0) : unlink(path), ==, 0);
    }
    return n;
}

static inline char *read_log(const char *slug)
{
    g_autofree char *path = g_strdup_printf("store/logs/%s.log", slug);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

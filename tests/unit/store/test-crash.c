/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unclean ends: a child works on the store and is killed; after the next start everything it has
 * acknowledged is there exactly once, and nothing else.
 */
#include <signal.h>
#include <sys/wait.h>

#include "store-test.h"

#define HOME  "store/mail/company.test/wsmith"
#define INBOX HOME "/INBOX/#msgs"

/* ---- a state as a crash leaves it, made by hand ---- */

static void start_again(Fixture *fixture)
{
    fixture_open_store(fixture);
    kx_store_recover(fixture->store);
    g_assert_false(g_file_test("store/open/company.test/wsmith", G_FILE_TEST_EXISTS));
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    assert_consistent(account);
}

static void write_file(const char *path)
{
    g_assert_true(g_file_set_contents(path, "left behind", -1, NULL));
}

static void orphan_work(KxAccount *account)
{
    deliver(account, "INBOX", "a");
    deliver(account, "INBOX", "b");
    write_file(INBOX "/00000003.eml"); /* linked, but never committed */
    write_file(INBOX "/00000004.eml");
    write_file(INBOX "/00000007.eml");
}

static void test_orphans(Fixture *fixture, gconstpointer data)
{
    run_and_crash(fixture, orphan_work);
    start_again(fixture);
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    g_assert_cmpuint(info->messages, ==, 2);
    g_assert_cmpuint(deliver(account, "INBOX", "c"), ==, 3);
    assert_consistent(account);
}

static void expunge_work(KxAccount *account)
{
    guint32 uid = deliver(account, "INBOX", "a");
    deliver(account, "INBOX", "b");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    expunge(inbox, uid);
    g_autofree char *path = kx_message_file(HOME "/INBOX", uid);
    write_file(path); /* removed in the index, not yet on disk */
}

static void test_half_expunged(Fixture *fixture, gconstpointer data)
{
    run_and_crash(fixture, expunge_work);
    start_again(fixture);
    g_assert_false(g_file_test(INBOX "/00000001.eml", G_FILE_TEST_EXISTS));
    /* The same when the index is rebuilt instead of checked. */
    run_and_crash(fixture, expunge_work);
    g_assert_cmpint(g_rename(HOME "/index.db", HOME "/index.bad"), ==, 0);
    start_again(fixture);
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    g_assert_cmpuint(info->messages, ==, 2);
}

static void rename_work(KxAccount *account)
{
    g_assert_true(kx_folder_create(account, "Work/Sub", KX_TYPE_MAIL, 0, NULL));
    g_assert_true(kx_folder_create(account, "Target", KX_TYPE_MAIL, 0, NULL));
    deliver(account, "Work/Sub", "a");
    g_assert_cmpint(g_rename(HOME "/Work", HOME "/Target/Work"), ==,
                    0); /* on disk, not in the index */
}

static void test_half_renamed(Fixture *fixture, gconstpointer data)
{
    run_and_crash(fixture, rename_work);
    start_again(fixture);
    g_assert_true(g_file_test(HOME "/Work/Sub/#msgs/00000001.eml", G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(HOME "/Target/Work", G_FILE_TEST_EXISTS));
}

static void remove_work(KxAccount *account)
{
    g_assert_true(kx_folder_create(account, "Work", KX_TYPE_MAIL, 0, NULL));
    deliver(account, "Work", "a");
    g_autofree char *file = NULL;
    g_assert_true(g_file_get_contents(HOME "/Work/#folder", &file, NULL, NULL));
    g_assert_true(kx_folder_delete(account, "Work", NULL, NULL));
    g_assert_cmpint(g_mkdir_with_parents(HOME "/Work/#msgs", 0700), ==,
                    0); /* as before the directory went */
    g_assert_true(g_file_set_contents(HOME "/Work/#folder", file, -1, NULL));
    write_file(HOME "/Work/#msgs/00000001.eml");
}

static void test_half_removed(Fixture *fixture, gconstpointer data)
{
    run_and_crash(fixture, remove_work);
    start_again(fixture);
    g_assert_false(g_file_test(HOME "/Work", G_FILE_TEST_EXISTS));
}

static void create_work(KxAccount *account)
{
    deliver(account, "INBOX", "a");
    g_assert_cmpint(g_mkdir_with_parents(HOME "/Work/#msgs", 0700), ==, 0);
    KxFolderFile file = {.id = account->meta.next_folder, .uid_validity = 1, .uid_bound = 1000};
    g_assert_true(kx_folder_file_write(HOME "/Work", &file, FALSE, NULL));
}

static void test_half_created(Fixture *fixture, gconstpointer data)
{
    run_and_crash(fixture, create_work);
    start_again(fixture);
    g_assert_false(g_file_test(HOME "/Work", G_FILE_TEST_EXISTS));
}

/* ---- killed at random ---- */

enum { ROUNDS = 40, CHILD_THREADS = 4 };

typedef struct {
    KxAccount *account;
    int acknowledge;
    guint round, number;
} Child;

static void say(Child *child, const char *what, guint message)
{
    char line[64];
    int len = g_snprintf(line, sizeof line, "%s r%u-t%u-m%u\n", what, child->round, child->number,
                         message);
    if (write(child->acknowledge, line, (size_t)len) != len)
        _exit(1);
}

/* Delivers, moves and removes; each step is announced before and acknowledged after. */
static gpointer child_thread(gpointer data)
{
    Child *child = data;
    g_autoptr(KxFolder) inbox = open_folder(child->account, "INBOX");
    for (guint i = 0;; i++) {
        g_autofree char *subject = g_strdup_printf("r%u-t%u-m%u", child->round, child->number, i);
        guint32 uid = deliver(child->account, "INBOX", subject);
        say(child, "delivered", i);
        if (i % 3 == 1) {
            say(child, "removing", i);
            expunge(inbox, uid);
            say(child, "removed", i);
        } else if (i % 3 == 2) {
            say(child, "moving", i);
            g_assert_true(kx_folder_copy(inbox, &uid, 1, child->account, "Deleted Items", TRUE,
                                         NULL, NULL, NULL));
            say(child, "moved", i);
        }
    }
    return NULL;
}

static void child_main(Fixture *fixture, int acknowledge, guint round)
{
    Child children[CHILD_THREADS];
    fixture_open_store(fixture);
    kx_store_recover(fixture->store);
    KxAccount *account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < CHILD_THREADS; i++) {
        children[i] = (Child){account, acknowledge, round, i};
        g_thread_new("child", child_thread, &children[i]);
    }
    for (;;)
        pause();
}

/* What the parent has heard of each message. */
typedef enum {
    DELIVERED = 1 << 0,
    REMOVING = 1 << 1,
    REMOVED = 1 << 2,
    MOVING = 1 << 3,
    MOVED = 1 << 4
} Heard;

static void hear(GHashTable *messages, const char *line)
{
    static const char *const WORDS[] = {"delivered", "removing", "removed", "moving", "moved"};
    g_auto(GStrv) parts = g_strsplit(line, " ", 2);
    for (guint i = 0; parts[0] && parts[1] && i < G_N_ELEMENTS(WORDS); i++)
        if (g_str_equal(parts[0], WORDS[i])) {
            guint heard = GPOINTER_TO_UINT(g_hash_table_lookup(messages, parts[1]));
            g_hash_table_insert(messages, g_strdup(parts[1]), GUINT_TO_POINTER(heard | 1u << i));
        }
}

static void lose_power(void)
{
    g_autoptr(KxDb) index = kx_index_open(HOME "/index.db", 0, NULL);
    if (index)
        lose_waiting_files(index, HOME);
}

static void run_child(Fixture *fixture, GHashTable *messages, guint round)
{
    int ends[2];
    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        child_main(fixture, ends[1], round);
    }
    close(ends[1]);
    GString *heard = g_string_new(NULL);
    char block[65536];
    gint64 until = g_get_monotonic_time() + g_test_rand_int_range(2000, 60000);
    gboolean killed = FALSE;
    for (ssize_t n; (n = read(ends[0], block, sizeof block)) > 0;) {
        g_string_append_len(heard, block, n);
        if (!killed && g_get_monotonic_time() > until) {
            kill(child, SIGKILL);
            killed = TRUE;
        }
    }
    close(ends[0]);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    g_auto(GStrv) lines = g_strsplit(heard->str, "\n", -1);
    for (guint i = 0; lines[i] && lines[i + 1]; i++) /* the last may be cut */
        hear(messages, lines[i]);
    g_string_free(heard, TRUE);
}

static void count_subjects(KxAccount *account, const char *path, GHashTable *counts)
{
    GError *error = NULL;
    g_autoptr(KxFolder) folder = open_folder(account, path);
    g_autoptr(KxView) view = kx_view_new(folder, FALSE);
    for (guint32 seq = 1; seq <= kx_view_count(view); seq++) {
        g_autoptr(GBytes) content = kx_item_content(folder, kx_view_uid(view, seq), &error);
        g_assert_no_error(error);
        g_autofree char *text =
            g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
        const char *subject = strstr(text, "Subject: ");
        g_assert_nonnull(subject);
        subject += strlen("Subject: ");
        char *key = g_strndup(subject, strcspn(subject, "\r"));
        g_hash_table_insert(
            counts, key, GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(counts, key)) + 1));
    }
}

static guint count_of(GHashTable *counts, const char *key)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(counts, key));
}

static void compare(GHashTable *messages, GHashTable *inbox, GHashTable *trash)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, messages);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        guint heard = GPOINTER_TO_UINT(value), here = count_of(inbox, key),
              there = count_of(trash, key);
        g_assert_cmpuint(here + there, <=, 1);
        if (heard & REMOVED)
            g_assert_cmpuint(here + there, ==, 0);
        else if (heard & MOVED)
            g_assert_cmpuint(there, ==, 1);
        else if (heard & MOVING)
            g_assert_cmpuint(here + there, ==, 1);
        else if (!(heard & REMOVING))
            g_assert_cmpuint(here, ==, 1);
    }
    g_hash_table_iter_init(&iter, inbox);
    while (g_hash_table_iter_next(&iter, &key, &value))
        g_assert_cmpuint(GPOINTER_TO_UINT(value), ==, 1);
}

static void verify(Fixture *fixture, GHashTable *messages)
{
    g_autoptr(GHashTable) inbox = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) trash = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    fixture_open_store(fixture);
    kx_store_recover(fixture->store);
    KxAccount *account = open_account(fixture->store, "wsmith");
    assert_consistent(account); /* so there is no orphan either */
    count_subjects(account, "INBOX", inbox);
    count_subjects(account, "Deleted Items", trash);
    compare(messages, inbox, trash);
    kx_account_unref(account);
    fixture_close_store(fixture);
}

static void test_killed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GHashTable) messages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    fixture_close_store(fixture);
    for (guint round = 0; round < ROUNDS; round++) {
        run_child(fixture, messages, round);
        if (round % 2)
            lose_power();
        verify(fixture, messages);
    }
    g_assert_cmpuint(g_hash_table_size(messages), >, ROUNDS);
    g_test_message("%u messages in %u rounds", g_hash_table_size(messages), ROUNDS);
    fixture_open_store(fixture);
}

/* ---- folders and rebuilding, killed at random ---- */

enum { FOLDER_ROUNDS = 40, KEPT = 20 };

static void churn_folders(Fixture *fixture, int acknowledge)
{
    fixture_open_store(fixture);
    kx_store_recover(fixture->store);
    KxAccount *account = open_account(fixture->store, "wsmith");
    for (guint i = 0;; i++) {
        GError *error = NULL;
        kx_folder_create(account, "Work/Sub", KX_TYPE_MAIL, 0,
                         NULL); /* may be left of the last round */
        deliver(account, "Work/Sub", "in a folder");
        if (i % 4 == 0 && !kx_account_reindex(account, NULL, &error))
            _exit(1);
        kx_folder_rename(account, "Work", "Deleted Items/Work", NULL, NULL);
        kx_folder_delete(account, "Deleted Items/Work/Sub", NULL, NULL);
        kx_folder_delete(account, "Deleted Items/Work", NULL, NULL);
        if (write(acknowledge, "x", 1) != 1)
            _exit(1);
    }
}

static guint churn_and_kill(Fixture *fixture, gboolean wait_for_one)
{
    int ends[2];
    char block[4096];
    guint loops = wait_for_one;
    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        churn_folders(fixture, ends[1]);
    }
    close(ends[1]);
    if (wait_for_one)
        g_assert_cmpint(read(ends[0], block, 1), ==, 1);
    g_usleep((gulong)g_test_rand_int_range(1000, 30000));
    kill(child, SIGKILL);
    for (ssize_t n; (n = read(ends[0], block, sizeof block)) > 0;)
        loops += (guint)n;
    close(ends[0]);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return loops;
}

static void test_killed_folders(Fixture *fixture, gconstpointer data)
{
    KxAccount *account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < KEPT; i++)
        deliver_flags(account, "INBOX", "kept", KX_FLAG_FLAGGED, NULL);
    kx_account_unref(account);
    fixture_close_store(fixture);
    guint loops = 0;
    for (guint round = 0; round < FOLDER_ROUNDS; round++) {
        loops += churn_and_kill(fixture, round % 8 == 0);
        fixture_open_store(fixture);
        kx_store_recover(fixture->store);
        account = open_account(fixture->store, "wsmith");
        assert_consistent(account);
        KxFolder *inbox = open_folder(account, "INBOX");
        KxView *view = kx_view_new(inbox, FALSE);
        g_assert_cmpuint(kx_view_count(view), ==, KEPT);
        for (guint32 seq = 1; seq <= KEPT; seq++) {
            KxItem item;
            g_assert_cmpuint(kx_view_uid(view, seq), ==, seq);
            g_assert_true(kx_view_item(view, seq, &item));
            g_assert_cmpuint(item.flags, ==, KX_FLAG_FLAGGED);
        }
        kx_view_free(view);
        kx_folder_unref(inbox);
        kx_account_unref(account);
        fixture_close_store(fixture);
    }
    g_assert_cmpuint(loops, >, 0);
    g_test_message("%u loops in %u rounds", loops, FOLDER_ROUNDS);
    fixture_open_store(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/crash/orphans", test_orphans);
    ADD_TEST("/store/crash/half-expunged", test_half_expunged);
    ADD_TEST("/store/crash/half-renamed", test_half_renamed);
    ADD_TEST("/store/crash/half-removed", test_half_removed);
    ADD_TEST("/store/crash/half-created", test_half_created);
    ADD_TEST("/store/crash/killed", test_killed);
    ADD_TEST("/store/crash/killed-folders", test_killed_folders);
    return g_test_run();
}

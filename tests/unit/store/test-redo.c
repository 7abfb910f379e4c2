/* SPDX-License-Identifier: Apache-2.0 */
/* Small messages are durable before their files are. */
#include "store-test.h"
#include "store/redo-private.h"

#define HOME  "store/mail/company.test/wsmith"
#define INBOX HOME "/INBOX"

#define COUNT "SELECT COUNT(*) FROM redo WHERE account=?"
#define BYTES "SELECT SUM(LENGTH(content)) FROM redo WHERE account=?"

static guint read_rows(KxDb *db, const char *sql)
{
    KxStmt *stmt = kx_index_stmt(db, sql, NULL);
    g_assert_nonnull(stmt);
    g_assert_cmpint(kx_stmt_step(stmt, NULL), ==, 1);
    guint n = (guint)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return n;
}

static guint waiting_of(KxAccount *account, const char *sql)
{
    pthread_mutex_lock(&account->write_lock);
    g_assert_true(kx_account_connect(account, NULL));
    guint n = read_rows(account->db, sql);
    pthread_mutex_unlock(&account->write_lock);
    return n;
}

static guint waiting(KxAccount *account)
{
    return waiting_of(account, COUNT);
}

static void assert_message(KxAccount *account, const char *path, guint32 uid, const char *subject)
{
    GError *error = NULL;
    g_autoptr(KxFolder) folder = open_folder(account, path);
    g_autoptr(GBytes) content = kx_item_content(folder, uid, &error);
    g_assert_no_error(error);
    g_autofree char *expected = sample_message(subject);
    g_assert_cmpuint(g_bytes_get_size(content), ==, strlen(expected));
    g_assert_cmpint(memcmp(g_bytes_get_data(content, NULL), expected, strlen(expected)), ==, 0);
}

static void run_and_lose_power(Fixture *fixture, void (*work)(KxAccount *account), guint losses)
{
    run_and_crash(fixture, work);
    g_autoptr(KxDb) index = kx_index_open(HOME "/index.db", 0, NULL);
    g_assert_nonnull(index);
    g_assert_cmpuint(lose_waiting_files(index, HOME), ==, losses);
    g_clear_pointer(&index, kx_db_close);
}

static KxAccount *start_again(Fixture *fixture)
{
    fixture_open_store(fixture);
    kx_store_recover(fixture->store);
    KxAccount *account = open_account(fixture->store, "wsmith");
    assert_consistent(account);
    g_assert_cmpuint(waiting(account), ==, 0);
    return account;
}

static void deliver_work(KxAccount *account)
{
    deliver(account, "INBOX", "a");
    deliver(account, "INBOX", "b");
    deliver(account, "Drafts", "c");
}

static void test_restored(Fixture *fixture, gconstpointer data)
{
    struct stat st;
    run_and_lose_power(fixture, deliver_work, 3);
    g_autoptr(KxAccount) account = start_again(fixture);
    assert_message(account, "INBOX", 1, "a");
    assert_message(account, "INBOX", 2, "b");
    assert_message(account, "Drafts", 1, "c");
    g_assert_cmpint(stat(INBOX "/#msgs/00000001.eml", &st), ==, 0);
    g_assert_cmpint(st.st_mtime, ==, DATE);
}

/* The mark of an open account may not have reached the disk either. */
static void test_without_marker(Fixture *fixture, gconstpointer data)
{
    run_and_lose_power(fixture, deliver_work, 3);
    g_assert_cmpint(unlink("store/open/company.test/wsmith"), ==, 0);
    g_autoptr(KxAccount) account = start_again(fixture);
    assert_message(account, "INBOX", 1, "a");
}

static void test_index_renamed(Fixture *fixture, gconstpointer data)
{
    run_and_lose_power(fixture, deliver_work, 3);
    g_assert_cmpint(g_rename(HOME "/index.db", HOME "/index.bad"), ==, 0);
    g_autoptr(KxAccount) account = start_again(fixture);
    assert_message(account, "INBOX", 1, "a");
    assert_message(account, "INBOX", 2, "b");
    /* An index that lies about brings nothing back later. */
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    expunge(inbox, 1);
    g_assert_true(kx_account_reindex(account, NULL, NULL));
    g_assert_false(g_file_test(INBOX "/#msgs/00000001.eml", G_FILE_TEST_EXISTS));
}

/* A disk that does not take the files must not cost the messages. */
static void test_restored_when_possible(Fixture *fixture, gconstpointer data)
{
    run_and_lose_power(fixture, deliver_work, 3);
    g_assert_cmpint(g_rename(HOME "/index.db", HOME "/index.bad"), ==, 0);
    g_unlink(INBOX "/#msgs/00000001.eml");
    g_assert_cmpint(g_mkdir(INBOX "/#msgs/00000001.eml", 0700), ==, 0); /* in the way */
    fixture_open_store(fixture);
    g_autoptr(GError) error = NULL;
    g_assert_null(kx_store_account(fixture->store, "company.test", "wsmith", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IO);
    fixture_close_store(fixture);
    g_assert_cmpint(g_rmdir(INBOX "/#msgs/00000001.eml"), ==, 0);
    g_autoptr(KxAccount) account = start_again(fixture);
    assert_message(account, "INBOX", 1, "a");
    assert_message(account, "Drafts", 1, "c");
}

static void remove_work(KxAccount *account)
{
    guint32 uid = deliver(account, "INBOX", "a");
    deliver(account, "INBOX", "b");
    g_assert_true(kx_folder_create(account, "Work", KX_TYPE_MAIL, 0, NULL));
    deliver(account, "Work", "c");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    expunge(inbox, uid);
    g_assert_true(kx_folder_delete(account, "Work", NULL, NULL));
}

static void test_removed_stay_removed(Fixture *fixture, gconstpointer data)
{
    run_and_lose_power(fixture, remove_work, 1);
    g_autoptr(KxAccount) account = start_again(fixture);
    g_assert_false(g_file_test(INBOX "/#msgs/00000001.eml", G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(HOME "/Work", G_FILE_TEST_EXISTS));
    assert_message(account, "INBOX", 2, "b");
}

/* A hard link shares the fate of the file, so that comes first. */
static void test_settled_before_links(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxAccount) other = open_account(fixture->store, "jwayne");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    guint32 uid = deliver(account, "INBOX", "a");
    g_assert_cmpuint(waiting(account), ==, 1);
    g_assert_true(kx_folder_copy(inbox, &uid, 1, account, "Drafts", FALSE, NULL, NULL, NULL));
    g_assert_cmpuint(waiting(account), ==, 0);
    uid = deliver(account, "INBOX", "b");
    g_assert_true(kx_folder_copy(inbox, &uid, 1, other, "INBOX", FALSE, NULL, NULL, NULL));
    g_assert_cmpuint(waiting(account), ==, 0);
}

static void test_bounded(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < 600; i++)
        deliver(account, "INBOX", "a");
    g_assert_cmpuint(waiting(account), <=, 256);
    g_autofree char *large = g_strnfill(10000, 'x'); /* it is in the message thrice */
    for (guint i = 0; i < 100; i++) {
        deliver(account, "INBOX", large);
        g_assert_cmpuint(waiting_of(account, BYTES), <, 1100 * 1000);
    }
    assert_consistent(account);
}

static void test_closed_settled(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    deliver(account, "INBOX", "a");
    g_clear_pointer(&account, kx_account_unref);
    fixture_close_store(fixture);
    g_autoptr(KxDb) index = kx_index_open(HOME "/index.db", 0, NULL);
    g_assert_cmpuint(read_rows(index, COUNT), ==, 0);
    g_clear_pointer(&index, kx_db_close);
    fixture_open_store(fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/redo/restored", test_restored);
    ADD_TEST("/redo/without-marker", test_without_marker);
    ADD_TEST("/redo/index-renamed", test_index_renamed);
    ADD_TEST("/redo/restored-when-possible", test_restored_when_possible);
    ADD_TEST("/redo/removed-stay-removed", test_removed_stay_removed);
    ADD_TEST("/redo/settled-before-links", test_settled_before_links);
    ADD_TEST("/redo/bounded", test_bounded);
    ADD_TEST("/redo/closed-settled", test_closed_settled);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Rebuilding the index: it is gone, renamed by an administrator, or damaged; files added and
 * removed by hand. */
#include <utime.h>

#include "store-test.h"

#define HOME  "store/mail/company.test/wsmith"
#define INBOX HOME "/INBOX/#msgs"

static const char *const WORK[] = {"Work", NULL};

/* INBOX: 1 seen, 2 removed, 3 with keyword, 4 flagged; Lists/Dev: 1 plain. */
static KxAccount *fill(Fixture *fixture)
{
    GError *error = NULL;
    KxAccount *account = open_account(fixture->store, "wsmith");
    deliver_flags(account, "INBOX", "one", KX_FLAG_SEEN, NULL);
    deliver(account, "INBOX", "two");
    deliver_flags(account, "INBOX", "three", 0, WORK);
    deliver_flags(account, "INBOX", "four", KX_FLAG_FLAGGED, NULL);
    g_assert_true(kx_folder_create(account, "Lists/Dev", KX_TYPE_MAIL, KX_USE_ARCHIVE, &error));
    g_assert_true(kx_folder_subscribe(account, "Lists/Dev", TRUE, &error));
    deliver(account, "Lists/Dev", "five");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    expunge(inbox, 2);
    return account;
}

static void shut(Fixture *fixture, KxAccount **account)
{
    g_clear_pointer(account, kx_account_unref);
    kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);
}

static guint32 flags_of(KxView *view, guint32 uid)
{
    KxItem item;
    g_assert_true(kx_view_item(view, uid, &item));
    return item.flags;
}

static void assert_taken_over(KxAccount *account)
{
    GError *error = NULL;
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    KxItem item;
    g_assert_cmpuint(kx_view_count(view), ==, 3);
    g_assert_cmpuint(flags_of(view, 1), ==, KX_FLAG_SEEN);
    g_assert_cmpuint(flags_of(view, 4), ==, KX_FLAG_FLAGGED);
    g_assert_true(kx_view_item(view, 3, &item));
    g_assert_nonnull(item.keywords);
    g_assert_cmpstr(item.keywords[0], ==, "Work");
    g_assert_cmpint(item.internal_date, ==, DATE);
    g_autoptr(KxFolderInfo) dev = kx_folder_find(account, "Lists/Dev", &error);
    g_assert_no_error(error);
    g_assert_true(dev->subscribed);
    g_assert_cmpuint(dev->special_use, ==, KX_USE_ARCHIVE);
    g_assert_cmpuint(dev->messages, ==, 1);
}

static guint count_matches(const char *text, const char *needle)
{
    guint n = 0;
    for (const char *at = text; (at = strstr(at, needle)); at += strlen(needle))
        n++;
    return n;
}

static void test_index_gone(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = fill(fixture);
    g_autoptr(KxFolderInfo) before = kx_folder_find(account, "INBOX", &error);
    guint64 modseq = highest_modseq(account);
    KxViewState state = {before->id, before->uid_validity, before->uid_next, modseq, modseq};
    shut(fixture, &account);
    g_assert_cmpint(g_unlink(HOME "/index.db"), ==, 0);
    account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, TRUE);
    g_autoptr(KxFolderInfo) after = kx_folder_find(account, "INBOX", &error);
    g_assert_cmpuint(after->uid_validity, ==, before->uid_validity);
    g_assert_cmpuint(after->id, ==, before->id);
    g_assert_cmpuint(after->uid_next, >=, before->uid_next);
    g_assert_cmpuint(highest_modseq(account), >, modseq);
    g_assert_cmpuint(kx_view_count(view), ==, 3);
    static const guint32 UIDS[] = {1, 3, 4};
    for (guint i = 0; i < 3; i++) {
        KxItem item;
        g_assert_cmpuint(kx_view_uid(view, i + 1), ==, UIDS[i]);
        g_assert_true(kx_view_item(view, UIDS[i], &item));
        g_assert_cmpint(item.internal_date, ==, DATE); /* kept by the file */
        g_assert_cmpuint(item.modseq, >, modseq);
    }
    guint32 uid = 3;
    g_auto(KxItemCache) cache = {0};
    g_assert_true(kx_folder_read_cache(inbox, &uid, 1, &cache, &error));
    g_assert_nonnull(strstr(cache.envelope, "\"three\""));
    g_assert_null(
        kx_view_resume(account, &state, &error)); /* nobody knows any more what was removed */
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    g_autoptr(KxFolderInfo) dev = kx_folder_find(account, "Lists/Dev", &error);
    g_assert_cmpuint(dev->special_use, ==, KX_USE_ARCHIVE);
    g_assert_true(dev->subscribed);
    g_autoptr(KxFolderInfo) tasks = kx_folder_find(account, "Tasks", &error);
    g_assert_cmpint(tasks->type, ==, KX_TYPE_TASKS);
    guint32 next = deliver(account, "INBOX", "later");
    g_assert_cmpuint(next, >=, before->uid_next);
    assert_consistent(account);
    kx_account_unref(account);
}

/* covers: TRB-05, TECH-22 */
static void test_index_bad(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = fill(fixture);
    g_autoptr(KxFolderInfo) before = kx_folder_find(account, "INBOX", &error);
    shut(fixture, &account);
    g_assert_cmpint(g_rename(HOME "/index.db", HOME "/index.bad"), ==, 0);
    account = open_account(fixture->store, "wsmith");
    assert_taken_over(account);
    g_autoptr(KxFolderInfo) after = kx_folder_find(account, "INBOX", &error);
    g_assert_cmpuint(after->uid_validity, ==, before->uid_validity);
    g_assert_cmpuint(after->uid_next, >=, before->uid_next);
    g_assert_cmpuint(after->recent, ==, before->recent);
    assert_consistent(account);
    kx_account_unref(account);
}

/* An index.bad of long ago: flags are taken from it, but no UID and no modseq comes twice. */
static void test_stale_index_bad(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = fill(fixture);
    shut(fixture, &account);
    g_autofree char *index = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(HOME "/index.db", &index, &len, NULL));
    account = open_account(fixture->store, "wsmith");
    guint32 uid = deliver(account, "INBOX", "after that");
    KxFolder *inbox = open_folder(account, "INBOX");
    expunge(inbox, uid);
    kx_folder_unref(inbox);
    guint64 modseq = highest_modseq(account);
    shut(fixture, &account);
    g_assert_cmpint(g_unlink(HOME "/index.db"), ==, 0);
    g_assert_true(g_file_set_contents(HOME "/index.bad", index, (gssize)len, NULL));
    account = open_account(fixture->store, "wsmith");
    assert_taken_over(account);
    inbox = open_folder(account, "INBOX");
    g_assert_cmpuint(inbox->meta.uid_next, >, uid);
    g_assert_cmpuint(highest_modseq(account), >, modseq);
    g_autoptr(GArray) vanished = NULL;
    g_assert_false(kx_folder_vanished_since(inbox, modseq - 1, &vanished, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    assert_consistent(account);
    kx_folder_unref(inbox);
    kx_account_unref(account);
}

/* The same while the server runs and sessions are open. */
static void test_index_bad_live(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = fill(fixture);
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    g_assert_cmpint(g_rename(HOME "/index.db", HOME "/index.bad"), ==, 0);
    g_assert_true(
        g_file_set_contents(INBOX "/added by hand.eml", "Subject: hand\r\n\r\n", -1, NULL));
    g_assert_cmpint(g_unlink(INBOX "/00000001.eml"), ==, 0);
    KxAccount *again = open_account(fixture->store, "wsmith"); /* the next access */
    g_assert_true(again == account);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(view, TRUE, FALSE, &changes, &error));
    g_assert_no_error(error);
    g_assert_true(changes.exists);
    g_assert_cmpuint(changes.vanished->len, ==, 1);
    g_assert_cmpuint(g_array_index(changes.vanished, guint32, 0), ==, 1);
    g_assert_cmpuint(kx_view_count(view), ==, 3);
    g_assert_cmpuint(kx_view_uid(view, 3), ==, 5);
    g_assert_true(g_file_test(INBOX "/00000005.eml", G_FILE_TEST_EXISTS));
    g_assert_cmpuint(flags_of(view, 4), ==, KX_FLAG_FLAGGED);
    deliver(account, "INBOX", "later");
    assert_consistent(account);
    kx_account_unref(again);
    kx_account_unref(account);
}

static void put_file(const char *name, const char *subject, time_t when)
{
    g_autofree char *path = g_strdup_printf(INBOX "/%s", name);
    g_autofree char *text = sample_message(subject);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(utime(path, &(struct utimbuf){when, when}), ==, 0);
}

/* covers: TECH-22 */
static void test_reindex(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = fill(fixture);
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    guint64 then = highest_modseq(account);
    put_file("letter b.eml", "b", 2000);
    put_file("letter a.EML", "a", 1000);
    put_file("00000002.eml", "restored after removal", 3000);
    put_file("00000009.eml", "ahead, but below the bound", 4000);
    put_file("7fffffff.eml", "never given out", 5000);
    put_file("notes.txt", "not a message", 6000);
    g_assert_cmpint(g_unlink(INBOX "/00000003.eml"), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(HOME "/By hand/#msgs", 0700), ==, 0);
    g_assert_true(g_file_set_contents(HOME "/By hand/#msgs/x.eml", "Subject: x\r\n\r\n", -1, NULL));
    guint items;
    g_assert_true(kx_account_reindex(account, &items, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(items, ==, 2 + 5 + 1 + 1);
    assert_consistent(account);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(view, TRUE, FALSE, &changes, &error));
    g_assert_cmpuint(changes.vanished->len, ==, 1);
    g_assert_cmpuint(g_array_index(changes.vanished, guint32, 0), ==, 3);
    static const guint32 UIDS[] = {1, 4, 9, 10, 11, 12, 13};
    static const char *const SUBJECTS[] = {"one",
                                           "four",
                                           "ahead, but below the bound",
                                           "a",
                                           "b",
                                           "restored after removal",
                                           "never given out"};
    g_assert_cmpuint(kx_view_count(view), ==, G_N_ELEMENTS(UIDS));
    for (guint i = 0; i < G_N_ELEMENTS(UIDS); i++) {
        g_assert_cmpuint(kx_view_uid(view, i + 1), ==, UIDS[i]);
        g_auto(KxItemCache) cache = {0};
        g_assert_true(kx_folder_read_cache(inbox, &UIDS[i], 1, &cache, &error));
        g_autofree char *subject = g_strdup_printf("\"%s\"", SUBJECTS[i]);
        g_assert_nonnull(strstr(cache.envelope, subject));
    }
    KxItem item;
    g_assert_true(kx_view_item(view, 10, &item));
    g_assert_cmpint(item.internal_date, ==, 1000);
    g_autoptr(GArray) vanished = NULL; /* the history goes on */
    g_assert_true(kx_folder_vanished_since(inbox, then, &vanished, &error));
    g_assert_cmpuint(vanished->len, ==, 1);
    g_autoptr(KxFolderInfo) hand = kx_folder_find(account, "By hand", &error);
    g_assert_cmpuint(hand->messages, ==, 1);
    g_assert_cmpuint(deliver(account, "INBOX", "next"), ==, 14);
    /* Nothing changed: nothing changes. */
    guint64 highest = kx_folder_highest_modseq(inbox);
    g_assert_true(kx_account_reindex(account, &items, &error));
    g_assert_cmpuint(kx_folder_highest_modseq(inbox), ==, highest);
    assert_consistent(account);
}

static void damage(guint64 seed)
{
    g_autoptr(GRand) random = g_rand_new_with_seed((guint32)seed);
    int fd = open(HOME "/index.db", O_RDWR);
    struct stat st;
    g_assert_cmpint(fstat(fd, &st), ==, 0);
    guint pages = (guint)(st.st_size / 4096);
    for (guint i = 0; i < 1 + seed % 4; i++) {
        guint32 garbage[1024];
        for (guint k = 0; k < 1024; k++)
            garbage[k] = g_rand_int(random);
        off_t at = (off_t)g_rand_int_range(random, 0, (gint32)pages) * 4096;
        g_assert_cmpint(pwrite(fd, garbage, sizeof garbage, at), ==, sizeof garbage);
    }
    close(fd);
}

/* covers: TRB-06, TRB-07 */
static void test_damaged(Fixture *fixture, gconstpointer data)
{
    enum { MESSAGES = 300 };
    KxAccount *account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < MESSAGES; i++)
        deliver(account, "INBOX", "x");
    shut(fixture, &account);
    for (guint seed = 0; seed < 40; seed++) {
        GError *error = NULL;
        damage(seed);
        account = open_account(fixture->store, "wsmith");
        g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
        g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
        g_assert_cmpuint(kx_view_count(view), ==, MESSAGES + seed);
        for (guint32 i = 1; i <= MESSAGES; i++) {
            g_auto(KxItemCache) cache = {0};
            g_assert_cmpuint(kx_view_uid(view, i), ==, i);
            g_assert_true(kx_folder_read_cache(inbox, &i, 1, &cache, &error));
            g_assert_no_error(error);
            g_assert_nonnull(cache.envelope);
        }
        deliver(account, "INBOX", "one more");
        g_assert_true(kx_account_reindex(account, NULL, &error)); /* what no access has touched */
        assert_consistent(account);
        g_clear_pointer(&view, kx_view_free);
        g_clear_pointer(&inbox, kx_folder_unref);
        shut(fixture, &account);
    }
    g_autofree char *log = read_log("error");
    g_assert_cmpuint(
        count_matches(log,
                      "] store.c: Folder ~wsmith@company.test/INBOX has corrupted status and index "
                      "files, going to restore them. Some flag information may be lost\n"),
        >, 5);
    g_assert_nonnull(strstr(log, "Folder ~wsmith@company.test/Sent Items has corrupted"));
}

/* Damaged under the feet of open sessions: no command fails. */
static void test_damaged_live(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = fill(fixture);
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64); /* closes the index under them */
    g_assert_true(g_file_set_contents(HOME "/index.db",
                                      "This is not a database, as anyone can see. ", -1, NULL));
    g_assert_cmpuint(deliver(account, "INBOX", "after"), ==, 5);
    g_assert_true(g_file_test(HOME "/index.bad", G_FILE_TEST_EXISTS));
    change_flags(inbox, 1, KX_FLAGS_ADD, KX_FLAG_DELETED);
    g_autoptr(KxView) second = kx_view_new(inbox, FALSE);
    g_assert_cmpuint(kx_view_count(second), ==, 4);
    /* With the folder in memory nothing is lost at all. */
    g_assert_true(g_file_set_contents(HOME "/garbage", "garbage", -1, NULL));
    g_assert_cmpint(g_rename(HOME "/garbage", HOME "/index.db"), ==, 0);
    g_autoptr(KxAccount) again = open_account(fixture->store, "wsmith");
    g_assert_cmpuint(flags_of(second, 1), ==, KX_FLAG_DELETED);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(second, TRUE, FALSE, &changes, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(changes.vanished->len, ==, 0);
    assert_consistent(account);
}

static void test_folder_file_gone(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = fill(fixture);
    g_autoptr(KxFolderInfo) before = kx_folder_find(account, "INBOX", &error);
    shut(fixture, &account);
    g_assert_cmpint(g_unlink(HOME "/INBOX/#folder"), ==, 0);
    g_assert_true(g_file_set_contents(HOME "/Drafts/#folder", "junk", -1, NULL));
    account = open_account(fixture->store, "wsmith");
    g_assert_true(kx_account_reindex(account, NULL, &error)); /* the index still knows */
    g_autoptr(KxFolderInfo) after = kx_folder_find(account, "INBOX", &error);
    g_assert_cmpuint(after->uid_validity, ==, before->uid_validity);
    g_assert_cmpuint(after->id, ==, before->id);
    assert_taken_over(account);
    assert_consistent(account);
    shut(fixture, &account);
    g_assert_cmpint(g_unlink(HOME "/INBOX/#folder"), ==, 0); /* and now nobody does */
    g_assert_cmpint(g_unlink(HOME "/index.db"), ==, 0);
    g_unlink(HOME "/index.bad");
    account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolderInfo) fresh = kx_folder_find(account, "INBOX", &error);
    g_assert_cmpuint(fresh->uid_validity, !=, before->uid_validity);
    g_assert_cmpuint(fresh->messages, ==, 3);
    assert_consistent(account);
    kx_account_unref(account);
}

static void test_empty_home(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(HOME, 0700), ==, 0);
    KxAccount *account = open_account(fixture->store, "wsmith");
    g_autoptr(GPtrArray) list = kx_folder_list(account, FALSE, &error);
    g_assert_cmpuint(list->len, ==, 9);
    shut(fixture, &account);
    kx_remove_tree(HOME "/INBOX");
    g_assert_cmpint(g_unlink(HOME "/index.db"), ==, 0);
    account = open_account(fixture->store, "wsmith");
    g_autoptr(GPtrArray) again = kx_folder_list(account, FALSE, &error);
    g_assert_cmpuint(again->len, ==, 9); /* INBOX is always there */
    assert_consistent(account);
    kx_account_unref(account);
}

static void test_check(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = fill(fixture);
    put_file("0000000a.eml", "x", 1);
    put_file("stray.eml", "x", 1);
    g_assert_cmpint(g_unlink(INBOX "/00000003.eml"), ==, 0);
    g_assert_true(g_file_set_contents(INBOX "/00000004.eml", "short", -1, NULL));
    g_assert_true(g_file_set_contents(HOME "/Drafts/#folder", "junk", -1, NULL));
    g_assert_cmpint(g_mkdir(HOME "/Unknown", 0700), ==, 0);
    g_autoptr(GPtrArray) lines = kx_account_check(account, &error);
    g_assert_no_error(error);
    g_autofree char *text = sample_message("four");
    g_autofree char *sizes =
        g_strdup_printf("INBOX: message 4 has 5 bytes, the index says %zu", strlen(text));
    const char *const EXPECTED[] = {
        "INBOX: the file stray.eml is not in the index",
        "INBOX: the file of message 3 is missing",
        sizes,
        "INBOX: the file 0000000a.eml is not in the index",
        "Drafts: store/mail/company.test/wsmith/Drafts/#folder is not what the server wrote",
        "Unknown: the folder is not in the index",
    };
    g_assert_cmpuint(lines->len, ==, G_N_ELEMENTS(EXPECTED));
    for (guint i = 0; i < lines->len; i++)
        g_assert_cmpstr(lines->pdata[i], ==, EXPECTED[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/rebuild/index-gone", test_index_gone);
    ADD_TEST("/store/rebuild/index-bad", test_index_bad);
    ADD_TEST("/store/rebuild/stale-index-bad", test_stale_index_bad);
    ADD_TEST("/store/rebuild/index-bad-live", test_index_bad_live);
    ADD_TEST("/store/rebuild/reindex", test_reindex);
    ADD_TEST("/store/rebuild/damaged", test_damaged);
    ADD_TEST("/store/rebuild/damaged-live", test_damaged_live);
    ADD_TEST("/store/rebuild/folder-file-gone", test_folder_file_gone);
    ADD_TEST("/store/rebuild/empty-home", test_empty_home);
    ADD_TEST("/store/rebuild/check", test_check);
    return g_test_run();
}

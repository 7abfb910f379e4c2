/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, delivery, content and cache. */
#include "store-test.h"

/* covers: TECH-20 */
static void test_deliver(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "inbox");
    g_autoptr(KxView) view = kx_view_new(inbox, TRUE);
    g_assert_cmpuint(kx_view_count(view), ==, 0);
    guint32 uid = deliver(account, "INBOX", "first");
    g_assert_cmpuint(uid, ==, 1);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(view, TRUE, TRUE, &changes, &error));
    g_assert_true(changes.exists);
    g_assert_cmpuint(kx_view_count(view), ==, 1);
    g_assert_cmpuint(kx_view_recent(view), ==, 1);
    g_autofree char *text = sample_message("first");
    g_autoptr(GBytes) content = kx_item_content(inbox, uid, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(text, (int)strlen(text), g_bytes_get_data(content, NULL),
                    (int)g_bytes_get_size(content));
    g_auto(KxItemCache) cache = {0};
    g_assert_true(kx_folder_read_cache(inbox, &uid, 1, &cache, &error));
    g_assert_nonnull(strstr(cache.envelope, "\"first\""));
    g_assert_nonnull(strstr(cache.structure, "\"text\" \"plain\""));
    g_autofree char *on_disk = NULL;
    g_assert_true(g_file_get_contents("store/mail/company.test/wsmith/INBOX/#msgs/00000001.eml",
                                      &on_disk, NULL, NULL));
    g_assert_cmpstr(on_disk, ==, text);
    KxItem item;
    g_assert_true(kx_view_item(view, uid, &item));
    g_assert_cmpuint(item.size, ==, strlen(text));
    g_assert_cmpint(item.internal_date, ==, DATE);
    g_assert_cmpint(ABS(item.save_date - g_get_real_time() / G_USEC_PER_SEC), <, 60);
    g_assert_cmpuint(item.flags, ==, 0);
    g_assert_null(item.keywords);
    assert_consistent(account);
}

/* covers: TRB-02, TRB-03 */
static void test_default_folders(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *path;
        KxFolderType type;
        guint use;
    } EXPECTED[] = {
        {"INBOX", KX_TYPE_MAIL, 0},
        {"Calendar", KX_TYPE_CALENDAR, 0},
        {"Contacts", KX_TYPE_CONTACTS, 0},
        {"Deleted Items", KX_TYPE_MAIL, KX_USE_TRASH},
        {"Drafts", KX_TYPE_MAIL, KX_USE_DRAFTS},
        {"Junk E-mail", KX_TYPE_MAIL, KX_USE_JUNK},
        {"Notes", KX_TYPE_NOTES, 0},
        {"Sent Items", KX_TYPE_MAIL, KX_USE_SENT},
        {"Tasks", KX_TYPE_TASKS, 0},
    };
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_assert_cmpstr(kx_account_name(account), ==, "wsmith@company.test");
    g_autoptr(GPtrArray) list = kx_folder_list(account, TRUE, &error);
    g_assert_cmpuint(list->len, ==, G_N_ELEMENTS(EXPECTED));
    for (guint i = 0; i < list->len; i++) {
        const KxFolderInfo *info = list->pdata[i];
        g_assert_cmpstr(info->path, ==, EXPECTED[i].path);
        g_assert_cmpint(info->type, ==, EXPECTED[i].type);
        g_assert_cmpuint(info->special_use, ==, EXPECTED[i].use);
        g_assert_cmpint(info->subscribed, ==, EXPECTED[i].type == KX_TYPE_MAIL);
        g_assert_cmpuint(info->uid_next, ==, 1);
        g_assert_cmpuint(info->uid_validity, >, 0);
        g_assert_false(info->has_children);
        g_autofree char *messages =
            g_strdup_printf("store/mail/company.test/wsmith/%s/#msgs", EXPECTED[i].path);
        g_assert_true(g_file_test(messages, G_FILE_TEST_IS_DIR));
        g_autofree char *file =
            g_strdup_printf("store/mail/company.test/wsmith/%s/#folder", EXPECTED[i].path);
        g_assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
    }
    g_assert_true(g_file_test("store/mail/company.test/wsmith/index.db", G_FILE_TEST_IS_REGULAR));
    assert_consistent(account);
}

static void test_long_names(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autofree char *label = g_strnfill(63, 'd');
    g_autofree char *domain = g_strdup_printf("%s.%s.%s.%.61s", label, label, label, label);
    g_autofree char *user = g_strnfill(64, '%');
    g_autoptr(KxAccount) account = kx_store_account(fixture->store, domain, user, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(deliver(account, "INBOX", "x"), ==, 1);
    g_assert_true(kx_account_reindex(account, NULL, &error));
    assert_consistent(account);
}

static void test_links(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) one = open_account(fixture->store, "one");
    g_autoptr(KxAccount) two = open_account(fixture->store, "two");
    g_autofree char *text = sample_message("shared");
    g_autoptr(KxIncoming) incoming = make_content(fixture->store, text);
    KxDelivery targets[] = {
        {.account = one, .folder = "INBOX", .internal_date = DATE},
        {.account = two, .folder = "INBOX", .internal_date = DATE},
        {.account = one, .folder = "Nowhere", .internal_date = DATE},
        {.account = one,
         .folder = "Drafts",
         .flags = KX_FLAG_SEEN | KX_FLAG_DRAFT,
         .internal_date = DATE},
    };
    g_assert_false(kx_incoming_deliver(incoming, targets, G_N_ELEMENTS(targets)));
    g_assert_error(targets[2].ret_error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&targets[2].ret_error);
    static const char *const FILES[] = {"one/INBOX", "two/INBOX", "one/Drafts"};
    ino_t inode = 0;
    for (guint i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *path =
            g_strdup_printf("store/mail/company.test/%s/#msgs/00000001.eml", FILES[i]);
        struct stat st;
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_true(inode == 0 || inode == st.st_ino);
        inode = st.st_ino;
        g_assert_cmpint(st.st_mtime, ==, DATE);
        g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    }
    for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_assert_no_error(targets[i].ret_error);
        g_assert_cmpuint(targets[i].ret_uid, ==, i == 2 ? 0 : 1);
    }
    KxUsage usage = kx_account_usage(one);
    g_assert_cmpuint(usage.items, ==, 2);
    g_assert_cmpuint(usage.bytes, ==, 2 * strlen(text));
    assert_consistent(one);
    assert_consistent(two);
}

/* covers: TECH-07 */
static void test_vanished_file(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    guint32 uids[] = {deliver(account, "INBOX", "a"), deliver(account, "INBOX", "b"),
                      deliver(account, "INBOX", "c")};
    g_assert_cmpint(g_unlink("store/mail/company.test/wsmith/INBOX/#msgs/00000002.eml"), ==, 0);
    g_assert_null(kx_item_content(inbox, 2, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    KxItemCache caches[3];
    g_assert_true(kx_folder_read_cache(inbox, uids, 3, caches, &error));
    for (guint i = 0; i < 3; i++) {
        g_assert_nonnull(caches[i].envelope);
        kx_item_cache_clear(&caches[i]);
    }
    change_flags(inbox, 2, KX_FLAGS_ADD, KX_FLAG_SEEN);
    g_auto(KxCopied) copied = {0};
    g_assert_true(kx_folder_copy(inbox, uids, 3, account, "Drafts", FALSE, NULL, &copied, &error));
    g_assert_cmpuint(copied.from->len, ==, 2); /* what has no content any more is passed over */
    g_assert_cmpuint(copied.to->len, ==, 2);
    expunge(inbox, 2);
    assert_consistent(account);
}

static void test_large_content(Fixture *fixture, gconstpointer data)
{
    enum { CHUNK = 10007, CHUNKS = 100 };
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxIncoming) incoming = make_content(fixture->store, "Subject: large\r\n\r\n");
    GString *expected = g_string_new("Subject: large\r\n\r\n");
    const char *early, *later;
    size_t early_len, later_len;
    g_assert_true(kx_incoming_map(incoming, &early, &early_len, &error));
    for (guint i = 0; i < CHUNKS; i++) {
        g_autofree char *chunk = g_strnfill(CHUNK, (char)('a' + i % 26));
        g_assert_true(kx_incoming_write(incoming, chunk, CHUNK, &error));
        g_string_append(expected, chunk);
        if (i == 50)
            g_assert_true(kx_incoming_map(incoming, &later, &later_len, &error));
    }
    g_assert_cmpmem(early, (int)early_len, expected->str, 18);
    g_assert_cmpmem(later, (int)later_len, expected->str, (int)(18 + 51 * CHUNK));
    g_assert_cmpuint(kx_incoming_size(incoming), ==, expected->len);
    KxDelivery target = {.account = account, .folder = "INBOX", .internal_date = DATE};
    g_assert_true(kx_incoming_deliver(incoming, &target, 1));
    g_autoptr(GBytes) content = kx_item_content(inbox, target.ret_uid, &error);
    g_assert_cmpmem(expected->str, (int)expected->len, g_bytes_get_data(content, NULL),
                    (int)g_bytes_get_size(content));
    g_string_free(expected, TRUE);
}

static void test_small_content(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxIncoming) incoming = make_content(fixture->store, "Subject: a\r\n");
    const char *shown;
    size_t len;
    g_assert_true(kx_incoming_map(incoming, &shown, &len, &error));
    g_assert_cmpmem(shown, (int)len, "Subject: a\r\n", 12);
    g_assert_true(kx_incoming_write(incoming, "\r\nbody\r\n", 8, &error));
    g_assert_cmpmem(shown, (int)len, "Subject: a\r\n", 12);
    g_assert_true(kx_incoming_link(incoming, "store/tmp/linked", &error));
    g_assert_false(kx_incoming_link(incoming, "store/tmp/linked", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_EXISTS);
    g_clear_error(&error);
    KxDelivery target = {.account = account, .folder = "INBOX", .internal_date = DATE};
    g_assert_true(kx_incoming_deliver(incoming, &target, 1));
    g_autofree char *linked = NULL;
    g_assert_true(g_file_get_contents("store/tmp/linked", &linked, NULL, NULL));
    g_assert_cmpstr(linked, ==, "Subject: a\r\n\r\nbody\r\n");
    g_autoptr(KxIncoming) empty = kx_incoming_new(fixture->store, &error);
    g_assert_true(kx_incoming_deliver(empty, &target, 1));
    g_autoptr(GBytes) content = kx_item_content(inbox, target.ret_uid, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(content), ==, 0);
    assert_consistent(account);
}

/* What is not delivered leaves nothing behind, at the latest after the next start. */
static void test_temporary_files(Fixture *fixture, gconstpointer data)
{
    g_autofree char *large = g_strnfill(200000, 'x');
    KxIncoming *incoming = make_content(fixture->store, large);
    g_autoptr(GDir) before = g_dir_open("store/tmp", 0, NULL);
    g_assert_nonnull(g_dir_read_name(before));
    kx_incoming_free(incoming);
    g_autoptr(GDir) after = g_dir_open("store/tmp", 0, NULL);
    g_assert_null(g_dir_read_name(after));
    g_assert_true(g_file_set_contents("store/tmp/left", "x", 1, NULL));
    fixture_close_store(fixture);
    fixture_open_store(fixture);
    g_assert_false(g_file_test("store/tmp/left", G_FILE_TEST_EXISTS));
}

/* A file in the way, put there by hand, is neither overwritten nor taken for a message. */
static void test_file_in_the_way(Fixture *fixture, gconstpointer data)
{
    static const char PATH[] = "store/mail/company.test/wsmith/INBOX/#msgs/00000002.eml";
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_assert_cmpuint(deliver(account, "INBOX", "one"), ==, 1);
    g_assert_true(g_file_set_contents(PATH, "mine", -1, NULL));
    g_assert_cmpuint(deliver(account, "INBOX", "two"), ==, 3);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(PATH, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "mine");
    g_assert_true(kx_account_reindex(account, NULL, NULL));
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    g_assert_cmpuint(info->messages, ==, 3);
    assert_consistent(account);
}

/* ext4 allows 65,000 links to a file; beyond that the content is copied. */
static void test_link_limit(Fixture *fixture, gconstpointer data)
{
    enum { LINKS = 70000 };
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    guint32 uid = deliver(account, "INBOX", "popular");
    g_autofree char *first = kx_message_file("store/mail/company.test/wsmith/INBOX", uid);
    g_assert_cmpint(g_mkdir("links", 0700), ==, 0);
    int made = 0;
    for (gboolean ok = TRUE; ok && made < LINKS; made += ok) {
        g_autofree char *name = g_strdup_printf("links/%d", made);
        ok = link(first, name) == 0;
    }
    g_auto(KxCopied) copied = {0};
    g_assert_true(kx_folder_copy(inbox, &uid, 1, account, "Drafts", FALSE, NULL, &copied, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(copied.to->len, ==, 1);
    struct stat st;
    g_assert_cmpint(stat("store/mail/company.test/wsmith/Drafts/#msgs/00000001.eml", &st), ==, 0);
    g_assert_cmpint(st.st_nlink == 1, ==, made < LINKS);
    g_assert_cmpint(st.st_mtime, ==, DATE);
    assert_consistent(account);
    kx_remove_tree("links");
}

static void test_deliver_all(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    KxIncoming *contents[3];
    KxDelivery targets[3];
    static const char *const SUBJECTS[] = {"x", "y", "z"};
    static const char *const KEYWORDS[] = {"$Important", NULL}, *const BAD[] = {"no good", NULL};
    for (guint i = 0; i < 3; i++) {
        g_autofree char *text = sample_message(SUBJECTS[i]);
        contents[i] = make_content(fixture->store, text);
        targets[i] = (KxDelivery){.account = account,
                                  .folder = "Drafts",
                                  .internal_date = DATE + i,
                                  .keywords = i == 2 ? BAD : KEYWORDS};
    }
    g_assert_false(kx_incoming_deliver_all(contents, targets, 3, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_clear_error(&error);
    g_autoptr(KxFolderInfo) none = kx_folder_find(account, "Drafts", &error);
    g_assert_cmpuint(none->messages, ==, 0);
    targets[2].keywords = NULL;
    g_assert_true(kx_incoming_deliver_all(contents, targets, 3, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < 3; i++) {
        g_assert_cmpuint(targets[i].ret_uid, ==, targets[0].ret_uid + i);
        targets[i].folder = "Nowhere";
    }
    g_assert_false(kx_incoming_deliver_all(contents, targets, 3, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    for (guint i = 0; i < 3; i++)
        kx_incoming_free(contents[i]);
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "Drafts", &error);
    g_assert_cmpuint(info->messages, ==, 3);
    g_assert_cmpuint(info->unseen, ==, 3);
    g_assert_cmpuint(info->recent, ==, 3);
    assert_consistent(account);
}

static void test_closing(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = open_account(fixture->store, "wsmith");
    KxFolder *inbox = open_folder(account, "INBOX");
    KxView *view = kx_view_new(inbox, TRUE);
    deliver(account, "INBOX", "one");
    g_assert_true(g_file_test("store/open/company.test/wsmith", G_FILE_TEST_EXISTS));
    kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);
    /* The session goes on, but the index is closed and its folder not in memory. */
    g_assert_false(g_file_test("store/open/company.test/wsmith", G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test("store/mail/company.test/wsmith/index.db-wal", G_FILE_TEST_EXISTS));
    g_assert_null(account->db);
    g_assert_false(inbox->loaded);
    deliver(account, "INBOX", "two");
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(view, TRUE, TRUE, &changes, &error));
    g_assert_true(changes.exists);
    g_assert_cmpuint(kx_view_count(view), ==, 2);
    g_assert_cmpuint(kx_view_recent(view), ==, 2);
    kx_view_free(view);
    kx_folder_unref(inbox);
    kx_account_unref(account);
    g_assert_cmpuint(g_hash_table_size(fixture->store->accounts), ==, 1);
    kx_store_tick(fixture->store);
    g_assert_cmpuint(g_hash_table_size(fixture->store->accounts), ==, 1);
    kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);
    g_assert_cmpuint(g_hash_table_size(fixture->store->accounts), ==, 0);
    g_autoptr(KxAccount) again = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolderInfo) info = kx_folder_find(again, "INBOX", &error);
    g_assert_cmpuint(info->messages, ==, 2);
    g_assert_cmpuint(info->recent, ==, 0); /* that they were claimed has been kept */
}

static void test_many_accounts(Fixture *fixture, gconstpointer data)
{
    enum { ACCOUNTS = 60, MAX_OPEN = 20 };
    fixture->store->max_open = MAX_OPEN;
    g_autoptr(GPtrArray) accounts =
        g_ptr_array_new_with_free_func((GDestroyNotify)kx_account_unref);
    for (guint i = 0; i < ACCOUNTS; i++) {
        g_autofree char *user = g_strdup_printf("user%04u", i);
        g_ptr_array_add(accounts, open_account(fixture->store, user));
        g_assert_cmpint(fixture->store->n_open, <=, MAX_OPEN);
    }
    for (guint i = 0; i < ACCOUNTS; i += 7)
        g_assert_cmpuint(deliver(accounts->pdata[i], "INBOX", "x"), ==, 1);
    g_assert_cmpint(fixture->store->n_open, <=, MAX_OPEN);
}

static void test_remove_account(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = open_account(fixture->store, "wsmith");
    deliver(account, "INBOX", "one");
    g_assert_false(kx_store_remove_account(fixture->store, "company.test", "wsmith", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_IN_USE);
    g_clear_error(&error);
    kx_account_unref(account);
    g_assert_true(kx_store_remove_account(fixture->store, "company.test", "wsmith", &error));
    g_assert_no_error(error);
    g_assert_false(g_file_test("store/mail/company.test/wsmith", G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test("store/open/company.test/wsmith", G_FILE_TEST_EXISTS));
    g_assert_true(kx_store_remove_account(fixture->store, "company.test", "nobody", &error));
    account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", &error);
    g_assert_cmpuint(info->messages, ==, 0);
    kx_account_unref(account);
}

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    guint calls;
} Counter;

static void count_call(gpointer data)
{
    Counter *counter = data;
    pthread_mutex_lock(&counter->lock);
    counter->calls++;
    pthread_cond_broadcast(&counter->cond);
    pthread_mutex_unlock(&counter->lock);
}

static void await_calls(Counter *counter, guint at_least)
{
    pthread_mutex_lock(&counter->lock);
    while (counter->calls < at_least)
        pthread_cond_wait(&counter->cond, &counter->lock);
    pthread_mutex_unlock(&counter->lock);
}

static void test_watch(Fixture *fixture, gconstpointer data)
{
    enum { WATCHERS = 1000 };
    Counter counter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    Counter other = counter;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxFolder) drafts = open_folder(account, "Drafts");
    guint ids[WATCHERS];
    for (guint i = 0; i < WATCHERS; i++)
        ids[i] = kx_folder_watch(inbox, count_call, &counter);
    guint other_id = kx_folder_watch(drafts, count_call, &other);
    guint32 uid = deliver(account, "INBOX", "one");
    await_calls(&counter, WATCHERS);
    change_flags(inbox, uid, KX_FLAGS_ADD, KX_FLAG_SEEN);
    await_calls(&counter, 2 * WATCHERS);
    expunge(inbox, uid);
    await_calls(&counter, 3 * WATCHERS);
    g_assert_cmpuint(other.calls, ==, 0);
    for (guint i = 0; i < WATCHERS; i++)
        kx_folder_unwatch(inbox, ids[i]);
    guint before = counter.calls;
    deliver(account, "INBOX", "two");
    deliver(account, "Drafts", "three");
    await_calls(&other, 1);
    g_assert_cmpuint(counter.calls, ==, before);
    kx_folder_unwatch(drafts, other_id);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/deliver", test_deliver);
    ADD_TEST("/store/default-folders", test_default_folders);
    ADD_TEST("/store/long-names", test_long_names);
    ADD_TEST("/store/links", test_links);
    ADD_TEST("/store/vanished-file", test_vanished_file);
    ADD_TEST("/store/large-content", test_large_content);
    ADD_TEST("/store/small-content", test_small_content);
    ADD_TEST("/store/temporary-files", test_temporary_files);
    ADD_TEST("/store/file-in-the-way", test_file_in_the_way);
    g_test_add("/store/link-limit", Fixture, g_get_tmp_dir(), fixture_set_up, test_link_limit,
               fixture_tear_down);
    ADD_TEST("/store/deliver-all", test_deliver_all);
    ADD_TEST("/store/closing", test_closing);
    ADD_TEST("/store/many-accounts", test_many_accounts);
    ADD_TEST("/store/remove-account", test_remove_account);
    ADD_TEST("/store/watch", test_watch);
    return g_test_run();
}

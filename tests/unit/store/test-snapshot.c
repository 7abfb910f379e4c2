/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of folders: what is opened from one is what the index says, whatever became of it. */
#include "store-test.h"

#include "store/snapshot-private.h"

enum { MESSAGES = 100, MIN = 10 };

#define MAILBOX "store/mail/company.test/wsmith/"
#define FILE    MAILBOX "INBOX/#items"

typedef struct {
    KxAccount *account;
    KxFolder *inbox;
    guint32 uids[MESSAGES];
    char *saved; /* what the file was */
    gsize saved_len;
} Box;

static void open_inbox(Box *box)
{
    GError *error = NULL;
    box->inbox = open_folder(box->account, "INBOX");
    g_assert_true(kx_folder_lock_loaded(box->inbox, &error));
    pthread_mutex_unlock(&box->account->state_lock);
}

static void open_box(Fixture *fixture, Box *box)
{
    fixture->store->snapshot_min = MIN;
    box->account = open_account(fixture->store, "wsmith");
    open_inbox(box);
}

static void shut_box(Fixture *fixture, Box *box)
{
    g_clear_pointer(&box->inbox, kx_folder_unref);
    g_clear_pointer(&box->account, kx_account_unref);
    fixture_close_store(fixture);
}

static void reopen(Fixture *fixture, Box *box)
{
    shut_box(fixture, box);
    fixture_open_store(fixture);
    open_box(fixture, box);
}

static void close_box(Box *box)
{
    assert_consistent(box->account);
    kx_folder_unref(box->inbox);
    kx_account_unref(box->account);
    g_free(box->saved);
}

/* With flags and keywords of several kinds. */
static void fill(Fixture *fixture, Box *box)
{
    static const char *const WORK[] = {"Work", NULL}, *const BOTH[] = {"Home", "Work", NULL};
    GError *error = NULL;
    *box = (Box){0};
    open_box(fixture, box);
    for (guint i = 0; i < MESSAGES; i++)
        box->uids[i] = deliver(box->account, "INBOX", "subject");
    for (guint i = 0; i < MESSAGES; i += 5) {
        KxFlagsChange change = {.op = KX_FLAGS_ADD,
                                .flags = i % 2 ? KX_FLAG_SEEN : KX_FLAG_FLAGGED,
                                .keywords = i % 3 ? WORK : BOTH};
        kx_folder_change_flags(box->inbox, &box->uids[i], 1, &change, NULL, NULL, &error);
        g_assert_no_error(error);
    }
}

static void save(Box *box)
{
    g_clear_pointer(&box->saved, g_free);
    g_assert_true(g_file_get_contents(FILE, &box->saved, &box->saved_len, NULL));
}

static void fill_and_save(Fixture *fixture, Box *box)
{
    fill(fixture, box);
    reopen(fixture, box);
    save(box);
}

/* As if the server had been killed before it wrote the file again. */
static void reopen_with_saved(Fixture *fixture, Box *box)
{
    shut_box(fixture, box);
    g_assert_true(g_file_set_contents(FILE, box->saved, (gssize)box->saved_len, NULL));
    fixture_open_store(fixture);
    open_box(fixture, box);
}

static void test_held(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill(fixture, &box);
    reopen(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES);
    g_assert_cmpuint(box.inbox->n, ==, MESSAGES);
    assert_consistent(box.account);
    const KxEntry *entry = &box.inbox->entries[15];
    g_assert_cmpuint(entry->flags, ==, KX_FLAG_SEEN);
    KxKeywords names = kx_keywords_names(&box.inbox->keywords, entry->keywords);
    g_assert_cmpuint(g_strv_length((char **)(void *)names), ==, 2);
    close_box(&box);
}

static void test_arrived_since(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill_and_save(fixture, &box);
    deliver(box.account, "INBOX", "new");
    reopen(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES); /* not written for one */
    g_assert_cmpuint(box.inbox->n, ==, MESSAGES + 1);
    for (guint i = 0; i < MIN; i++)
        deliver(box.account, "INBOX", "new");
    reopen_with_saved(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES);
    g_assert_cmpuint(box.inbox->n, ==, MESSAGES + 1 + MIN);
    assert_consistent(box.account);
    reopen(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES + 1 + MIN);
    close_box(&box);
}

static void test_changed_since(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill_and_save(fixture, &box);
    change_flags(box.inbox, box.uids[7], KX_FLAGS_REPLACE, KX_FLAG_DRAFT);
    reopen_with_saved(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
    g_assert_cmpuint(box.inbox->entries[7].flags, ==, KX_FLAG_DRAFT);
    reopen(fixture, &box); /* the new one */
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES);
    g_assert_cmpuint(box.inbox->entries[7].flags, ==, KX_FLAG_DRAFT);
    close_box(&box);
}

static void test_changed_in_bulk(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Box box;
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_ANSWERED};
    fill_and_save(fixture, &box);
    kx_folder_change_flags(box.inbox, box.uids, MESSAGES, &change, NULL, NULL, &error);
    g_assert_no_error(error);
    reopen(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES);
    g_assert_cmpuint(box.inbox->entries[1].flags, ==, KX_FLAG_ANSWERED);
    reopen_with_saved(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
    g_assert_cmpuint(box.inbox->entries[1].flags, ==, KX_FLAG_ANSWERED);
    close_box(&box);
}

static void test_removed_since(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill_and_save(fixture, &box);
    expunge(box.inbox, box.uids[3]);
    deliver(box.account, "INBOX", "new");
    reopen_with_saved(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
    g_assert_cmpuint(box.inbox->n, ==, MESSAGES);
    g_assert_null(kx_items_find(box.inbox, box.uids[3]));
    close_box(&box);
}

static void test_damaged(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill_and_save(fixture, &box);
    for (gsize at = 0; at < box.saved_len; at += 97) {
        box.saved[at] ^= 0x10;
        reopen_with_saved(fixture, &box);
        g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
        g_assert_cmpuint(box.inbox->n, ==, MESSAGES);
        g_assert_cmpint(g_access(FILE, F_OK), <, 0);
        box.saved[at] ^= 0x10;
    }
    box.saved_len--;
    reopen_with_saved(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
    close_box(&box);
}

/* What the index does not agree with is not used, and written anew. */
static void test_counts(Fixture *fixture, gconstpointer data)
{
    static const char *const STATEMENTS[] = {
        "UPDATE items SET flags=1 WHERE account=? AND uid=2",
        "UPDATE folders SET unseen=unseen-1 WHERE account=? AND name='INBOX'"};
    GError *error = NULL;
    Box box;
    fill_and_save(fixture, &box);
    shut_box(fixture, &box);
    KxDb *db = kx_index_open(MAILBOX "index.db", 0, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(STATEMENTS); i++)
        g_assert_true(kx_stmt_run(kx_index_stmt(db, STATEMENTS[i], &error), &error));
    kx_db_close(db);
    fixture_open_store(fixture);
    open_box(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
    g_assert_cmpuint(box.inbox->entries[1].flags, ==, KX_FLAG_SEEN);
    reopen(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES);
    g_assert_cmpuint(box.inbox->entries[1].flags, ==, KX_FLAG_SEEN);
    close_box(&box);
}

static void test_of_another_index(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill_and_save(fixture, &box);
    shut_box(fixture, &box);
    g_assert_cmpint(g_rename(MAILBOX "index.db", MAILBOX "index.bad"), ==, 0);
    fixture_open_store(fixture);
    open_box(fixture, &box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, 0);
    g_assert_cmpuint(box.inbox->n, ==, MESSAGES);
    close_box(&box);
}

/* A folder that nobody has open leaves memory, and its items are written. */
static void test_idle(Fixture *fixture, gconstpointer data)
{
    Box box;
    fill(fixture, &box);
    g_clear_pointer(&box.inbox, kx_folder_unref);
    gint64 later = g_get_monotonic_time() + G_USEC_PER_SEC;
    kx_store_close_idle(fixture->store, later, later);
    g_assert_cmpint(g_access(FILE, F_OK), ==, 0);
    open_inbox(&box);
    g_assert_cmpuint(box.inbox->snapshot_items, ==, MESSAGES);
    g_clear_pointer(&box.inbox, kx_folder_unref);
    g_clear_pointer(&box.account, kx_account_unref);
    g_assert_cmpint(g_unlink(FILE), ==, 0);
    open_box(fixture, &box); /* still in memory */
    change_flags(box.inbox, box.uids[7], KX_FLAGS_REPLACE, KX_FLAG_DRAFT);
    g_clear_pointer(&box.inbox, kx_folder_unref);
    g_clear_pointer(&box.account, kx_account_unref);
    later = g_get_monotonic_time() + G_USEC_PER_SEC;
    kx_store_close_idle(fixture->store, later, later); /* the whole account */
    g_assert_cmpint(g_access(FILE, F_OK), ==, 0);
    open_box(fixture, &box);
    close_box(&box);
}

static void test_few(Fixture *fixture, gconstpointer data)
{
    Box box = {0};
    open_box(fixture, &box);
    for (guint i = 0; i < MIN - 1; i++)
        deliver(box.account, "INBOX", "subject");
    reopen(fixture, &box);
    g_assert_cmpint(g_access(FILE, F_OK), <, 0);
    close_box(&box);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/snapshot/held", test_held);
    ADD_TEST("/store/snapshot/arrived-since", test_arrived_since);
    ADD_TEST("/store/snapshot/changed-since", test_changed_since);
    ADD_TEST("/store/snapshot/changed-in-bulk", test_changed_in_bulk);
    ADD_TEST("/store/snapshot/removed-since", test_removed_since);
    ADD_TEST("/store/snapshot/damaged", test_damaged);
    ADD_TEST("/store/snapshot/counts", test_counts);
    ADD_TEST("/store/snapshot/of-another-index", test_of_another_index);
    ADD_TEST("/store/snapshot/idle", test_idle);
    ADD_TEST("/store/snapshot/few", test_few);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of many items changed at once: what is read later is what was written, whatever came after.
 */
#include "store-test.h"

#include "store/bulk-flags-private.h"

enum { MESSAGES = KX_BULK_MIN * 2 };

#define INDEX "store/mail/company.test/wsmith/index.db"

typedef struct {
    KxAccount *account;
    KxFolder *inbox;
    KxEntry expected[MESSAGES];
    guint32 uids[MESSAGES];
} Box;

static void open_box(Fixture *fixture, Box *box)
{
    GError *error = NULL;
    box->account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < MESSAGES; i++)
        box->uids[i] = deliver(box->account, "INBOX", "subject");
    box->inbox = open_folder(box->account, "INBOX");
    g_assert_true(kx_folder_lock_loaded(box->inbox, &error));
    pthread_mutex_unlock(&box->account->state_lock);
}

static void close_box(Box *box)
{
    assert_consistent(box->account);
    kx_folder_unref(box->inbox);
    kx_account_unref(box->account);
}

static guint64 change_all(Box *box, const KxFlagsChange *change)
{
    GError *error = NULL;
    guint64 modseq = 0;
    kx_folder_change_flags(box->inbox, box->uids, MESSAGES, change, &modseq, NULL, &error);
    g_assert_no_error(error);
    return modseq;
}

static guint count_rows(Box *box)
{
    GError *error = NULL;
    g_autoptr(KxDb) db = kx_index_open(INDEX, KX_DB_READ_ONLY, &error);
    g_assert_no_error(error);
    KxStmt *stmt = kx_index_stmt(db, "SELECT COUNT(*) FROM bulk_flags WHERE account=?", &error);
    g_assert_no_error(error);
    g_assert_cmpint(kx_stmt_step(stmt, &error), ==, 1);
    guint n = (guint)kx_stmt_int(stmt, 0);
    kx_stmt_reset(stmt);
    return n;
}

/* What memory holds now is what is there after the folder was read from the disk anew. */
static void remember(Box *box)
{
    g_assert_cmpuint(box->inbox->n, <=, MESSAGES);
    memcpy(box->expected, box->inbox->entries, box->inbox->n * sizeof(KxEntry));
}

static void assert_remembered(Box *box, guint n)
{
    GError *error = NULL;
    g_assert_true(kx_folder_lock_loaded(box->inbox, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(box->inbox->n, ==, n);
    for (guint i = 0; i < n; i++) {
        const KxEntry *found = &box->inbox->entries[i], *wanted = &box->expected[i];
        g_assert_cmpuint(found->uid, ==, wanted->uid);
        g_assert_cmpuint(found->flags, ==, wanted->flags);
        g_assert_cmpuint(found->modseq, ==, wanted->modseq);
        g_assert_cmpuint(!found->keywords, ==, !wanted->keywords);
    }
    pthread_mutex_unlock(&box->account->state_lock);
}

static void reopen(Fixture *fixture, Box *box)
{
    remember(box);
    guint n = box->inbox->n;
    g_clear_pointer(&box->inbox, kx_folder_unref);
    g_clear_pointer(&box->account, kx_account_unref);
    fixture_close_store(fixture);
    fixture_open_store(fixture);
    box->account = open_account(fixture->store, "wsmith");
    box->inbox = open_folder(box->account, "INBOX");
    assert_remembered(box, n);
}

static void test_reopen(Fixture *fixture, gconstpointer data)
{
    static const char *const WORK[] = {"Work", NULL};
    Box box;
    open_box(fixture, &box);
    for (guint i = 0; i < MESSAGES; i += 3)
        change_flags(box.inbox, box.uids[i], KX_FLAGS_ADD, KX_FLAG_SEEN);
    guint64 modseq =
        change_all(&box, &(KxFlagsChange){.op = KX_FLAGS_ADD, .flags = KX_FLAG_FLAGGED});
    g_assert_cmpuint(modseq, ==, highest_modseq(box.account));
    g_assert_cmpuint(count_rows(&box), ==, 2); /* seen and flagged, flagged */
    g_assert_cmpuint(box.inbox->entries[0].flags, ==, KX_FLAG_FLAGGED | KX_FLAG_SEEN);
    reopen(fixture, &box);
    change_flags(box.inbox, box.uids[7], KX_FLAGS_REPLACE, KX_FLAG_DRAFT);
    change_all(&box, &(KxFlagsChange){.op = KX_FLAGS_ADD, .keywords = WORK});
    change_flags(box.inbox, box.uids[9], KX_FLAGS_REPLACE, KX_FLAG_DELETED);
    expunge(box.inbox, box.uids[10]);
    reopen(fixture, &box);
    g_assert_cmpuint(box.inbox->entries[7].flags, ==, KX_FLAG_DRAFT);
    g_assert_cmpuint(box.inbox->entries[9].flags, ==, KX_FLAG_DELETED);
    g_assert_cmpuint(box.inbox->entries[9].keywords, ==, 0);
    close_box(&box);
}

/* The rows do not grow without end: they are written to the items. */
static void test_bounded(Fixture *fixture, gconstpointer data)
{
    Box box;
    open_box(fixture, &box);
    for (guint i = 0; i < KX_BULK_ROWS + 5; i++) {
        change_all(&box, &(KxFlagsChange){.op = i % 2 ? KX_FLAGS_ADD : KX_FLAGS_REMOVE,
                                          .flags = KX_FLAG_FLAGGED | KX_FLAG_SEEN});
        change_flags(box.inbox, box.uids[i], KX_FLAGS_ADD, KX_FLAG_ANSWERED);
    }
    g_assert_cmpuint(count_rows(&box), <=, KX_BULK_ROWS);
    reopen(fixture, &box);
    close_box(&box);
}

/* Many different results, and few items, go to the items. */
static void test_not_in_bulk(Fixture *fixture, gconstpointer data)
{
    static const char *const WORK[] = {"Work", NULL};
    GError *error = NULL;
    Box box;
    open_box(fixture, &box);
    for (guint i = 0; i < KX_BULK_STATES + 1; i++)
        change_flags(box.inbox, box.uids[i], KX_FLAGS_REPLACE, i);
    change_all(&box, &(KxFlagsChange){.op = KX_FLAGS_ADD, .keywords = WORK});
    KxFlagsChange few = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_DELETED};
    kx_folder_change_flags(box.inbox, box.uids, KX_BULK_MIN - 1, &few, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(count_rows(&box), ==, 0);
    reopen(fixture, &box);
    close_box(&box);
}

/* A rebuilt index has the flags of the old one, also if nobody had the folder open. */
static void test_rebuild(Fixture *fixture, gconstpointer data)
{
    Box box;
    open_box(fixture, &box);
    change_all(&box, &(KxFlagsChange){.op = KX_FLAGS_ADD, .flags = KX_FLAG_ANSWERED});
    change_flags(box.inbox, box.uids[3], KX_FLAGS_REMOVE, KX_FLAG_ANSWERED);
    remember(&box);
    g_clear_pointer(&box.inbox, kx_folder_unref);
    g_clear_pointer(&box.account, kx_account_unref);
    fixture_close_store(fixture);
    g_assert_cmpint(g_rename(INDEX, "store/mail/company.test/wsmith/index.bad"), ==, 0);
    fixture_open_store(fixture);
    box.account = open_account(fixture->store, "wsmith");
    box.inbox = open_folder(box.account, "INBOX");
    assert_remembered(&box, MESSAGES);
    g_assert_cmpuint(count_rows(&box), ==, 0);
    close_box(&box);
}

static void test_folder_removed(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Box box;
    open_box(fixture, &box);
    g_assert_true(kx_folder_create(box.account, "Other", KX_TYPE_MAIL, 0, &error));
    g_assert_true(
        kx_folder_copy(box.inbox, NULL, 0, box.account, "Other", FALSE, NULL, NULL, &error));
    KxFolder *other = open_folder(box.account, "Other");
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    kx_folder_change_flags(other, box.uids, MESSAGES, &change, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(count_rows(&box), ==, 1);
    kx_folder_unref(other);
    g_assert_true(kx_folder_delete(box.account, "Other", NULL, &error));
    g_assert_cmpuint(count_rows(&box), ==, 0);
    close_box(&box);
}

/* Another session is told of each, one that had seen it all of none. */
static void test_views(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    enum { MANY = 600 };
    g_autofree guint32 *uids = g_new(guint32, MANY);
    KxAccount *account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < MANY; i++)
        uids[i] = deliver(account, "INBOX", "subject");
    KxFolder *inbox = open_folder(account, "INBOX");
    KxView *own = kx_view_new(inbox, TRUE), *other = kx_view_new(inbox, TRUE);
    g_auto(KxChanges) seen = {0}, told = {0};
    g_assert_true(kx_view_sync(other, TRUE, FALSE, &seen, &error));
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    guint64 modseq;
    kx_folder_change_flags(inbox, uids, MANY, &change, &modseq, NULL, &error);
    g_assert_no_error(error);
    kx_view_note_own(own, uids, MANY, modseq);
    kx_changes_clear(&seen);
    g_assert_true(kx_view_sync(own, TRUE, FALSE, &seen, &error));
    g_assert_cmpuint(seen.changed->len, ==, 0);
    change_flags(inbox, uids[5], KX_FLAGS_ADD, KX_FLAG_DRAFT);
    g_assert_true(kx_view_sync(other, TRUE, FALSE, &told, &error));
    g_assert_cmpuint(told.changed->len, ==, MANY);
    for (guint i = 0; i < MANY; i++)
        g_assert_cmpuint(g_array_index(told.changed, guint32, i), ==, uids[i]);
    kx_view_free(own);
    kx_view_free(other);
    kx_folder_unref(inbox);
    kx_account_unref(account);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/bulk-flags/reopen", test_reopen);
    ADD_TEST("/store/bulk-flags/bounded", test_bounded);
    ADD_TEST("/store/bulk-flags/not-in-bulk", test_not_in_bulk);
    ADD_TEST("/store/bulk-flags/rebuild", test_rebuild);
    ADD_TEST("/store/bulk-flags/folder-removed", test_folder_removed);
    ADD_TEST("/store/bulk-flags/views", test_views);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, keywords, expunge, copy and move. */
#include "store-test.h"

static const KxActor ACTOR = {"IMAP", "wsmith@company.test", "192.0.2.7"};

typedef struct {
    KxAccount *account;
    KxFolder *inbox;
    KxView *view;
    guint32 uids[5];
} Mailbox;

static void open_mailbox(Fixture *fixture, Mailbox *mailbox)
{
    mailbox->account = open_account(fixture->store, "wsmith");
    for (guint i = 0; i < 5; i++) {
        g_autofree char *subject = g_strdup_printf("message-%u", i);
        mailbox->uids[i] = deliver(mailbox->account, "INBOX", subject);
    }
    mailbox->inbox = open_folder(mailbox->account, "INBOX");
    mailbox->view = kx_view_new(mailbox->inbox, TRUE);
}

static void close_mailbox(Mailbox *mailbox)
{
    assert_consistent(mailbox->account);
    kx_view_free(mailbox->view);
    kx_folder_unref(mailbox->inbox);
    kx_account_unref(mailbox->account);
}

static void sync_view(KxView *view, KxChanges *changes)
{
    GError *error = NULL;
    kx_changes_clear(changes);
    kx_view_sync(view, TRUE, FALSE, changes, &error);
    g_assert_no_error(error);
}

static guint32 flags_of(Mailbox *mailbox, guint32 uid)
{
    KxItem item;
    g_assert_true(kx_view_item(mailbox->view, uid, &item));
    return item.flags;
}

static void assert_keywords(Mailbox *mailbox, guint32 uid, const char *expected)
{
    KxItem item;
    g_assert_true(kx_view_item(mailbox->view, uid, &item));
    g_autofree char *joined =
        item.keywords ? g_strjoinv(" ", (char **)item.keywords) : g_strdup("");
    g_assert_cmpstr(joined, ==, expected);
}

static void test_flags(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    guint64 before = kx_folder_highest_modseq(box.inbox), modseq = 0;
    guint32 uids[] = {box.uids[1], box.uids[3], 4711};
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN | KX_FLAG_FLAGGED};
    g_assert_true(kx_folder_change_flags(box.inbox, uids, 3, &change, &modseq, NULL, &error));
    g_assert_cmpuint(modseq, >, before);
    g_assert_cmpuint(kx_folder_highest_modseq(box.inbox), ==, modseq);
    g_assert_cmpuint(highest_modseq(box.account), ==, modseq);
    g_assert_cmpuint(flags_of(&box, uids[0]), ==, KX_FLAG_SEEN | KX_FLAG_FLAGGED);
    g_assert_cmpuint(flags_of(&box, box.uids[0]), ==, 0);
    g_auto(KxChanges) changes = {0};
    sync_view(box.view, &changes);
    g_assert_cmpuint(changes.changed->len, ==, 2);
    g_assert_cmpuint(g_array_index(changes.changed, guint32, 0), ==, uids[0]);
    g_assert_cmpuint(g_array_index(changes.changed, guint32, 1), ==, uids[1]);
    /* The same again changes nothing. */
    g_assert_true(kx_folder_change_flags(box.inbox, uids, 3, &change, &modseq, NULL, &error));
    g_assert_cmpuint(modseq, ==, 0);
    change = (KxFlagsChange){.op = KX_FLAGS_REPLACE, .flags = KX_FLAG_DELETED};
    g_assert_true(kx_folder_change_flags(box.inbox, uids, 1, &change, &modseq, NULL, &error));
    g_assert_cmpuint(flags_of(&box, uids[0]), ==, KX_FLAG_DELETED);
    change = (KxFlagsChange){.op = KX_FLAGS_REMOVE, .flags = KX_FLAG_SEEN};
    g_assert_true(kx_folder_change_flags(box.inbox, uids, 3, &change, &modseq, NULL, &error));
    g_assert_cmpuint(flags_of(&box, uids[1]), ==, KX_FLAG_FLAGGED);
    g_autoptr(KxFolderInfo) info = kx_folder_find(box.account, "INBOX", &error);
    g_assert_cmpuint(info->unseen, ==, 5);
    g_assert_cmpuint(info->deleted, ==, 1);
    close_mailbox(&box);
}

static void test_conditional(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    guint64 then = kx_folder_highest_modseq(box.inbox);
    change_flags(box.inbox, box.uids[2], KX_FLAGS_ADD, KX_FLAG_ANSWERED);
    KxFlagsChange change = {
        .op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN, .conditional = TRUE, .unchanged_since = then};
    g_autoptr(GArray) failed = NULL;
    guint64 modseq;
    g_assert_true(
        kx_folder_change_flags(box.inbox, box.uids, 5, &change, &modseq, &failed, &error));
    g_assert_cmpuint(modseq, >, then);
    g_assert_cmpuint(failed->len, ==, 1);
    g_assert_cmpuint(g_array_index(failed, guint32, 0), ==, box.uids[2]);
    g_assert_cmpuint(flags_of(&box, box.uids[2]), ==, KX_FLAG_ANSWERED);
    g_assert_cmpuint(flags_of(&box, box.uids[1]), ==, KX_FLAG_SEEN);
    close_mailbox(&box);
}

static void set_keywords(Mailbox *box, guint32 uid, KxFlagsOp op, const char *const *keywords)
{
    GError *error = NULL;
    KxFlagsChange change = {.op = op, .keywords = keywords};
    kx_folder_change_flags(box->inbox, &uid, 1, &change, NULL, NULL, &error);
    g_assert_no_error(error);
}

static void test_keywords(Fixture *fixture, gconstpointer data)
{
    Mailbox box;
    open_mailbox(fixture, &box);
    set_keywords(&box, box.uids[0], KX_FLAGS_ADD,
                 (const char *const[]){"$Forwarded", "Work", NULL});
    set_keywords(&box, box.uids[1], KX_FLAGS_ADD,
                 (const char *const[]){"WORK", "$forwarded", NULL});
    set_keywords(&box, box.uids[2], KX_FLAGS_REPLACE, (const char *const[]){"Zebra", "work", NULL});
    set_keywords(&box, box.uids[0], KX_FLAGS_REMOVE,
                 (const char *const[]){"$FORWARDED", "unknown", NULL});
    assert_keywords(&box, box.uids[0], "Work");
    assert_keywords(&box, box.uids[1], "$Forwarded Work");
    assert_keywords(&box, box.uids[2], "Work Zebra");
    set_keywords(&box, box.uids[2], KX_FLAGS_REPLACE, NULL);
    assert_keywords(&box, box.uids[2], "");
    deliver_flags(box.account, "INBOX", "with", 0, (const char *const[]){"zebra", "Fresh", NULL});
    g_auto(KxChanges) changes = {0};
    sync_view(box.view, &changes);
    assert_keywords(&box, kx_view_max_uid(box.view), "Zebra Fresh");
    g_auto(GStrv) all = kx_folder_keywords(box.inbox);
    g_autofree char *joined = g_strjoinv(" ", all);
    g_assert_cmpstr(joined, ==, "$Forwarded Work Zebra Fresh");
    /* Equal sets are one pointer. */
    set_keywords(&box, box.uids[3], KX_FLAGS_ADD, (const char *const[]){"work", NULL});
    KxItem one, two;
    g_assert_true(kx_view_item(box.view, box.uids[0], &one) &&
                  kx_view_item(box.view, box.uids[3], &two));
    g_assert_true(one.keywords == two.keywords);
    close_mailbox(&box);
    /* And all of it is in the index. */
    kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    Mailbox again = {.view = view};
    assert_keywords(&again, 1, "Work");
    assert_keywords(&again, 2, "$Forwarded Work");
    assert_keywords(&again, 6, "Zebra Fresh");
}

static void test_keyword_limits(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    static const char *const BAD[] = {"", "a b", "a(", "\\Seen", "a\x01", "\xc3\xa4", "a]", "%"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        const char *const words[] = {BAD[i], NULL};
        KxFlagsChange change = {.op = KX_FLAGS_ADD, .keywords = words};
        g_assert_false(kx_folder_change_flags(box.inbox, box.uids, 1, &change, NULL, NULL, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
        g_clear_error(&error);
    }
    guint total = 0;
    for (gboolean ok = TRUE; ok;) {
        char *words[51] = {NULL};
        for (guint i = 0; i < 50; i++)
            words[i] = g_strdup_printf("keyword-%u", total + i);
        KxFlagsChange change = {.op = KX_FLAGS_REPLACE, .keywords = (const char *const *)words};
        ok = kx_folder_change_flags(box.inbox, box.uids, 1, &change, NULL, NULL, &error);
        total += ok ? 50 : 0;
        for (guint i = 0; i < 50; i++)
            g_free(words[i]);
    }
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    g_clear_error(&error);
    g_assert_cmpuint(total, ==, KX_KEYWORDS_PER_FOLDER);
    change_flags(box.inbox, box.uids[0], KX_FLAGS_ADD, KX_FLAG_SEEN);
    close_mailbox(&box);
}

/* covers: LOG-52, LOG-53, LOG-55 */
static void test_expunge(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    change_flags(box.inbox, box.uids[1], KX_FLAGS_ADD, KX_FLAG_DELETED);
    change_flags(box.inbox, box.uids[4], KX_FLAGS_ADD, KX_FLAG_DELETED);
    guint64 then = kx_folder_highest_modseq(box.inbox);
    g_autoptr(GArray) gone = NULL;
    guint32 some[] = {box.uids[0], box.uids[1]};
    g_assert_true(kx_folder_expunge(box.inbox, some, 2, FALSE, &ACTOR, &gone, &error));
    g_assert_cmpuint(gone->len, ==, 1);
    g_assert_cmpuint(g_array_index(gone, guint32, 0), ==, box.uids[1]);
    g_clear_pointer(&gone, g_array_unref);
    g_assert_true(kx_folder_expunge(box.inbox, NULL, 0, FALSE, NULL, &gone, &error));
    g_assert_cmpuint(gone->len, ==, 1);
    g_assert_cmpuint(g_array_index(gone, guint32, 0), ==, box.uids[4]);
    g_assert_false(
        g_file_test("store/mail/company.test/wsmith/INBOX/#msgs/00000002.eml", G_FILE_TEST_EXISTS));
    g_assert_true(
        g_file_test("store/mail/company.test/wsmith/INBOX/#msgs/00000001.eml", G_FILE_TEST_EXISTS));
    g_autoptr(GArray) vanished = NULL;
    g_assert_true(kx_folder_vanished_since(box.inbox, then, &vanished, &error));
    g_assert_cmpuint(vanished->len, ==, 2);
    g_assert_cmpuint(g_array_index(vanished, guint32, 1), ==, box.uids[4]);
    g_autofree char *log = read_log("operations");
    g_autofree char *text = sample_message("message-1");
    char stamp[21];
    kx_format_log_time(DATE, stamp);
    g_autofree char *line = g_strdup_printf(
        "] {DELETE} Protocol: IMAP, User: wsmith@company.test, IP: 192.0.2.7, "
        "Folder: ~wsmith@company.test/INBOX, From: \"Winston Smith\" <wsmith@company.test>, "
        "Subject: \"message-1\", Delivered: %s, Size: %zu\n",
        stamp, strlen(text));
    g_assert_nonnull(strstr(log, line));
    g_assert_nonnull(strstr(log, "] {DELETE} Protocol: SYSTEM, User: wsmith@company.test, Folder: "
                                 "~wsmith@company.test/INBOX, "));
    close_mailbox(&box);
}

static void hear(gpointer heard, guint done, guint all)
{
    g_assert_cmpuint(done, ==, ++*(guint *)heard);
    g_assert_cmpuint(all, ==, 2);
}

static void test_copy(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    change_flags(box.inbox, box.uids[2], KX_FLAGS_ADD, KX_FLAG_FLAGGED);
    set_keywords(&box, box.uids[2], KX_FLAGS_ADD, (const char *const[]){"one", "two", NULL});
    deliver_flags(box.account, "Drafts", "before", 0, (const char *const[]){"two", NULL});
    guint32 uids[] = {box.uids[0], box.uids[2], 4711};
    g_auto(KxCopied) copied = {0};
    guint heard = 0;
    KxCopyMask all = {KX_FLAG_ALL, TRUE, hear, &heard};
    g_assert_true(kx_folder_copy_masked(box.inbox, uids, 3, box.account, "Drafts", FALSE, &all,
                                        &ACTOR, &copied, &error));
    g_assert_cmpuint(heard, ==, 2);
    g_autoptr(KxFolder) drafts = open_folder(box.account, "Drafts");
    g_assert_cmpuint(copied.uid_validity, ==, kx_folder_uid_validity(drafts));
    g_assert_cmpuint(copied.from->len, ==, 2);
    g_assert_cmpuint(g_array_index(copied.from, guint32, 1), ==, uids[1]);
    g_assert_cmpuint(g_array_index(copied.to, guint32, 0), ==, 2);
    g_assert_cmpuint(g_array_index(copied.to, guint32, 1), ==, 3);
    g_autoptr(KxView) view = kx_view_new(drafts, FALSE);
    Mailbox target = {.view = view};
    g_assert_cmpuint(flags_of(&target, 3), ==, KX_FLAG_FLAGGED);
    assert_keywords(&target, 3, "two one");
    KxItem item;
    g_assert_true(kx_view_item(view, 3, &item));
    g_assert_cmpint(item.internal_date, ==, DATE);
    struct stat from, to;
    g_assert_cmpint(stat("store/mail/company.test/wsmith/INBOX/#msgs/00000003.eml", &from), ==, 0);
    g_assert_cmpint(stat("store/mail/company.test/wsmith/Drafts/#msgs/00000003.eml", &to), ==, 0);
    g_assert_true(from.st_ino == to.st_ino);
    KxItemCache caches[2];
    guint32 new_uids[] = {2, 3};
    g_assert_true(kx_folder_read_cache(drafts, new_uids, 2, caches, &error));
    g_assert_nonnull(strstr(caches[1].envelope, "message-2"));
    kx_item_cache_clear(&caches[0]);
    kx_item_cache_clear(&caches[1]);
    g_assert_false(
        kx_folder_copy(box.inbox, uids, 2, box.account, "Nowhere", FALSE, NULL, NULL, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    /* Into the folder itself. */
    g_assert_true(
        kx_folder_copy(box.inbox, uids, 1, box.account, "INBOX", FALSE, NULL, NULL, &error));
    g_assert_true(
        kx_folder_copy(box.inbox, uids, 1, box.account, "INBOX", TRUE, NULL, NULL, &error));
    g_auto(KxChanges) changes = {0};
    sync_view(box.view, &changes);
    g_assert_cmpuint(kx_view_count(box.view), ==, 6);
    g_assert_cmpuint(kx_view_max_uid(box.view), ==, 7);
    close_mailbox(&box);
}

/* covers: LOG-54 */
static void test_move(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    guint64 then = highest_modseq(box.account);
    g_assert_true(kx_folder_copy(box.inbox, box.uids + 1, 2, box.account, "Deleted Items", TRUE,
                                 &ACTOR, NULL, &error));
    g_assert_cmpuint(highest_modseq(box.account), ==, then + 1); /* one commit */
    g_auto(KxChanges) changes = {0};
    sync_view(box.view, &changes);
    g_assert_cmpuint(changes.vanished->len, ==, 2);
    g_assert_cmpuint(kx_view_count(box.view), ==, 3);
    g_autoptr(KxFolderInfo) trash = kx_folder_find(box.account, "Deleted Items", &error);
    g_assert_cmpuint(trash->messages, ==, 2);
    g_autofree char *log = read_log("operations");
    g_assert_nonnull(strstr(log,
                            "] {MOVE} Protocol: IMAP, User: wsmith@company.test, IP: 192.0.2.7, "
                            "Folder: ~wsmith@company.test/INBOX, From: \"Winston Smith\" "
                            "<wsmith@company.test>, Subject: \"message-2\", Delivered: "));
    g_assert_nonnull(strstr(log, ", New location: ~wsmith@company.test/Deleted Items\n"));
    g_assert_null(strstr(log, "{DELETE}"));
    close_mailbox(&box);
}

static void assert_envelope(KxFolder *folder, guint32 uid, const char *subject)
{
    GError *error = NULL;
    g_auto(KxItemFacts) facts = {0};
    g_assert_true(kx_folder_read_facts(folder, &uid, 1, KX_FACT_ALL, FALSE, &facts, &error));
    g_assert_no_error(error);
    g_assert_true((facts.cache.envelope != NULL) == (subject != NULL));
    g_assert_true((facts.summary != NULL) == (subject != NULL));
    if (subject)
        g_assert_nonnull(strstr(facts.cache.envelope, subject));
}

/* What is kept of contents goes along with the right ones, and leaves the others alone, also where
 * the UIDs do not follow each other. */
static void test_gaps(Fixture *fixture, gconstpointer data)
{
    static const char *const SUBJECTS[] = {"message-0", "message-2", "message-4"};
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    g_assert_true(kx_folder_create(box.account, "Other", KX_TYPE_MAIL, 0, &error));
    expunge(box.inbox, box.uids[1]);
    const guint32 copied[] = {box.uids[0], box.uids[2], box.uids[4]};
    g_auto(KxCopied) first = {0}, second = {0};
    g_assert_true(
        kx_folder_copy(box.inbox, copied, 3, box.account, "Other", FALSE, NULL, &first, &error));
    g_assert_true(
        kx_folder_copy(box.inbox, copied, 3, box.account, "Other", TRUE, NULL, &second, &error));
    g_assert_no_error(error);
    KxFolder *other = open_folder(box.account, "Other");
    for (guint i = 0; i < 3; i++) {
        assert_envelope(other, g_array_index(first.to, guint32, i), SUBJECTS[i]);
        assert_envelope(other, g_array_index(second.to, guint32, i), SUBJECTS[i]);
        assert_envelope(box.inbox, copied[i], NULL);
    }
    assert_envelope(box.inbox, box.uids[3], "message-3");
    kx_folder_unref(other);
    close_mailbox(&box);
}

static void test_other_account(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Mailbox box;
    open_mailbox(fixture, &box);
    set_keywords(&box, box.uids[0], KX_FLAGS_ADD, (const char *const[]){"one", NULL});
    g_autoptr(KxAccount) other = open_account(fixture->store, "other");
    g_auto(KxCopied) copied = {0}, moved = {0};
    g_assert_true(
        kx_folder_copy(box.inbox, box.uids, 2, other, "INBOX", FALSE, &ACTOR, &copied, &error));
    g_assert_true(
        kx_folder_copy(box.inbox, box.uids, 2, other, "Drafts", TRUE, &ACTOR, &moved, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(moved.to->len, ==, 2);
    g_autoptr(KxFolder) inbox = open_folder(other, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    Mailbox target = {.view = view};
    assert_keywords(&target, 1, "one");
    g_assert_true(kx_db_exec(box.account->db, "SELECT 1", &error));
    g_auto(KxItemCache) cache = {0};
    guint32 uid = 2;
    g_assert_true(kx_folder_read_cache(inbox, &uid, 1, &cache, &error));
    g_assert_nonnull(strstr(cache.envelope, "message-1"));
    g_auto(KxChanges) changes = {0};
    sync_view(box.view, &changes);
    g_assert_cmpuint(kx_view_count(box.view), ==, 3);
    assert_consistent(other);
    close_mailbox(&box);
}

static void test_tombstone_cap(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    guint32 uid = deliver(account, "INBOX", "last");
    guint64 long_ago = highest_modseq(account);
    /* A long history of removals, put straight into the index. */
    pthread_mutex_lock(&account->write_lock);
    KxTxn txn = {0};
    g_assert_true(kx_txn_begin(&txn, account, &error));
    KxFolderMeta *meta = kx_txn_folder(&txn, inbox);
    for (guint i = 0; i < KX_TOMBSTONES + KX_TOMBSTONES / 5; i++)
        g_assert_true(kx_index_add_tombstone(txn.db, inbox->id, 10 + i, ++txn.meta.modseq, &error));
    meta->tombstones = KX_TOMBSTONES + KX_TOMBSTONES / 5;
    meta->uid_next = 10 + meta->tombstones;
    meta->uid_bound = meta->uid_next + KX_UID_RESERVE;
    meta->highest_modseq = txn.meta.modseq;
    account->sweep_to = txn.meta.modseq;
    g_assert_true(kx_txn_commit(&txn, &error));
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    pthread_mutex_unlock(&account->state_lock);
    kx_txn_end(&txn);
    pthread_mutex_unlock(&account->write_lock);
    guint64 recently = highest_modseq(account) - 1000;
    KxViewState old = {inbox->id, kx_folder_uid_validity(inbox), 2, long_ago, long_ago};
    g_autoptr(KxView) resumed = kx_view_resume(account, &old, &error);
    g_assert_nonnull(resumed);
    expunge(inbox, uid);
    g_assert_cmpuint(inbox->meta.tombstones, ==, KX_TOMBSTONES);
    g_autoptr(GArray) vanished = NULL;
    g_assert_true(kx_folder_vanished_since(inbox, recently, &vanished, &error));
    g_assert_cmpuint(vanished->len, ==, 1001);
    g_assert_false(kx_folder_vanished_since(inbox, long_ago, &vanished, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(kx_view_resume(account, &old, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/change/flags", test_flags);
    ADD_TEST("/store/change/conditional", test_conditional);
    ADD_TEST("/store/change/keywords", test_keywords);
    ADD_TEST("/store/change/keyword-limits", test_keyword_limits);
    ADD_TEST("/store/change/expunge", test_expunge);
    ADD_TEST("/store/change/copy", test_copy);
    ADD_TEST("/store/change/move", test_move);
    ADD_TEST("/store/change/gaps", test_gaps);
    ADD_TEST("/store/change/other-account", test_other_account);
    ADD_TEST("/store/change/tombstone-cap", test_tombstone_cap);
    return g_test_run();
}

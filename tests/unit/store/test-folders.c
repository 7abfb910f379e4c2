/* SPDX-License-Identifier: Apache-2.0 */
/* Folders: create, rename, delete, list, subscribe, and what the Operations log says of it. */
#include "store-test.h"

static const KxActor ACTOR = {"HTTP/WebMail", "jpalmer@company.test", "127.0.0.1"};

static void create(KxAccount *account, const char *path)
{
    GError *error = NULL;
    kx_folder_create(account, path, KX_TYPE_MAIL, 0, &error);
    g_assert_no_error(error);
}

static void rename_folder(KxAccount *account, const char *from, const char *to)
{
    GError *error = NULL;
    kx_folder_rename(account, from, to, &ACTOR, &error);
    g_assert_no_error(error);
}

static void assert_exists(KxAccount *account, const char *path, gboolean has_children)
{
    GError *error = NULL;
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(info->has_children, ==, has_children);
}

static void assert_missing(KxAccount *account, const char *path)
{
    GError *error = NULL;
    g_assert_null(kx_folder_find(account, path, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_error_free(error);
}

#define ASSERT_FAILS(call, code)                                                                   \
    do {                                                                                           \
        GError *problem = NULL;                                                                    \
        g_assert_false(call);                                                                      \
        g_assert_error(problem, KX_ERROR, code);                                                   \
        g_error_free(problem);                                                                     \
    } while (0)

static void test_create(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    create(account, "Work/2008/August");
    assert_exists(account, "Work", TRUE);
    assert_exists(account, "Work/2008", TRUE);
    assert_exists(account, "Work/2008/August", FALSE);
    create(account, "inbox/Sub");
    assert_exists(account, "INBOX", TRUE);
    create(account, "..");
    create(account, "#msgs");
    create(account, "index.db");
    create(account, "Bu\xcc\x88ro");
    assert_exists(account, "B\xc3\xbcro", FALSE);
    g_assert_cmpuint(deliver(account, "..", "x"), ==, 1);
    g_assert_true(
        g_file_test("store/mail/company.test/jpalmer/%2E./#msgs/00000001.eml", G_FILE_TEST_EXISTS));
    ASSERT_FAILS(kx_folder_create(account, "Work", KX_TYPE_MAIL, 0, &problem), KX_ERR_EXISTS);
    ASSERT_FAILS(kx_folder_create(account, "InBoX", KX_TYPE_MAIL, 0, &problem), KX_ERR_EXISTS);
    ASSERT_FAILS(kx_folder_create(account, "a//b", KX_TYPE_MAIL, 0, &problem), KX_ERR_INVALID);
    assert_consistent(account);
    GError *error = NULL;
    g_assert_true(kx_folder_create(account, "Team", KX_TYPE_CALENDAR, 0, &error));
    g_autoptr(KxFolderInfo) team = kx_folder_find(account, "Team", &error);
    g_assert_cmpint(team->type, ==, KX_TYPE_CALENDAR);
}

static void test_deep(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    GString *path = g_string_new("level");
    for (int i = 1; i < KX_FOLDER_DEPTH; i++)
        g_string_append(path, "/level");
    create(account, path->str);
    g_assert_cmpuint(deliver(account, path->str, "deep"), ==, 1);
    ASSERT_FAILS(kx_folder_rename(account, "level", "a/level", NULL, &problem), KX_ERR_TOO_BIG);
    rename_folder(account, "level", "other");
    assert_missing(account, path->str);
    g_string_erase(path, 0, 5);
    g_string_prepend(path, "other");
    g_autoptr(KxFolder) folder = open_folder(account, path->str);
    g_autoptr(GBytes) content = kx_item_content(folder, 1, NULL);
    g_assert_nonnull(content);
    g_autofree char *wide = g_strnfill(KX_FOLDER_NAME_MAX, 'w');
    GString *long_path = g_string_new(wide);
    for (int i = 1; i < 30; i++)
        g_string_append_printf(long_path, "/%s", wide);
    ASSERT_FAILS(kx_folder_create(account, long_path->str, KX_TYPE_MAIL, 0, &problem),
                 KX_ERR_TOO_BIG);
    g_string_free(long_path, TRUE);
    g_string_free(path, TRUE);
    assert_consistent(account);
}

/* covers: LOG-57 */
static void test_rename(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    create(account, "Work/Sub");
    deliver(account, "Work", "a");
    deliver(account, "Work", "b");
    deliver(account, "Work/Sub", "c");
    g_autoptr(KxFolder) work = open_folder(account, "Work");
    g_autoptr(KxView) view = kx_view_new(work, FALSE);
    guint32 id = kx_folder_id(work), validity = kx_folder_uid_validity(work);
    ASSERT_FAILS(kx_folder_rename(account, "Nowhere", "x", NULL, &problem), KX_ERR_NOT_FOUND);
    ASSERT_FAILS(kx_folder_rename(account, "Work", "Drafts", NULL, &problem), KX_ERR_EXISTS);
    ASSERT_FAILS(kx_folder_rename(account, "Work", "Work/Sub/Deeper", NULL, &problem),
                 KX_ERR_INVALID);
    rename_folder(account, "Work", "Deleted Items/Old/Work");
    assert_missing(account, "Work");
    assert_missing(account, "Work/Sub");
    assert_exists(account, "Deleted Items/Old", TRUE);
    assert_exists(account, "Deleted Items/Old/Work/Sub", FALSE);
    g_autofree char *path = kx_folder_path(work);
    g_assert_cmpstr(path, ==, "Deleted Items/Old/Work");
    g_assert_cmpuint(kx_folder_id(work), ==, id);
    g_assert_cmpuint(kx_folder_uid_validity(work), ==, validity);
    g_autoptr(GBytes) content = kx_item_content(work, 2, &error); /* an open folder goes on */
    g_assert_no_error(error);
    g_assert_cmpuint(deliver(account, "Deleted Items/Old/Work", "d"), ==, 3);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(view, TRUE, FALSE, &changes, &error));
    g_assert_true(changes.exists);
    assert_consistent(account);
    g_autofree char *log = read_log("operations");
    g_assert_nonnull(strstr(
        log, "{MOVE_FOLDER} Protocol: HTTP/WebMail, User: jpalmer@company.test, IP: 127.0.0.1, "
             "Old location: ~jpalmer@company.test/Work, "
             "New location: ~jpalmer@company.test/Deleted Items/Old/Work, Items count: 3\n"));
}

static void test_rename_inbox(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    create(account, "INBOX/Sub");
    deliver(account, "INBOX", "a");
    deliver_flags(account, "INBOX", "b", KX_FLAG_SEEN, NULL);
    g_autoptr(KxFolderInfo) before = kx_folder_find(account, "INBOX", &error);
    rename_folder(account, "INBOX", "Archive/2008");
    g_autoptr(KxFolderInfo) inbox = kx_folder_find(account, "INBOX", &error);
    g_autoptr(KxFolderInfo) archive = kx_folder_find(account, "Archive/2008", &error);
    g_assert_cmpuint(inbox->messages, ==, 0);
    g_assert_cmpuint(inbox->uid_validity, ==, before->uid_validity);
    g_assert_cmpuint(inbox->uid_next, ==, 3);
    g_assert_cmpuint(archive->messages, ==, 2);
    g_assert_cmpuint(archive->unseen, ==, 1);
    assert_exists(account, "INBOX/Sub", FALSE);
    assert_missing(account, "Archive/2008/Sub");
    ASSERT_FAILS(kx_folder_rename(account, "INBOX", "Drafts", NULL, &problem), KX_ERR_EXISTS);
    assert_consistent(account);
}

/* covers: LOG-56 */
static void test_delete(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    create(account, "Deleted Items/Work deleted/Sub");
    deliver(account, "Deleted Items/Work deleted", "a");
    g_autoptr(KxFolder) folder = open_folder(account, "Deleted Items/Work deleted");
    g_autoptr(KxView) view = kx_view_new(folder, FALSE);
    guint32 validity = kx_folder_uid_validity(folder);
    ASSERT_FAILS(kx_folder_delete(account, "Deleted Items/Work deleted", NULL, &problem),
                 KX_ERR_IN_USE);
    ASSERT_FAILS(kx_folder_delete(account, "inbox", NULL, &problem), KX_ERR_DENIED);
    ASSERT_FAILS(kx_folder_delete(account, "Nowhere", NULL, &problem), KX_ERR_NOT_FOUND);
    g_assert_true(kx_folder_delete(account, "Deleted Items/Work deleted/Sub", &ACTOR, &error));
    g_assert_true(kx_folder_delete(account, "Deleted Items/Work deleted", &ACTOR, &error));
    g_assert_no_error(error);
    assert_missing(account, "Deleted Items/Work deleted");
    assert_exists(account, "Deleted Items", FALSE);
    g_auto(KxChanges) changes = {0};
    g_assert_false(kx_view_sync(view, TRUE, FALSE, &changes, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    g_clear_error(&error);
    guint32 uid = 1;
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    ASSERT_FAILS(kx_folder_change_flags(folder, &uid, 1, &change, NULL, NULL, &problem),
                 KX_ERR_NOT_FOUND);
    ASSERT_FAILS(kx_folder_expunge(folder, &uid, 1, TRUE, NULL, NULL, &problem), KX_ERR_NOT_FOUND);
    create(account, "Deleted Items/Work deleted");
    g_autoptr(KxFolderInfo) again = kx_folder_find(account, "Deleted Items/Work deleted", &error);
    g_assert_cmpuint(again->uid_validity, >, validity);
    g_assert_cmpuint(again->messages, ==, 0);
    assert_consistent(account);
    g_autofree char *log = read_log("operations");
    g_assert_nonnull(strstr(
        log, "{DELETE_FOLDER} Folder: ~jpalmer@company.test/Deleted Items/Work deleted deleted\n"));
}

static void test_subscriptions(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_assert_true(kx_folder_subscribe(account, "Not there yet", TRUE, &error));
    g_assert_true(kx_folder_subscribe(account, "Not there yet", TRUE, &error));
    g_assert_true(kx_folder_subscribe(account, "drafts", FALSE, &error));
    g_assert_true(kx_folder_subscribe(account, "Drafts", FALSE, &error));
    ASSERT_FAILS(kx_folder_subscribe(account, "a//b", TRUE, &problem), KX_ERR_INVALID);
    static const char *const EXPECTED[] = {"INBOX", "Deleted Items", "Junk E-mail", "Not there yet",
                                           "Sent Items"};
    for (guint round = 0; round < 2; round++) {
        g_autoptr(GPtrArray) paths = kx_folder_subscriptions(account, &error);
        g_assert_cmpuint(paths->len, ==, G_N_ELEMENTS(EXPECTED));
        for (guint i = 0; i < paths->len; i++)
            g_assert_cmpstr(paths->pdata[i], ==, EXPECTED[i]);
        g_clear_pointer(&account, kx_account_unref);
        kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);
        account = open_account(fixture->store, "jpalmer");
    }
    create(account, "Not there yet");
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "Not there yet", &error);
    g_assert_true(info->subscribed);
    g_assert_true(kx_folder_delete(account, "Not there yet", NULL, &error));
    g_autoptr(GPtrArray) paths = kx_folder_subscriptions(account, &error);
    g_assert_cmpuint(paths->len, ==, G_N_ELEMENTS(EXPECTED));
}

/* What an administrator has put there is not destroyed by a folder of that name. */
static void test_in_the_way(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_assert_cmpint(g_mkdir_with_parents("store/mail/company.test/jpalmer/Restored/#msgs", 0700),
                    ==, 0);
    g_assert_true(
        g_file_set_contents("store/mail/company.test/jpalmer/Restored/#msgs/a.eml", "x", 1, NULL));
    ASSERT_FAILS(kx_folder_create(account, "Restored", KX_TYPE_MAIL, 0, &problem), KX_ERR_EXISTS);
    ASSERT_FAILS(kx_folder_rename(account, "Drafts", "Restored", NULL, &problem), KX_ERR_EXISTS);
    assert_exists(account, "Drafts", FALSE);
    g_assert_true(kx_account_reindex(account, NULL, &error));
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "Restored", &error);
    g_assert_cmpuint(info->messages, ==, 1);
    assert_consistent(account);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/folders/create", test_create);
    ADD_TEST("/store/folders/deep", test_deep);
    ADD_TEST("/store/folders/rename", test_rename);
    ADD_TEST("/store/folders/rename-inbox", test_rename_inbox);
    ADD_TEST("/store/folders/delete", test_delete);
    ADD_TEST("/store/folders/subscriptions", test_subscriptions);
    ADD_TEST("/store/folders/in-the-way", test_in_the_way);
    return g_test_run();
}

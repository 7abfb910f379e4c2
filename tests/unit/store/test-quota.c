/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of accounts, exact under any number of writers; and items that are replaced. */
#include "store-test.h"

enum { THREADS = 8, EACH = 30 };

static KxLimits limits;

static KxLimits told(gpointer data, const char *account)
{
    g_assert_true(data == &limits);
    g_assert_cmpstr(account, ==, "wsmith@company.test");
    return limits;
}

static KxAccount *limited(Fixture *fixture, guint64 bytes, guint64 items)
{
    limits = (KxLimits){bytes, items};
    kx_store_set_limits(fixture->store, told, &limits);
    return open_account(fixture->store, "wsmith");
}

static gboolean put(KxAccount *account, const char *folder, guint32 replaces, KxFolder *in,
                    int code)
{
    g_autofree char *text = sample_message("x");
    g_autoptr(KxIncoming) incoming = make_content(account->store, text);
    g_autoptr(GError) error = NULL;
    KxDelivery target = {.account = account,
                         .folder = folder,
                         .internal_date = DATE,
                         .replaces = replaces,
                         .replaces_in = in};
    gboolean ok = kx_incoming_deliver_all(&incoming, &target, 1, &error);
    if (code < 0)
        g_assert_no_error(error);
    else
        g_assert_error(error, KX_ERROR, code);
    return ok;
}

/* covers: USR-30 */
static void test_exact(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = sample_message("x");
    guint64 size = strlen(text);
    g_autoptr(KxAccount) account = limited(fixture, 3 * size - 1, 0);
    put(account, "INBOX", 0, NULL, -1);
    put(account, "Drafts", 0, NULL, -1);
    put(account, "INBOX", 0, NULL, KX_ERR_OVERQUOTA);
    limits.bytes++;
    put(account, "INBOX", 0, NULL, -1);
    put(account, "INBOX", 0, NULL, KX_ERR_OVERQUOTA);
    limits = (KxLimits){0, 4};
    put(account, "Calendar", 0, NULL, -1);
    put(account, "INBOX", 0, NULL, KX_ERR_OVERQUOTA);
    g_assert_cmpuint(kx_account_usage(account).items, ==, 4);
    g_assert_cmpuint(kx_account_usage(account).bytes, ==, 4 * size);
    assert_consistent(account);
}

static gpointer burst(gpointer data)
{
    KxAccount *account = data;
    guint taken = 0;
    for (guint i = 0; i < EACH; i++) {
        g_autofree char *text = sample_message("x");
        g_autoptr(KxIncoming) incoming = make_content(account->store, text);
        KxDelivery targets[2] = {
            {.account = account, .folder = "INBOX", .internal_date = DATE},
            {.account = account, .folder = "Drafts", .internal_date = DATE},
        };
        kx_incoming_deliver(incoming, targets, 2);
        for (guint k = 0; k < 2; k++) {
            taken += targets[k].ret_error == NULL;
            g_clear_error(&targets[k].ret_error);
        }
    }
    return GUINT_TO_POINTER(taken);
}

static void test_bursts(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = limited(fixture, 0, 101);
    GThread *threads[THREADS];
    guint taken = 0;
    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("burst", burst, account);
    for (guint i = 0; i < THREADS; i++)
        taken += GPOINTER_TO_UINT(g_thread_join(threads[i]));
    g_assert_cmpuint(taken, ==, 101);
    g_assert_cmpuint(kx_account_usage(account).items, ==, 101);
    assert_consistent(account);
}

static void test_replace(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = limited(fixture, 0, 2);
    guint32 first = deliver(account, "INBOX", "a");
    deliver(account, "INBOX", "b");
    g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
    put(account, "INBOX", first, inbox, -1);
    put(account, "INBOX", first, inbox, KX_ERR_NOT_FOUND);
    put(account, "Drafts", first + 1, inbox, -1);
    put(account, "Nowhere", first + 2, inbox, KX_ERR_NOT_FOUND);
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    g_assert_cmpuint(info->messages, ==, 1);
    g_autoptr(KxView) view = kx_view_new(inbox, FALSE);
    g_assert_cmpuint(kx_view_uid(view, 1), ==, first + 2);
    g_assert_cmpuint(kx_account_usage(account).items, ==, 2);
    g_autofree char *path = kx_message_file("store/mail/company.test/wsmith/INBOX", first);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    assert_consistent(account);
}

static void test_deleted_bytes(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = limited(fixture, 0, 0);
    g_autofree char *text = sample_message("x");
    guint64 bytes = 1;
    deliver(account, "INBOX", "x");
    deliver_flags(account, "INBOX", "x", KX_FLAG_DELETED | KX_FLAG_SEEN, NULL);
    deliver_flags(account, "Drafts", "x", KX_FLAG_DELETED, NULL);
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    g_assert_true(kx_folder_deleted_bytes(account, info, &bytes, NULL));
    g_assert_cmpuint(bytes, ==, strlen(text));
    g_autoptr(KxFolderInfo) sent = kx_folder_find(account, "Sent Items", NULL);
    g_assert_true(kx_folder_deleted_bytes(account, sent, &bytes, NULL));
    g_assert_cmpuint(bytes, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/quota/exact", test_exact);
    ADD_TEST("/store/quota/bursts", test_bursts);
    ADD_TEST("/store/quota/replace", test_replace);
    ADD_TEST("/store/quota/deleted-bytes", test_deleted_bytes);
    return g_test_run();
}

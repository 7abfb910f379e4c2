/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, delivery, content and cache. */
#include "store-test.h"

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
    g_assert_cmpmem(text, (int)strlen(text), g_bytes_get_data(content, NULL), (int)g_bytes_get_size(content));
    g_auto(KxItemCache) cache = {0};
    g_assert_true(kx_folder_read_cache(inbox, &uid, 1, &cache, &error));
    g_assert_nonnull(strstr(cache.envelope, "\"first\""));
    g_assert_nonnull(strstr(cache.structure, "\"text\" \"plain\""));
    g_autofree char *on_disk = NULL;
    g_assert_true(g_file_get_contents("store/mail/company.test/wsmith/INBOX/#msgs/00000001.eml", &on_disk, NULL, NULL));
    g_assert_cmpstr(on_disk, ==, text);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/deliver", test_deliver);
    return g_test_run();
}

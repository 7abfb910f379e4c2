/* SPDX-License-Identifier: Apache-2.0 */
/* What SORT, THREAD and RFC 8474 know of messages, and how it survives. */
#include "store/sort-data.h"
#include "store/strings.h"
#include "store-test.h"

static const char *const MAILS[] = {
    "Subject: Re: zebra\r\nFrom: Ann <bob@example.com>\r\nMessage-ID: <1@x>\r\n"
    "Date: Mon, 1 Jan 2024 12:00:00 +0100\r\n\r\none\r\n",
    "Subject: apple\r\nFrom: alice@example.com\r\nReferences: <0@x> <1@x>\r\n\r\ntwo\r\n",
    "Subject: ZEBRA\r\nFrom: bob@example.org\r\nIn-Reply-To: <0@x>\r\n\r\nthree\r\n",
};
enum { N = G_N_ELEMENTS(MAILS) };
static const guint32 UIDS[N] = {1, 2, 3};

static KxFolder *fill_inbox(Fixture *fixture, KxAccount *account)
{
    for (guint i = 0; i < N; i++) {
        g_autoptr(KxIncoming) incoming = make_content(fixture->store, MAILS[i]);
        KxDelivery target = {.account = account, .folder = "INBOX", .internal_date = DATE};
        g_assert_true(kx_incoming_deliver(incoming, &target, 1));
    }
    return open_folder(account, "INBOX");
}

static KxSortData *complete(KxFolder *folder)
{
    GError *error = NULL;
    KxSortData *data = kx_sort_data_get(folder);
    for (gboolean done = FALSE; !done;) {
        g_assert_true(kx_sort_data_fill(data, &done, &error));
        g_assert_no_error(error);
    }
    return data;
}

static void assert_known(KxFolder *folder)
{
    g_autoptr(KxSortData) data = complete(folder);
    guint32 ranks[N];
    gint64 dates[N] = {7, 7, 7};
    kx_sort_data_ranks(data, KX_SORT_SUBJECT, UIDS, N, ranks);
    g_assert_cmpuint(ranks[1], <, ranks[0]);
    g_assert_cmpuint(ranks[0], ==, ranks[2]);
    kx_sort_data_ranks(data, KX_SORT_FROM, UIDS, N, ranks);
    g_assert_cmpuint(ranks[0], ==, ranks[2]);
    kx_sort_data_ranks(data, KX_SORT_CC, UIDS, N, ranks);
    g_assert_cmpuint(ranks[0], ==, 0);
    kx_sort_data_dates(data, UIDS, N, dates);
    g_assert_cmpint(dates[0], ==, 1704106800);
    g_assert_cmpint(dates[1], ==, 7);

    KxSortLinks links[N];
    g_autoptr(GArray) references = g_array_new(FALSE, FALSE, sizeof(guint64));
    kx_sort_data_links(data, UIDS, N, links, references);
    g_assert_true(links[0].reply && !links[2].reply);
    g_assert_cmpuint(links[1].n, ==, 2);
    g_assert_cmpuint(g_array_index(references, guint64, links[1].first + 1), ==,
                     links[0].message_id);
    g_assert_cmpuint(g_array_index(references, guint64, links[2].first), ==,
                     g_array_index(references, guint64, links[1].first));
    g_assert_cmpuint(links[1].message_id, ==, 0);
}

static void test_what_is_known(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "sorted");
    g_autoptr(KxFolder) inbox = fill_inbox(fixture, account);
    assert_known(inbox);
    assert_known(inbox);
    g_autoptr(KxSortData) sort = complete(inbox);
    guint32 gone = 99, rank;
    kx_sort_data_ranks(sort, KX_SORT_FROM, &gone, 1, &rank);
    g_assert_cmpuint(rank, ==, 0);
}

static void read_ids(KxFolder *folder, KxItemIds *ids)
{
    GError *error = NULL;
    g_assert_true(kx_folder_read_ids(folder, UIDS, N, ids, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < N; i++)
        g_assert_true(ids[i].known);
}

static void test_rebuilt_index(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "rebuilt");
    g_autoptr(KxFolder) inbox = fill_inbox(fixture, account);
    KxItemIds before[N], after[N];
    read_ids(inbox, before);
    g_assert_cmpmem(&before[1].thread_id, sizeof(KxObjectId), &before[2].thread_id,
                    sizeof(KxObjectId));
    g_assert_true(kx_account_reindex(account, NULL, &error));
    assert_known(inbox);
    read_ids(inbox, after);
    g_assert_cmpmem(before, sizeof before, after, sizeof after);
}

static gboolean forget_work(KxAccount *account, gpointer data, GError **error)
{
    return kx_db_exec(account->db, "DELETE FROM summaries; UPDATE cache SET preview=NULL", error);
}

/* An index of an older version has no rows; they are made, and stay. */
static void test_missing_rows(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "older");
    g_autoptr(KxFolder) inbox = fill_inbox(fixture, account);
    char *previews[N];
    KxItemIds before[N], after[N];
    read_ids(inbox, before);
    g_assert_true(kx_account_write(account, forget_work, NULL, &error));
    g_assert_true(kx_folder_read_previews(inbox, UIDS, N, TRUE, previews, &error));
    g_assert_null(previews[0]);
    assert_known(inbox);
    g_assert_true(kx_folder_read_previews(inbox, UIDS, N, TRUE, previews, &error));
    for (guint i = 0; i < N; i++) {
        g_assert_nonnull(previews[i]);
        g_free(previews[i]);
    }
    read_ids(inbox, after);
    g_assert_cmpmem(before, sizeof before, after, sizeof after);
}

static void test_copies(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "copied");
    g_autoptr(KxAccount) other = open_account(fixture->store, "other");
    g_autoptr(KxFolder) inbox = fill_inbox(fixture, account);
    KxItemIds before[N], after[N];
    read_ids(inbox, before);
    g_assert_true(kx_folder_copy(inbox, UIDS, N, other, "INBOX", FALSE, NULL, NULL, &error));
    g_assert_true(kx_folder_create(account, "Copies", KX_TYPE_MAIL, 0, &error));
    g_assert_true(kx_folder_copy(inbox, UIDS, N, account, "Copies", FALSE, NULL, NULL, &error));
    g_autoptr(KxFolder) theirs = open_folder(other, "INBOX");
    g_autoptr(KxFolder) copies = open_folder(account, "Copies");
    assert_known(theirs);
    assert_known(copies);
    read_ids(theirs, after);
    g_assert_cmpmem(before, sizeof before, after, sizeof after);
}

static void test_strings(void)
{
    g_autoptr(KxStrings) strings = kx_strings_new();
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_assert_cmpuint(kx_strings_add(strings, ""), ==, 0);
    for (guint round = 0; round < 20; round++) {
        for (guint i = 0; i < 50; i++) {
            char *text = g_strdup_printf("%.*s%u", (int)g_rand_int_range(rand, 0, 12),
                                         "aaaaaaaaaaaa", g_rand_int_range(rand, 0, 400));
            guint32 number = kx_strings_add(strings, text);
            g_assert_cmpuint(number, ==, kx_strings_add(strings, text));
            g_ptr_array_add(texts, text);
        }
        const guint32 *ranks = kx_strings_ranks(strings);
        for (guint i = 1; i < texts->len; i++) {
            const char *a = texts->pdata[i - 1], *b = texts->pdata[i];
            guint32 left = ranks[kx_strings_add(strings, a)],
                    right = ranks[kx_strings_add(strings, b)];
            int order = strcmp(a, b);
            g_assert_cmpint(order < 0, ==, left < right);
            g_assert_cmpint(order == 0, ==, left == right);
            g_assert_cmpuint(left, >, 0);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/store/sort-data/known", Fixture, NULL, fixture_set_up, test_what_is_known,
               fixture_tear_down);
    g_test_add("/store/sort-data/rebuilt", Fixture, NULL, fixture_set_up, test_rebuilt_index,
               fixture_tear_down);
    g_test_add("/store/sort-data/missing", Fixture, NULL, fixture_set_up, test_missing_rows,
               fixture_tear_down);
    g_test_add("/store/sort-data/copies", Fixture, NULL, fixture_set_up, test_copies,
               fixture_tear_down);
    g_test_add_func("/store/strings", test_strings);
    return g_test_run();
}

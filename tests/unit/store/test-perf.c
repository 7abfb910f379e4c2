/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the store is on this machine: run with -m perf. */
#include <sys/resource.h>

#include "store-test.h"

enum { THREADS = 16, PER_THREAD = 1000, BIG_FOLDER = 100000 };

static double now(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

static double cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static char *four_kilobytes(void)
{
    GString *text = g_string_new(NULL);
    g_autofree char *head = sample_message("a subject of the usual length for the bench");
    g_string_append(text, head);
    while (text->len < 4000)
        g_string_append(text,
                        "The clocks were striking thirteen on a bright cold day in April.\r\n");
    return g_string_free(text, FALSE);
}

typedef struct {
    KxStore *store;
    KxAccount **accounts;
    guint n_accounts;
    const char *text;
    double slowest;
} Worker;

static gpointer deliver_many(gpointer data)
{
    Worker *worker = data;
    for (guint i = 0; i < PER_THREAD; i++) {
        double start = now();
        g_autoptr(KxIncoming) incoming = make_content(worker->store, worker->text);
        KxDelivery target = {.account = worker->accounts[i % worker->n_accounts],
                             .folder = "INBOX",
                             .internal_date = DATE};
        g_assert_true(kx_incoming_deliver(incoming, &target, 1));
        worker->slowest = MAX(worker->slowest, now() - start);
    }
    return NULL;
}

static void run_deliveries(Fixture *fixture, guint threads, guint n_accounts)
{
    g_autofree char *text = four_kilobytes();
    g_autofree KxAccount **accounts = g_new0(KxAccount *, n_accounts);
    for (guint i = 0; i < n_accounts; i++) {
        g_autofree char *user = g_strdup_printf("user%u", i);
        accounts[i] = open_account(fixture->store, user);
    }
    Worker workers[THREADS];
    GThread *running[THREADS];
    double start = now(), used = cpu(), slowest = 0;
    for (guint i = 0; i < threads; i++) {
        workers[i] = (Worker){fixture->store, accounts, n_accounts, text, 0};
        running[i] = g_thread_new("deliver", deliver_many, &workers[i]);
    }
    for (guint i = 0; i < threads; i++) {
        g_thread_join(running[i]);
        slowest = MAX(slowest, workers[i].slowest);
    }
    double took = now() - start;
    g_test_maximized_result(
        threads * PER_THREAD / took,
        "%u threads, %u accounts: %.0f deliveries/s, slowest %.1f ms, cpu %.0f us each", threads,
        n_accounts, threads * PER_THREAD / took, slowest * 1000,
        (cpu() - used) * 1e6 / (threads * PER_THREAD));
    for (guint i = 0; i < n_accounts; i++)
        kx_account_unref(accounts[i]);
}

static void test_deliveries(Fixture *fixture, gconstpointer data)
{
    run_deliveries(fixture, 1, 1);
    run_deliveries(fixture, 16, 1);
    run_deliveries(fixture, 16, 16);
}

/* Files are left out: what counts here is the index. */
static gboolean fill_work(KxAccount *account, gpointer data, GError **error)
{
    KxFolder *folder = data;
    g_auto(KxTxn) txn = {0};
    KxItemFacts facts = {
        .cache = {
            "(\"Thu, 7 Aug 2008 11:05:27 +0000\" \"a subject\" NIL NIL NIL NIL NIL NIL NIL NIL)",
            80,
            "(\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"8bit\" 3000 60 NIL NIL NIL NIL)",
            75}};
    if (!kx_txn_begin(&txn, account, error))
        return FALSE;
    KxFolderMeta *meta = kx_txn_folder(&txn, folder);
    for (guint i = 0; i < BIG_FOLDER; i++) {
        KxEntry entry = {.uid = meta->uid_next++,
                         .modseq = ++txn.meta.modseq,
                         .size = 4000 + i % 1000,
                         .internal_date = DATE + i,
                         .save_date = DATE + i,
                         .flags = i % 3 ? KX_FLAG_SEEN : 0};
        meta->messages++;
        meta->unseen += i % 3 == 0;
        meta->size += entry.size;
        meta->highest_modseq = entry.modseq;
        txn.meta.items++;
        txn.meta.bytes += entry.size;
        if (!kx_index_add_item(txn.db, folder->id, &entry, NULL, error) ||
            !kx_index_add_facts(txn.db, folder->id, entry.uid, &facts, error))
            return FALSE;
    }
    if (!kx_txn_commit(&txn, error))
        return FALSE;
    pthread_mutex_lock(&account->state_lock);
    kx_txn_publish(&txn);
    kx_folder_unload(folder);
    pthread_mutex_unlock(&account->state_lock);
    return TRUE;
}

static void test_big_folder(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    KxAccount *account = open_account(fixture->store, "big");
    KxFolder *inbox = open_folder(account, "INBOX");
    double start = now();
    g_assert_true(kx_account_write(account, fill_work, inbox, &error));
    g_assert_no_error(error);
    g_test_minimized_result(now() - start, "inserting %d items: %.0f ms", BIG_FOLDER,
                            (now() - start) * 1000);
    kx_folder_unref(inbox);
    kx_account_unref(account);
    kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);

    start = now();
    account = open_account(fixture->store, "big");
    inbox = open_folder(account, "INBOX");
    g_autoptr(KxView) view = kx_view_new(inbox, TRUE);
    g_assert_cmpuint(kx_view_count(view), ==, BIG_FOLDER);
    g_test_minimized_result(now() - start, "cold SELECT of %d items: %.1f ms", BIG_FOLDER,
                            (now() - start) * 1000);

    g_autofree guint32 *uids = g_new(guint32, BIG_FOLDER);
    for (guint i = 0; i < BIG_FOLDER; i++)
        uids[i] = i + 1;
    start = now();
    for (guint i = 0; i < BIG_FOLDER; i += 100) {
        KxItemCache caches[100];
        g_assert_true(kx_folder_read_cache(inbox, uids + i, 100, caches, &error));
        for (guint k = 0; k < 100; k++)
            kx_item_cache_clear(&caches[k]);
    }
    g_test_minimized_result(now() - start, "envelopes of %d items: %.0f ms", BIG_FOLDER,
                            (now() - start) * 1000);

    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_FLAGGED};
    start = now();
    g_assert_true(kx_folder_change_flags(inbox, uids, BIG_FOLDER, &change, NULL, NULL, &error));
    g_test_minimized_result(now() - start, "flags of %d items: %.0f ms", BIG_FOLDER,
                            (now() - start) * 1000);
    start = now();
    for (guint i = 0; i < 1000; i++) {
        change.op = i % 2 ? KX_FLAGS_ADD : KX_FLAGS_REMOVE;
        g_assert_true(kx_folder_change_flags(inbox, uids + i * 7, 1, &change, NULL, NULL, &error));
    }
    g_test_minimized_result(now() - start, "one flag: %.0f us", (now() - start) * 1000);
    start = now();
    for (guint i = 0; i < 1000; i++)
        g_assert_cmpuint(kx_view_seq(view, uids[i * 50]), ==, i * 50 + 1);
    g_test_minimized_result(now() - start, "sequence number: %.0f ns", (now() - start) * 1e6);
    kx_folder_unref(inbox);
    kx_account_unref(account);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (g_test_perf()) {
        ADD_TEST("/store/perf/deliveries", test_deliveries);
        ADD_TEST("/store/perf/big-folder", test_big_folder);
    }
    return g_test_run();
}

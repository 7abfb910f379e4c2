/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads on the same accounts: what they do must add up, and ThreadSanitizer must find
 * nothing. */
#include "store-test.h"

enum { THREADS = 8, ACCOUNTS = 3, STEPS = 150 };

typedef struct {
    KxStore *store;
    guint number;
    guint delivered, removed;
    int *running;
} Worker;

static char *user_name(guint i)
{
    return g_strdup_printf("user%u", i % ACCOUNTS);
}

static gpointer deliver_thread(gpointer data)
{
    Worker *worker = data;
    for (guint i = 0; i < STEPS; i++) {
        KxAccount *accounts[ACCOUNTS];
        KxDelivery targets[ACCOUNTS];
        for (guint k = 0; k < ACCOUNTS; k++) {
            g_autofree char *user = user_name(k);
            accounts[k] = open_account(worker->store, user);
            targets[k] =
                (KxDelivery){.account = accounts[k], .folder = "INBOX", .internal_date = DATE};
        }
        g_autofree char *text = sample_message("x");
        g_autoptr(KxIncoming) incoming = make_content(worker->store, text);
        g_assert_true(kx_incoming_deliver(incoming, targets, ACCOUNTS));
        worker->delivered += ACCOUNTS;
        for (guint k = 0; k < ACCOUNTS; k++)
            kx_account_unref(accounts[k]);
    }
    return NULL;
}

static void watched(gpointer data)
{
    __atomic_add_fetch((int *)data, 1, __ATOMIC_RELAXED);
}

static void use_session(Worker *worker, KxView *view)
{
    GError *error = NULL;
    KxFolder *folder = kx_view_folder(view);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(view, TRUE, TRUE, &changes, &error));
    guint count = kx_view_count(view);
    KxItem items[20];
    guint n = kx_view_items(view, 1, count, items, NULL, 20);
    for (guint i = 0; i < n; i++) {
        g_auto(KxItemCache) cache = {0};
        g_assert_true(kx_folder_read_cache(folder, &items[i].uid, 1, &cache, &error));
        g_assert_true(cache.envelope || !kx_view_item_stays(view, items[i].uid));
        g_autoptr(GBytes) content =
            kx_item_content(folder, items[i].uid, NULL); /* may be gone by now */
        g_assert_cmpuint(kx_view_seq(view, items[i].uid), >, 0);
        g_assert_true(!items[i].keywords || items[i].keywords[0]);
    }
    if (n == 0)
        return;
    const char *const words[] = {worker->number % 2 ? "odd" : "even", NULL};
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN, .keywords = words};
    guint64 modseq;
    g_assert_true(
        kx_folder_change_flags(folder, &items[n - 1].uid, 1, &change, &modseq, NULL, &error));
    kx_view_note_own(view, &items[n - 1].uid, 1, modseq);
    g_autoptr(GArray) gone = NULL;
    g_assert_true(kx_folder_expunge(folder, &items[0].uid, 1, TRUE, NULL, &gone, &error));
    worker->removed += gone->len;
}

static gpointer session_thread(gpointer data)
{
    Worker *worker = data;
    int calls = 0;
    for (guint i = 0; i < STEPS / 5; i++) {
        GError *error = NULL;
        g_autofree char *user = user_name(worker->number);
        g_autoptr(KxAccount) account = open_account(worker->store, user);
        g_autoptr(KxFolder) inbox = open_folder(account, "INBOX");
        g_autoptr(KxView) view = kx_view_new(inbox, TRUE);
        guint watch = kx_folder_watch(inbox, watched, &calls);
        for (guint k = 0; k < 5; k++)
            use_session(worker, view);
        kx_folder_unwatch(inbox, watch);
        KxViewState state;
        kx_view_save(view, &state);
        g_autoptr(KxView) resumed = kx_view_resume(account, &state, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(kx_view_count(resumed), ==, kx_view_count(view));
        g_autoptr(GPtrArray) list = kx_folder_list(account, TRUE, &error);
        g_assert_cmpuint(list->len, >=, 9);
    }
    return NULL;
}

/* Folders come and go, accounts are closed under everybody, and rebuilt. */
static gpointer trouble_thread(gpointer data)
{
    Worker *worker = data;
    for (guint i = 0; __atomic_load_n(worker->running, __ATOMIC_ACQUIRE) > 0; i++) {
        GError *error = NULL;
        g_autofree char *user = user_name(i);
        g_autoptr(KxAccount) account = open_account(worker->store, user);
        kx_folder_create(account, "A/B", KX_TYPE_MAIL, 0, &error);
        g_assert_no_error(error);
        kx_folder_rename(account, "A", "C", NULL, &error);
        g_assert_no_error(error);
        deliver(account, "C/B", "x");
        kx_store_close_idle(worker->store, G_MAXINT64, G_MAXINT64);
        g_assert_true(kx_folder_delete(account, "C/B", NULL, &error));
        g_assert_true(kx_folder_delete(account, "C", NULL, &error));
        if (i % 5 == 0)
            g_assert_true(kx_account_reindex(account, NULL, &error));
        g_assert_no_error(error);
    }
    return NULL;
}

static void test_threads(Fixture *fixture, gconstpointer data)
{
    int running = THREADS;
    Worker workers[THREADS], trouble = {.store = fixture->store, .running = &running};
    GThread *threads[THREADS];
    for (guint i = 0; i < THREADS; i++) {
        workers[i] = (Worker){.store = fixture->store, .number = i};
        threads[i] = g_thread_new("worker", i % 2 ? deliver_thread : session_thread, &workers[i]);
    }
    GThread *troubling = g_thread_new("trouble", trouble_thread, &trouble);
    guint expected = 0;
    for (guint i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
        __atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
        expected += workers[i].delivered - workers[i].removed;
    }
    g_thread_join(troubling);
    guint found = 0;
    for (guint i = 0; i < ACCOUNTS; i++) {
        g_autofree char *user = user_name(i);
        g_autoptr(KxAccount) account = open_account(fixture->store, user);
        g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
        found += info->messages;
        assert_consistent(account);
    }
    g_assert_cmpuint(found, ==, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/threads", test_threads);
    return g_test_run();
}

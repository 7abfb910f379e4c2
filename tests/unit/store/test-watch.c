/* SPDX-License-Identifier: Apache-2.0 */
/* Watches of an account and its metadata: nothing lost, nothing twice, by many threads at once. */
#include "store-test.h"

#include "store/metadata.h"
#include "store/watch.h"

#define EVERYTHING 0xffff

static void count(gpointer data)
{
    g_atomic_int_inc((gint *)data);
}

static GPtrArray *take(KxAccountWatch *watch)
{
    gboolean overflow;
    GPtrArray *events = kx_account_watch_take(watch, &overflow);
    g_assert_false(overflow);
    return events;
}

static void assert_event(const GPtrArray *events, guint at, guint kinds, const char *path)
{
    g_assert_cmpuint(events->len, >, at);
    const KxWatchEvent *event = events->pdata[at];
    g_assert_cmpuint(event->kinds, ==, kinds);
    g_assert_cmpstr(event->path, ==, path);
}

static void create(KxAccount *account, const char *path)
{
    GError *error = NULL;
    kx_folder_create(account, path, KX_TYPE_MAIL, 0, &error);
    g_assert_no_error(error);
}

static void test_names(Fixture *fixture, gconstpointer data)
{
    gint calls = 0;
    KxActor actor = {"IMAP", "jpalmer@company.test", NULL};
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_autoptr(KxAccountWatch) watch = kx_account_watch(account, EVERYTHING, NULL, count, &calls);
    g_assert_null(take(watch));
    create(account, "A/B");
    g_assert_true(kx_folder_rename(account, "A/B", "A/C", &actor, NULL));
    g_assert_true(kx_folder_subscribe(account, "A/C", TRUE, NULL));
    g_assert_true(kx_folder_subscribe(account, "A/C", TRUE, NULL)); /* is already */
    g_assert_true(kx_folder_delete(account, "A/C", &actor, NULL));
    g_assert_cmpint(calls, ==, 5);
    g_autoptr(GPtrArray) events = take(watch);
    assert_event(events, 0, KX_WATCH_CREATED, "A");
    assert_event(events, 1, KX_WATCH_CREATED, "A/B");
    assert_event(events, 2, KX_WATCH_RENAMED | KX_WATCH_SUBSCRIBED | KX_WATCH_DELETED, "A/C");
    g_assert_cmpstr(((KxWatchEvent *)events->pdata[2])->old_path, ==, "A/B");
    g_assert_cmpuint(events->len, ==, 3);
    g_assert_null(take(watch));
}

static void test_messages(Fixture *fixture, gconstpointer data)
{
    gint calls = 0;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_autoptr(KxAccountWatch) watch =
        kx_account_watch(account, KX_WATCH_NEW | KX_WATCH_FLAGS, NULL, count, &calls);
    for (int i = 0; i < 3; i++)
        deliver(account, "INBOX", "x");
    g_autoptr(KxFolder) inbox = kx_folder_open(account, "INBOX", NULL);
    KxFlagsChange seen = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    g_assert_true(kx_folder_change_flags(inbox, (guint32[]){1}, 1, &seen, NULL, NULL, NULL));
    KxActor actor = {"IMAP", "jpalmer@company.test", NULL};
    g_assert_true(kx_folder_expunge(inbox, (guint32[]){1}, 1, TRUE, &actor, NULL, NULL));
    g_autoptr(GPtrArray) events = take(watch);
    assert_event(events, 0, KX_WATCH_NEW | KX_WATCH_FLAGS, NULL);
    g_assert_cmpuint(events->len, ==, 1);
    g_assert_cmpuint(((KxWatchEvent *)events->pdata[0])->folder, ==, kx_folder_id(inbox));
}

static void test_own_changes(Fixture *fixture, gconstpointer data)
{
    gint mine = 0, others = 0;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_autoptr(KxAccountWatch) me = kx_account_watch(account, EVERYTHING, &mine, count, &mine);
    g_autoptr(KxAccountWatch) other =
        kx_account_watch(account, EVERYTHING, &others, count, &others);
    kx_store_act_for(fixture->store, &mine);
    create(account, "Mine");
    deliver(account, "Mine", "x");
    kx_store_act_for(fixture->store, NULL);
    g_assert_cmpint(mine, ==, 0);
    g_assert_cmpint(others, ==, 2);
    deliver(account, "Mine", "y");
    g_assert_cmpint(mine, ==, 1);
    g_assert_cmpint(others, ==, 3);
}

static void test_overflow(Fixture *fixture, gconstpointer data)
{
    gint calls = 0;
    gboolean overflow;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_autoptr(KxAccountWatch) watch = kx_account_watch(account, EVERYTHING, NULL, count, &calls);
    for (int i = 0; i <= KX_WATCH_EVENTS; i++) {
        g_autofree char *path = g_strdup_printf("name %d", i);
        kx_watch_post_name(account, KX_WATCH_CREATED, path, NULL);
    }
    g_assert_null(kx_account_watch_take(watch, &overflow));
    g_assert_true(overflow);
    create(account, "After");
    g_autoptr(GPtrArray) events = take(watch);
    assert_event(events, 0, KX_WATCH_CREATED, "After");
    g_assert_true(kx_account_reindex(account, NULL, NULL));
    g_assert_null(kx_account_watch_take(watch, &overflow));
    g_assert_true(overflow);
}

typedef struct {
    KxAccount *account;
    gint stop, seen, calls;
} Race;

/* Watches come and go while deliveries are made; each sees what was delivered in its time. */
static gpointer watch_again_and_again(gpointer data)
{
    Race *race = data;
    while (!g_atomic_int_get(&race->stop)) {
        gboolean overflow;
        g_autoptr(KxAccountWatch) watch =
            kx_account_watch(race->account, EVERYTHING, NULL, count, &race->calls);
        g_thread_yield();
        g_autoptr(GPtrArray) events = kx_account_watch_take(watch, &overflow);
        g_assert_false(overflow);
        g_atomic_int_add(&race->seen, events ? (gint)events->len : 0);
    }
    return NULL;
}

static gpointer deliver_many(gpointer data)
{
    Race *race = data;
    for (int i = 0; i < 30; i++)
        deliver(race->account, "INBOX", "x");
    return NULL;
}

static void test_threads(Fixture *fixture, gconstpointer data)
{
    GThread *watchers[4], *writers[4];
    gint calls = 0, messages = 0;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    Race race = {.account = account};
    g_autoptr(KxAccountWatch) watch = kx_account_watch(account, KX_WATCH_NEW, NULL, count, &calls);
    for (int i = 0; i < 4; i++) {
        watchers[i] = g_thread_new("watch", watch_again_and_again, &race);
        writers[i] = g_thread_new("write", deliver_many, &race);
    }
    for (int i = 0; i < 4; i++)
        g_thread_join(writers[i]);
    g_autoptr(GPtrArray) events = take(watch);
    g_assert_cmpuint(events->len, ==, 1);
    g_assert_cmpint(calls, >, 0);
    g_atomic_int_set(&race.stop, 1);
    for (int i = 0; i < 4; i++)
        g_thread_join(watchers[i]);
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    messages = (gint)info->messages;
    g_assert_cmpint(messages, ==, 120);
}

/* ---- metadata ---- */

static gboolean set(KxAccount *account, guint32 folder, const char *user, const char *name,
                    const char *value)
{
    KxMetadata entry = {(char *)name, value ? g_bytes_new(value, strlen(value)) : NULL};
    gboolean ok = kx_metadata_set(account, folder, user, &entry, 1, NULL, NULL);
    g_clear_pointer(&entry.value, g_bytes_unref);
    return ok;
}

static void assert_value(KxAccount *account, guint32 folder, const char *user, const char *name,
                         const char *value)
{
    g_autoptr(GPtrArray) found =
        kx_metadata_get(account, folder, user, name, KX_METADATA_SELF, NULL);
    g_assert_cmpuint(found->len, ==, value ? 1 : 0);
    if (!value)
        return;
    GBytes *got = ((KxMetadata *)found->pdata[0])->value;
    g_assert_cmpmem(g_bytes_get_data(got, NULL), (int)g_bytes_get_size(got), value,
                    (int)strlen(value));
}

static void test_metadata_is_private(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "INBOX", NULL);
    g_assert_true(set(account, info->id, "a@x", "/private/comment", "a's"));
    g_assert_true(set(account, info->id, "b@x", "/private/comment", "b's"));
    g_assert_true(set(account, info->id, "b@x", "/shared/comment", "all"));
    assert_value(account, info->id, "a@x", "/private/comment", "a's");
    assert_value(account, info->id, "b@x", "/private/comment", "b's");
    assert_value(account, info->id, "a@x", "/shared/comment", "all");
    assert_value(account, info->id, "c@x", "/private/comment", NULL);
    assert_value(account, 0, "a@x", "/private/comment", NULL);
    g_assert_true(set(account, info->id, "a@x", "/private/comment", NULL));
    assert_value(account, info->id, "a@x", "/private/comment", NULL);
    assert_value(account, info->id, "b@x", "/private/comment", "b's");
    g_assert_false(set(account, 9999, "a@x", "/private/comment", "nowhere"));
}

static void test_metadata_outlives_a_rebuild(Fixture *fixture, gconstpointer data)
{
    const guint use = KX_USE_ARCHIVE;
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store, "jpalmer");
    create(account, "Kept");
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, "Kept", NULL);
    g_assert_true(set(account, info->id, "a@x", "/private/comment", "kept"));
    g_assert_true(kx_metadata_set(account, info->id, "a@x", NULL, 0, &use, &error));
    g_assert_no_error(error);
    g_assert_true(set(account, 0, "a@x", "/private/vendor/x/y", "server"));
    g_assert_true(kx_account_reindex(account, NULL, &error));
    g_assert_no_error(error);
    assert_value(account, info->id, "a@x", "/private/comment", "kept");
    assert_value(account, 0, "a@x", "/private/vendor/x/y", "server");
    g_autoptr(KxFolderInfo) again = kx_folder_find(account, "Kept", NULL);
    g_assert_cmpuint(again->special_use, ==, use);
}

#define ADD(name, func)                                                                            \
    g_test_add("/store/watch/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("names", test_names);
    ADD("messages", test_messages);
    ADD("own-changes", test_own_changes);
    ADD("overflow", test_overflow);
    ADD("threads", test_threads);
    ADD("metadata-is-private", test_metadata_is_private);
    ADD("metadata-outlives-a-rebuild", test_metadata_outlives_a_rebuild);
    return g_test_run();
}

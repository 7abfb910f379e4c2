/* SPDX-License-Identifier: Apache-2.0 */
/* Views: sequence numbers under change, and resuming, compared with a naive model. */
#include "store-test.h"
#include "store/view-private.h"

static void sync_view(KxView *view, gboolean expunge_too, KxChanges *changes)
{
    GError *error = NULL;
    kx_changes_clear(changes);
    kx_view_sync(view, expunge_too, FALSE, changes, &error);
    g_assert_no_error(error);
}

static guint32 at(GArray *array, guint i)
{
    g_assert_cmpuint(i, <, array->len);
    return g_array_index(array, guint32, i);
}

typedef struct {
    KxAccount *account;
    KxFolder *inbox;
} Box;

static Box open_box(Fixture *fixture, guint n)
{
    Box box = {open_account(fixture->store, "wsmith"), NULL};
    for (guint i = 0; i < n; i++)
        deliver(box.account, "INBOX", "x");
    box.inbox = open_folder(box.account, "INBOX");
    return box;
}

static void close_box(Box *box)
{
    kx_folder_unref(box->inbox);
    kx_account_unref(box->account);
}

static void test_expunge(Fixture *fixture, gconstpointer data)
{
    Box box = open_box(fixture, 6);
    g_autoptr(KxView) view = kx_view_new(box.inbox, FALSE);
    g_auto(KxChanges) changes = {0};
    expunge(box.inbox, 2);
    expunge(box.inbox, 5);
    guint32 late = deliver(box.account, "INBOX", "new");
    /* Nothing moves before the session is told. */
    g_assert_cmpuint(kx_view_count(view), ==, 6);
    for (guint32 i = 1; i <= 6; i++) {
        g_assert_cmpuint(kx_view_uid(view, i), ==, i);
        g_assert_cmpuint(kx_view_seq(view, i), ==, i);
    }
    g_assert_cmpuint(kx_view_uid(view, 7), ==, 0);
    g_assert_cmpuint(kx_view_seq(view, late), ==, 0);
    KxItem items[10], item;
    guint32 seqs[10];
    g_assert_cmpuint(kx_view_items(view, 1, G_MAXUINT32, items, seqs, 10), ==, 4);
    g_assert_cmpuint(items[1].uid, ==, 3);
    g_assert_cmpuint(seqs[1], ==, 3);
    g_assert_cmpuint(seqs[3], ==, 6);
    g_assert_cmpuint(kx_view_items(view, 2, 2, items, seqs, 10), ==, 0);
    g_assert_cmpuint(kx_view_items(view, 1, 6, items, NULL, 2), ==, 2);
    g_assert_false(kx_view_item(view, 2, &item));
    g_assert_false(kx_view_item(view, late, &item));
    sync_view(view, FALSE, &changes);
    g_assert_true(changes.exists);
    g_assert_cmpuint(changes.expunged->len, ==, 0);
    g_assert_cmpuint(kx_view_count(view), ==, 7);
    g_assert_cmpuint(kx_view_seq(view, late), ==, 7);
    sync_view(view, TRUE, &changes);
    g_assert_false(changes.exists);
    g_assert_cmpuint(changes.expunged->len, ==, 2);
    g_assert_cmpuint(at(changes.expunged, 0), ==, 5);
    g_assert_cmpuint(at(changes.expunged, 1), ==, 2);
    g_assert_cmpuint(at(changes.vanished, 0), ==, 2);
    g_assert_cmpuint(at(changes.vanished, 1), ==, 5);
    g_assert_cmpuint(kx_view_count(view), ==, 5);
    g_assert_cmpuint(kx_view_seq(view, 6), ==, 4);
    g_assert_cmpuint(kx_view_max_uid(view), ==, late);
    close_box(&box);
}

static void test_recent(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Box box = open_box(fixture, 3);
    g_autoptr(KxView) reader = kx_view_new(box.inbox, FALSE);
    g_assert_cmpuint(kx_view_recent(reader), ==, 0);
    g_autoptr(KxView) first = kx_view_new(box.inbox, TRUE);
    g_autoptr(KxView) second = kx_view_new(box.inbox, TRUE);
    g_assert_cmpuint(kx_view_recent(first), ==, 3);
    g_assert_cmpuint(kx_view_recent(second), ==, 0);
    deliver(box.account, "INBOX", "d");
    g_autoptr(KxFolderInfo) info = kx_folder_find(box.account, "INBOX", &error);
    g_assert_cmpuint(info->recent, ==, 1);
    g_auto(KxChanges) changes = {0};
    g_assert_true(kx_view_sync(second, TRUE, TRUE, &changes, &error));
    kx_changes_clear(&changes);
    g_assert_true(kx_view_sync(first, TRUE, TRUE, &changes, &error));
    g_assert_cmpuint(kx_view_recent(first), ==, 3);
    g_assert_cmpuint(kx_view_recent(second), ==, 1);
    g_assert_true(kx_view_is_recent(second, 4));
    g_assert_false(kx_view_is_recent(first, 4));
    expunge(box.inbox, 4);
    kx_changes_clear(&changes);
    g_assert_true(kx_view_sync(second, TRUE, TRUE, &changes, &error));
    g_assert_cmpuint(kx_view_recent(second), ==, 0);
    close_box(&box);
}

static void test_unseen(Fixture *fixture, gconstpointer data)
{
    Box box = open_box(fixture, 4);
    g_autoptr(KxView) view = kx_view_new(box.inbox, FALSE);
    g_assert_cmpuint(kx_view_first_unseen(view), ==, 1);
    change_flags(box.inbox, 1, KX_FLAGS_ADD, KX_FLAG_SEEN);
    change_flags(box.inbox, 2, KX_FLAGS_ADD, KX_FLAG_SEEN);
    expunge(box.inbox, 1);
    g_assert_cmpuint(kx_view_first_unseen(view), ==, 3);
    change_flags(box.inbox, 3, KX_FLAGS_ADD, KX_FLAG_SEEN);
    change_flags(box.inbox, 4, KX_FLAGS_ADD, KX_FLAG_SEEN);
    g_assert_cmpuint(kx_view_first_unseen(view), ==, 0);
    close_box(&box);
}

static void test_own_changes(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Box box = open_box(fixture, 4);
    g_autoptr(KxView) view = kx_view_new(box.inbox, FALSE);
    g_auto(KxChanges) changes = {0};
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    guint32 mine[] = {1, 2};
    guint64 modseq;
    g_assert_true(kx_folder_change_flags(box.inbox, mine, 2, &change, &modseq, NULL, &error));
    kx_view_note_own(view, mine, 2, modseq);
    sync_view(view, TRUE, &changes);
    g_assert_cmpuint(changes.changed->len, ==, 0);
    /* With a change by somebody else before, one to the same item after, and one in between. */
    change_flags(box.inbox, 3, KX_FLAGS_ADD, KX_FLAG_SEEN);
    change.flags = KX_FLAG_FLAGGED;
    g_assert_true(kx_folder_change_flags(box.inbox, mine, 2, &change, &modseq, NULL, &error));
    change_flags(box.inbox, 2, KX_FLAGS_ADD, KX_FLAG_ANSWERED);
    kx_view_note_own(view, mine, 2, modseq);
    sync_view(view, TRUE, &changes);
    g_assert_cmpuint(changes.changed->len, ==, 2);
    g_assert_cmpuint(at(changes.changed, 0), ==, 2);
    g_assert_cmpuint(at(changes.changed, 1), ==, 3);
    close_box(&box);
}

/* More changes at once than the logs keep. */
static void test_many_changes(Fixture *fixture, gconstpointer data)
{
    enum { ITEMS = 20000, LEFT = 3000 };
    GError *error = NULL;
    Box box = open_box(fixture, 0);
    g_autoptr(GPtrArray) contents =
        g_ptr_array_new_with_free_func((GDestroyNotify)kx_incoming_free);
    g_autofree KxDelivery *targets = g_new0(KxDelivery, 1000);
    for (guint i = 0; i < 1000; i++) {
        g_ptr_array_add(contents, make_content(fixture->store, "Subject: x\r\n\r\n"));
        targets[i] = (KxDelivery){.account = box.account, .folder = "INBOX", .internal_date = DATE};
    }
    for (guint i = 0; i < ITEMS; i += 1000)
        g_assert_true(
            kx_incoming_deliver_all((KxIncoming **)contents->pdata, targets, 1000, &error));
    g_autoptr(KxView) view = kx_view_new(box.inbox, FALSE);
    g_assert_cmpuint(kx_view_count(view), ==, ITEMS);
    g_autofree guint32 *uids = g_new(guint32, ITEMS);
    for (guint i = 0; i < ITEMS; i++)
        uids[i] = i + 1;
    KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    g_assert_true(kx_folder_change_flags(box.inbox, uids, ITEMS, &change, NULL, NULL, &error));
    g_auto(KxChanges) changes = {0};
    sync_view(view, TRUE, &changes);
    g_assert_cmpuint(changes.changed->len, ==, ITEMS);
    g_assert_true(kx_folder_expunge(box.inbox, uids, ITEMS - LEFT, TRUE, NULL, NULL, &error));
    g_assert_cmpuint(kx_view_count(view), ==, ITEMS);
    g_assert_cmpuint(kx_view_seq(view, ITEMS), ==, ITEMS);
    g_assert_cmpuint(box.inbox->removed->len, ==, 0); /* views have taken them over */
    sync_view(view, TRUE, &changes);
    g_assert_cmpuint(changes.expunged->len, ==, ITEMS - LEFT);
    g_assert_cmpuint(kx_view_count(view), ==, LEFT);
    g_assert_cmpuint(kx_view_uid(view, 1), ==, ITEMS - LEFT + 1);
    assert_consistent(box.account);
    close_box(&box);
}

static void test_resume(Fixture *fixture, gconstpointer data)
{
    GError *error = NULL;
    Box box = open_box(fixture, 6);
    KxView *view = kx_view_new(box.inbox, FALSE);
    expunge(box.inbox, 2);
    KxViewState state;
    kx_view_save(view, &state);
    kx_view_free(view);
    expunge(box.inbox, 4);
    change_flags(box.inbox, 6, KX_FLAGS_ADD, KX_FLAG_SEEN);
    deliver(box.account, "INBOX", "new");
    close_box(&box);
    fixture_close_store(fixture);
    fixture_open_store(fixture);
    g_autoptr(KxAccount) account = open_account(fixture->store, "wsmith");
    view = kx_view_resume(account, &state, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(kx_view_count(view), ==, 6);
    for (guint32 i = 1; i <= 6; i++)
        g_assert_cmpuint(kx_view_uid(view, i), ==, i);
    g_auto(KxChanges) changes = {0};
    sync_view(view, TRUE, &changes);
    g_assert_cmpuint(changes.expunged->len, ==, 2);
    g_assert_cmpuint(at(changes.vanished, 0), ==, 2);
    g_assert_cmpuint(at(changes.vanished, 1), ==, 4);
    g_assert_cmpuint(changes.changed->len, ==, 1);
    g_assert_true(changes.exists);
    kx_view_free(view);
    const KxViewState bad[] = {
        {4711, state.uid_validity, 1, 1, 1},
        {state.folder_id, state.uid_validity + 1, 1, 1, 1},
        {state.folder_id, state.uid_validity, 100, state.expunge_modseq, state.change_modseq},
        {state.folder_id, state.uid_validity, 0, state.expunge_modseq, state.change_modseq},
        {state.folder_id, state.uid_validity, 1, G_MAXUINT64, 1},
        {state.folder_id, state.uid_validity, 1, 1, G_MAXUINT64},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(kx_view_resume(account, &bad[i], &error));
        g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
        g_clear_error(&error);
    }
}

/* ---- random changes against a model that keeps plain lists ---- */

enum { VIEWS = 5, STEPS = 1500 };

/* What a session believes: the UIDs by sequence number, and the flags it was told. */
typedef struct {
    KxView *view;
    GArray *uids;
    GHashTable *flags;
} Session;

typedef struct {
    Box box;
    GArray *alive;     /* guint32 */
    GHashTable *flags; /* uid -> flags */
    Session sessions[VIEWS];
} Model;

static void session_open(Model *model, Session *session)
{
    session->view = kx_view_new(model->box.inbox, FALSE);
    session->uids = g_array_copy(model->alive);
    session->flags = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < model->alive->len; i++) {
        gpointer uid = GUINT_TO_POINTER(at(model->alive, i));
        g_hash_table_insert(session->flags, uid, g_hash_table_lookup(model->flags, uid));
    }
}

static void session_close(Session *session)
{
    g_clear_pointer(&session->view, kx_view_free);
    g_clear_pointer(&session->uids, g_array_unref);
    g_clear_pointer(&session->flags, g_hash_table_unref);
}

static void session_check(Model *model, Session *session)
{
    g_assert_cmpuint(kx_view_count(session->view), ==, session->uids->len);
    guint n = session->uids->len;
    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(kx_view_uid(session->view, i + 1), ==, at(session->uids, i));
        g_assert_cmpuint(kx_view_seq(session->view, at(session->uids, i)), ==, i + 1);
    }
    g_assert_cmpuint(kx_view_uid(session->view, n + 1), ==, 0);
    g_assert_cmpuint(kx_view_max_uid(session->view), ==, n ? at(session->uids, n - 1) : 0);
    g_autofree KxItem *items = g_new(KxItem, n + 1);
    g_autofree guint32 *seqs = g_new(guint32, n + 1);
    guint32 from = n ? 1 + (guint32)g_test_rand_int_range(0, (gint32)n) : 1;
    guint got = kx_view_items(session->view, from, n, items, seqs, n + 1), k = 0;
    for (guint i = from; i <= n; i++) {
        guint32 uid = at(session->uids, i - 1);
        guint place;
        if (!g_array_binary_search(model->alive, &uid, kx_compare_uids, &place))
            continue;
        g_assert_cmpuint(k, <, got);
        g_assert_cmpuint(items[k].uid, ==, uid);
        g_assert_cmpuint(seqs[k], ==, i);
        k++;
    }
    g_assert_cmpuint(k, ==, got);
}

/* Applies what the store says to the session's list, as a client would. */
static void session_sync(Model *model, Session *session, gboolean expunge_too)
{
    g_auto(KxChanges) changes = {0};
    guint32 known = session->uids->len ? at(session->uids, session->uids->len - 1) : 0;
    guint before = session->uids->len;
    sync_view(session->view, expunge_too, &changes);
    g_assert_cmpuint(changes.expunged->len, ==, changes.vanished->len);
    for (guint i = 0; i < changes.expunged->len; i++) {
        guint32 seq = at(changes.expunged, i), gone = at(session->uids, seq - 1);
        g_assert_cmpuint(gone, ==, at(changes.vanished, changes.vanished->len - 1 - i));
        g_array_remove_index(session->uids, seq - 1);
        g_hash_table_remove(session->flags, GUINT_TO_POINTER(gone));
    }
    for (guint i = 0; i < changes.changed->len; i++) {
        KxItem item;
        g_assert_true(kx_view_item(session->view, at(changes.changed, i), &item));
        g_assert_true(g_hash_table_contains(session->flags, GUINT_TO_POINTER(item.uid)));
        g_hash_table_insert(session->flags, GUINT_TO_POINTER(item.uid),
                            GUINT_TO_POINTER(item.flags));
    }
    guint count = kx_view_count(session->view);
    g_assert_cmpint(count > session->uids->len, ==, changes.exists);
    g_assert_cmpuint(count, >=, before - changes.expunged->len);
    for (guint seq = session->uids->len + 1; seq <= count; seq++) {
        guint32 uid = kx_view_uid(session->view, seq);
        g_assert_cmpuint(uid, >, known);
        known = uid;
        g_array_append_val(session->uids, uid);
        g_hash_table_insert(session->flags, GUINT_TO_POINTER(uid),
                            g_hash_table_lookup(model->flags, GUINT_TO_POINTER(uid)));
    }
    for (guint i = 0; i < model->alive->len; i++) { /* told everything */
        gpointer uid = GUINT_TO_POINTER(at(model->alive, i));
        g_assert_true(g_hash_table_lookup(session->flags, uid) ==
                      g_hash_table_lookup(model->flags, uid));
    }
    if (expunge_too)
        g_assert_cmpuint(session->uids->len, ==, model->alive->len);
}

static void session_resume(Model *model, Session *session)
{
    GError *error = NULL;
    KxViewState state;
    kx_view_save(session->view, &state);
    kx_view_free(session->view);
    session->view = kx_view_resume(model->box.account, &state, &error);
    g_assert_no_error(error);
}

static void step_flags(Model *model, guint32 uid)
{
    guint32 flags = 1u << g_test_rand_int_range(0, 5);
    gboolean on = g_test_rand_bit();
    gpointer key = GUINT_TO_POINTER(uid);
    guint32 old = GPOINTER_TO_UINT(g_hash_table_lookup(model->flags, key));
    change_flags(model->box.inbox, uid, on ? KX_FLAGS_ADD : KX_FLAGS_REMOVE, flags);
    g_hash_table_insert(model->flags, key, GUINT_TO_POINTER(on ? old | flags : old & ~flags));
}

static void step(Model *model, Fixture *fixture)
{
    Session *session = &model->sessions[g_test_rand_int_range(0, VIEWS)];
    int what = g_test_rand_int_range(0, 100);
    guint n = model->alive->len;
    guint pick = n ? (guint)g_test_rand_int_range(0, (gint32)n) : 0;
    if (what < 30) {
        guint32 uid = deliver(model->box.account, "INBOX", "x");
        g_array_append_val(model->alive, uid);
        g_hash_table_insert(model->flags, GUINT_TO_POINTER(uid), NULL);
    } else if (what < 50 && n > 0) {
        expunge(model->box.inbox, at(model->alive, pick));
        g_hash_table_remove(model->flags, GUINT_TO_POINTER(at(model->alive, pick)));
        g_array_remove_index(model->alive, pick);
    } else if (what < 65 && n > 0) {
        step_flags(model, at(model->alive, pick));
    } else if (what < 75) {
        session_sync(model, session, FALSE);
    } else if (what < 88) {
        session_sync(model, session, TRUE);
    } else if (what < 93) {
        session_resume(model, session);
    } else if (what < 97) {
        session_close(session);
        session_open(model, session);
    } else {
        kx_store_close_idle(fixture->store, G_MAXINT64, G_MAXINT64);
    }
    session_check(model, session);
}

static void test_model(Fixture *fixture, gconstpointer data)
{
    Model model = {.box = open_box(fixture, 0)};
    model.alive = g_array_new(FALSE, FALSE, sizeof(guint32));
    model.flags = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < VIEWS; i++)
        session_open(&model, &model.sessions[i]);
    for (guint i = 0; i < STEPS; i++)
        step(&model, fixture);
    for (guint i = 0; i < VIEWS; i++) {
        session_sync(&model, &model.sessions[i], TRUE);
        session_check(&model, &model.sessions[i]);
        session_close(&model.sessions[i]);
    }
    assert_consistent(model.box.account);
    g_array_unref(model.alive);
    g_hash_table_unref(model.flags);
    close_box(&model.box);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/store/view/expunge", test_expunge);
    ADD_TEST("/store/view/recent", test_recent);
    ADD_TEST("/store/view/unseen", test_unseen);
    ADD_TEST("/store/view/own-changes", test_own_changes);
    ADD_TEST("/store/view/many-changes", test_many_changes);
    ADD_TEST("/store/view/resume", test_resume);
    ADD_TEST("/store/view/model", test_model);
    return g_test_run();
}

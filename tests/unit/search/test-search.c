/* SPDX-License-Identifier: Apache-2.0 */
/* The index beside a store: it excludes what cannot match, and nothing else, whatever happens. */
#include "../store/store-test.h"
#include "search/index.h"
#include "mime/fold.h"
#include "search/search.h"

typedef struct {
    Fixture store;
    KxSearch *search;
} Search;

static gboolean extract_text(gpointer data, const char *type, const char *file_name,
                             GBytes *content, char **ret_text, GError **error)
{
    if (!g_str_equal(type, "application/x-upside-down"))
        return kx_fail(error, KX_ERR_INVALID, "no text in %s", type);
    gsize len;
    const char *bytes = g_bytes_get_data(content, &len);
    *ret_text = g_strreverse(g_strndup(bytes, len));
    return TRUE;
}

static void open_search(Search *fixture)
{
    GError *error = NULL;
    fixture->search =
        kx_search_open(fixture->store.store, fixture->store.logger, extract_text, NULL, &error);
    g_assert_no_error(error);
}

static void set_up(Search *fixture, gconstpointer data)
{
    fixture_set_up(&fixture->store, NULL);
    open_search(fixture);
}

static void tear_down(Search *fixture, gconstpointer data)
{
    g_clear_pointer(&fixture->search, kx_search_close);
    fixture_tear_down(&fixture->store, NULL);
}

static void deliver_text(KxAccount *account, const char *text)
{
    g_autoptr(KxIncoming) incoming = make_content(account->store, text);
    KxDelivery target = {.account = account, .folder = "INBOX", .internal_date = DATE};
    g_assert_true(kx_incoming_deliver(incoming, &target, 1));
}

/* All that is there is indexed, and the thread has let go of the account. */
static void wait_for_index(Search *fixture, KxAccount *account)
{
    for (guint i = 0; i < 6000; i++) {
        g_autoptr(KxSearchStatus) status = kx_search_status(fixture->search, account, NULL);
        g_assert_nonnull(status);
        if (status->indexed == status->items && !status->waiting)
            return;
        g_usleep(10000);
    }
    g_error("the index does not catch up");
}

static void index_now(Search *fixture, KxAccount *account)
{
    kx_search_wish(fixture->search, account, FALSE);
    wait_for_index(fixture, account);
}

/* UIDs of INBOX that may hold the text, as "1 5"; "?" if the index cannot tell. */
static char *may_match(Search *fixture, KxAccount *account, guint areas, const char *name,
                       const char *text)
{
    g_autoptr(KxFolder) folder = open_folder(account, "INBOX");
    g_autoptr(KxSearchReader) reader = kx_search_reader(fixture->search, folder);
    g_autoptr(GArray) uids = kx_folder_uids(folder, 0, 100000, NULL);
    size_t len;
    g_autofree char *folded = kx_fold(KX_COLLATION_UNICODE, text, strlen(text), &len);
    const char *const texts[] = {folded};
    g_autoptr(GArray) excluded = kx_search_excluded(reader, areas, name, texts, 1);
    if (!excluded)
        return g_strdup("?");
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0, k = 0; i < uids->len; i++) {
        guint32 uid = g_array_index(uids, guint32, i);
        while (k < excluded->len && g_array_index(excluded, guint32, k) < uid)
            k++;
        if (k < excluded->len && g_array_index(excluded, guint32, k) == uid)
            continue;
        g_string_append_printf(out, "%s%u", out->len > 0 ? " " : "", uid);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void assert_may(Search *fixture, KxAccount *account, guint areas, const char *text,
                       const char *want)
{
    g_autofree char *got = may_match(fixture, account, areas, NULL, text);
    g_assert_cmpstr(got, ==, want);
}

enum { ANYWHERE = KX_SEARCH_IN_HEADER | KX_SEARCH_IN_BODY };

static void test_areas(Search *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    deliver_text(account, "Subject: in the header\r\nX-Note: remark\r\n\r\nnothing\r\n");
    deliver_text(account, "Subject: none\r\n\r\nthe header is mentioned\r\n");
    deliver_text(account, "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
                          "From: \"A \\\"quoted\\\" name\" <x@y.test>\r\n\r\n"
                          "\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\x8c\xe3\x81\x82\r\n");
    assert_may(fixture, account, ANYWHERE, "header", "?"); /* not there yet */
    index_now(fixture, account);
    assert_may(fixture, account, ANYWHERE, "the HEADER", "1 2");
    assert_may(fixture, account, KX_SEARCH_IN_HEADER, "the header", "1");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "the header", "2");
    assert_may(fixture, account, KX_SEARCH_IN_HEADER, "GR\xc3\x9cSSE", "3");
    assert_may(fixture, account, KX_SEARCH_IN_HEADER, "A \"quoted\" name", "3");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "\xe6\xbc\xa2\xe5\xad\x97", "3");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "\xe5\xad\x97", "3");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "absent", "");
    assert_may(fixture, account, ANYWHERE, "no", "?"); /* too short */
    g_autofree char *named = may_match(fixture, account, KX_SEARCH_IN_HEADER, "x-NOTE", "remark");
    g_assert_cmpstr(named, ==, "1");
    g_autofree char *any = may_match(fixture, account, KX_SEARCH_IN_HEADER, "X-Note", "");
    g_assert_cmpstr(any, ==, "1");
    assert_consistent(account); /* search.db is no folder */
}

/* What came after the index was written is never excluded. */
static void test_lag(Search *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    deliver(account, "INBOX", "first");
    index_now(fixture, account);
    kx_search_set_automatic(fixture->search, FALSE);
    deliver(account, "INBOX", "second");
    assert_may(fixture, account, ANYWHERE, "first", "1 2");
    assert_may(fixture, account, ANYWHERE, "absent", "2");
    kx_search_set_automatic(fixture->search, TRUE);
    deliver(account, "INBOX", "third"); /* indexed without being asked */
    wait_for_index(fixture, account);
    assert_may(fixture, account, ANYWHERE, "first", "1");
    assert_may(fixture, account, ANYWHERE, "third", "3");
}

static void test_attachments(Search *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    deliver_text(account, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n"
                          "--b\r\nContent-Type: application/x-upside-down\r\n"
                          "Content-Transfer-Encoding: base64\r\n\r\nZXVzc2l0\r\n--b\r\n"
                          "Content-Type: application/octet-stream\r\n\r\nissue\r\n--b--\r\n");
    index_now(fixture, account);
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "Tissue", "1");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "eussit", "");
    g_autoptr(KxFolder) folder = open_folder(account, "INBOX");
    g_autoptr(KxSearchReader) reader = kx_search_reader(fixture->search, folder);
    size_t len;
    g_autofree char *text = kx_search_attachments(reader, 1, &len);
    g_assert_cmpstr(text, ==, "tissue\n");
    g_assert_null(kx_search_attachments(reader, 2, &len));
}

/* Over the border of a block, and with messages expunged. */
static void test_blocks(Search *fixture, gconstpointer data)
{
    enum { N = KX_BLOCK_ITEMS + 40 };
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    g_autoptr(KxFolder) folder = open_folder(account, "INBOX");
    for (guint i = 1; i <= N; i++) {
        g_autofree char *text =
            g_strdup_printf("Subject: s\r\n\r\nnumber <%u> %s\r\n", i, i % 300 == 7 ? "seven" : "");
        deliver_text(account, text);
        if (i == 500)
            index_now(fixture, account); /* some are recent before the block is made */
    }
    index_now(fixture, account);
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "<1020>", "1020");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "<1>", "1");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "<1050>", "1050");
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "seven", "7 307 607 907");
    expunge(folder, 307);
    assert_may(fixture, account, KX_SEARCH_IN_BODY, "seven", "7 607 907");
}

static void spoil(KxAccount *account, goffset at, gsize n)
{
    g_autofree char *path = kx_account_file(account, "search.db");
    int fd = open(path, O_WRONLY);
    g_autofree char *noise = g_strnfill(n, '\xa5');
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, noise, n, at), ==, (gssize)n);
    close(fd);
}

/* A file that is damaged anywhere costs time, never a message. */
static void test_damage(Search *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    g_autofree char *path = kx_account_file(account, "search.db");
    for (guint i = 0; i < 300; i++) {
        g_autofree char *subject = g_strdup_printf("word%03u", i);
        deliver(account, "INBOX", subject);
    }
    index_now(fixture, account);
    GStatBuf st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    for (goffset at = 0; at < st.st_size; at += 4096 * 3) {
        spoil(account, at, at == 0 ? 50 : 3000);
        for (guint i = 0; i < 300; i += 50) {
            g_autofree char *text = g_strdup_printf("word%03u", i);
            g_autofree char *uid = g_strdup_printf("%u", i + 1);
            g_autofree char *may = may_match(fixture, account, ANYWHERE, NULL, text);
            g_auto(GStrv) uids = g_strsplit(may, " ", -1);
            g_assert_true(g_str_equal(may, "?") || g_strv_contains((const char *const *)uids, uid));
        }
        kx_search_wish(fixture->search, account, TRUE);
        wait_for_index(fixture, account);
        g_assert_cmpint(g_stat(path, &st), ==, 0);
    }
    g_assert_cmpint(g_unlink(path), ==, 0); /* taken away */
    assert_may(fixture, account, ANYWHERE, "word007", "?");
    wait_for_index(fixture, account);
    assert_may(fixture, account, ANYWHERE, "word007", "8");
    spoil(account, 0, 16);
    assert_may(fixture, account, ANYWHERE, "word007", "?");
    wait_for_index(fixture, account);
    assert_may(fixture, account, ANYWHERE, "word007", "8");
    g_autofree char *warnings = read_log("warning");
    g_assert_nonnull(strstr(warnings, "The search index of wsmith@company.test is damaged"));
}

/* A folder that was removed and made again has nothing to do with the one before. */
static void test_folder_again(Search *fixture, gconstpointer data)
{
    GError *error = NULL;
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    for (guint round = 0; round < 2; round++) {
        kx_folder_create(account, "Again", KX_TYPE_MAIL, 0, &error);
        g_assert_no_error(error);
        deliver(account, "Again", round == 0 ? "first" : "second");
        index_now(fixture, account);
        g_autoptr(KxFolder) folder = open_folder(account, "Again");
        g_autoptr(KxSearchReader) reader = kx_search_reader(fixture->search, folder);
        const char *const texts[] = {"second"};
        g_autoptr(GArray) excluded = kx_search_excluded(reader, ANYWHERE, NULL, texts, 1);
        g_assert_cmpuint(excluded->len, ==, round == 0 ? 1 : 0);
        g_clear_pointer(&folder, kx_folder_unref);
        kx_folder_delete(account, "Again", NULL, &error);
        g_assert_no_error(error);
    }
}

/* When most of what it knows is gone, a folder's index is made anew. */
static void test_garbage(Search *fixture, gconstpointer data)
{
    enum { N = 2200 };
    g_autoptr(KxAccount) account = open_account(fixture->store.store, "wsmith");
    g_autoptr(KxFolder) folder = open_folder(account, "INBOX");
    for (guint i = 0; i < N; i++)
        deliver(account, "INBOX", "much");
    index_now(fixture, account);
    g_autoptr(GArray) uids = kx_folder_uids(folder, 0, N - 10, NULL);
    kx_folder_expunge(folder, (const guint32 *)(void *)uids->data, uids->len, TRUE, NULL, NULL,
                      NULL);
    deliver(account, "INBOX", "little");
    index_now(fixture, account);
    g_autofree char *path = kx_account_file(account, "search.db");
    g_autoptr(KxDb) db = kx_search_db_open(path, FALSE, NULL);
    KxSearchFolder state;
    g_assert_true(kx_search_read_folder(db, kx_folder_id(folder), &state, NULL));
    g_assert_cmpuint(state.indexed, ==, 11);
    g_autofree char *last = g_strdup_printf("%u", N + 1);
    assert_may(fixture, account, ANYWHERE, "little", last);
}

/* The thread does not stand in the way of removing an account, and does not bring it back. */
static void test_removal(Search *fixture, gconstpointer data)
{
    for (guint round = 0; round < 20; round++) {
        GError *error = NULL;
        KxAccount *account = open_account(fixture->store.store, "wsmith");
        for (guint i = 0; i < 20; i++)
            deliver(account, "INBOX", "gone");
        kx_search_wish(fixture->search, account, FALSE);
        g_usleep(round * 200);
        g_autofree char *dir = g_strdup(account->dir);
        kx_account_unref(account);
        kx_store_remove_account(fixture->store.store, "company.test", "wsmith", &error);
        g_assert_no_error(error);
        g_assert_cmpint(access(dir, F_OK), <, 0);
    }
    g_assert_cmpuint(kx_search_queue_length(fixture->search), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add(path, Search, NULL, set_up, func, tear_down)
    ADD("/search/areas", test_areas);
    ADD("/search/lag", test_lag);
    ADD("/search/attachments", test_attachments);
    ADD("/search/blocks", test_blocks);
    ADD("/search/damage", test_damage);
    ADD("/search/folder-again", test_folder_again);
    ADD("/search/garbage", test_garbage);
    ADD("/search/removal", test_removal);
    return g_test_run();
}

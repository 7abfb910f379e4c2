/* SPDX-License-Identifier: Apache-2.0 */
/* Sequence sets against a folder with gaps, some of which the view has not been told of. */
#include "../store/store-test.h"
#include "imap/seqset.h"

enum { MESSAGES = 60 };

typedef struct {
    KxAccount *account;
    KxFolder *folder;
    KxView *view;
    guint32 uids[MESSAGES]; /* by sequence number - 1 */
    guint n;
} Box;

/* UIDs 1 to MESSAGES without every third, and of the rest one that went after the view was made. */
static void open_box(Fixture *fixture, Box *box)
{
    *box = (Box){.account = open_account(fixture->store, "wsmith")};
    for (guint i = 0; i < MESSAGES; i++)
        deliver(box->account, "INBOX", "x");
    box->folder = open_folder(box->account, "INBOX");
    for (guint32 uid = 3; uid <= MESSAGES; uid += 3)
        expunge(box->folder, uid);
    box->view = kx_view_new(box->folder, FALSE);
    expunge(box->folder, 10);
    deliver(box->account, "INBOX", "not told of yet");
    for (guint32 uid = 1; uid <= MESSAGES; uid++)
        if (uid % 3 != 0)
            box->uids[box->n++] = uid;
}

static void close_box(Box *box)
{
    kx_view_free(box->view);
    kx_folder_unref(box->folder);
    kx_account_unref(box->account);
}

static gboolean resolve(Box *box, const char *text, KxSeqSetKind kind, const GArray *saved,
                        GArray **ret)
{
    g_auto(KxImapParser) parser = {0};
    g_auto(KxSeqSet) set = {0};
    kx_imap_parser_init(&parser, text, strlen(text), FALSE);
    g_assert_true(kx_imap_parse_seqset(&parser, &set));
    return kx_seqset_resolve(&set, kind, box->view, saved, ret);
}

/* The ranges against a function of sequence number and UID. */
static void check(Box *box, const GArray *ranges, gboolean (*wanted)(guint32 seq, guint32 uid))
{
    g_autoptr(GArray) uids = kx_seqset_to_uids(ranges, box->view);
    guint found = 0;
    for (guint32 seq = 1; seq <= box->n; seq++) {
        gboolean want = wanted(seq, box->uids[seq - 1]);
        g_assert_cmpint(kx_seqset_contains(ranges, seq), ==, want);
        if (want) {
            g_assert_cmpuint(found, <, uids->len);
            g_assert_cmpuint(g_array_index(uids, guint32, found++), ==, box->uids[seq - 1]);
        }
    }
    g_assert_cmpuint(found, ==, uids->len);
    g_autoptr(GArray) back = kx_seqset_from_uids(uids, box->view);
    g_assert_cmpuint(back->len, ==, ranges->len);
    for (guint i = 0; i < ranges->len; i++)
        g_assert_cmpint(memcmp(&g_array_index(back, KxSeqRange, i),
                               &g_array_index(ranges, KxSeqRange, i), sizeof(KxSeqRange)),
                        ==, 0);
}

static gboolean all(guint32 seq, guint32 uid)
{
    return TRUE;
}

static gboolean none(guint32 seq, guint32 uid)
{
    return FALSE;
}

static gboolean seq_5_to_9(guint32 seq, guint32 uid)
{
    return seq >= 5 && seq <= 9;
}

static gboolean last(guint32 seq, guint32 uid)
{
    return seq == 40;
}

static gboolean uid_20_to_25_or_40(guint32 seq, guint32 uid)
{
    return (uid >= 20 && uid <= 25) || uid == 40;
}

static void test_resolve(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *text;
        KxSeqSetKind kind;
        gboolean good;
        gboolean (*wanted)(guint32 seq, guint32 uid);
    } cases[] = {
        {"1:*", KX_SEQSET_SEQS, TRUE, all},
        {"9:5", KX_SEQSET_SEQS, TRUE, seq_5_to_9},
        {"7:9,5,6", KX_SEQSET_SEQS, TRUE, seq_5_to_9},
        {"*", KX_SEQSET_SEQS, TRUE, last},
        {"40", KX_SEQSET_SEQS, TRUE, last},
        {"41", KX_SEQSET_SEQS, FALSE, none},
        {"1:41", KX_SEQSET_SEQS, FALSE, all},
        {"41:*", KX_SEQSET_SEQS, FALSE, last},
        {"4294967295", KX_SEQSET_SEQS, FALSE, none},
        {"1:*", KX_SEQSET_UIDS, TRUE, all},
        {"1:4294967295", KX_SEQSET_UIDS, TRUE, all},
        {"*", KX_SEQSET_UIDS, TRUE, last},
        {"1000:*", KX_SEQSET_UIDS, TRUE, last},
        {"1000:4294967295", KX_SEQSET_UIDS, TRUE, none},
        {"4294967295", KX_SEQSET_UIDS, TRUE, none},
        {"61", KX_SEQSET_UIDS, TRUE, none}, /* is there, but the client has not been told */
        {"3,6,9", KX_SEQSET_UIDS, TRUE, none},
        {"40,20:25", KX_SEQSET_UIDS, TRUE, uid_20_to_25_or_40},
        {"20,25,22,23,40:40,24", KX_SEQSET_UIDS, TRUE, uid_20_to_25_or_40},
        {"$", KX_SEQSET_SEQS, TRUE, none},
    };
    Box box;
    open_box(fixture, &box);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) ranges = NULL;
        g_assert_cmpint(resolve(&box, cases[i].text, cases[i].kind, NULL, &ranges), ==,
                        cases[i].good);
        check(&box, ranges, cases[i].wanted);
    }
    close_box(&box);
}

static void test_saved(Fixture *fixture, gconstpointer data)
{
    static const guint32 kept[] = {20, 21, 22, 23, 25, 40, 500};
    Box box;
    open_box(fixture, &box);
    g_autoptr(GArray) saved = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_vals(saved, kept, G_N_ELEMENTS(kept));
    for (KxSeqSetKind kind = KX_SEQSET_SEQS; kind <= KX_SEQSET_UIDS; kind++) {
        g_autoptr(GArray) ranges = NULL;
        g_assert_true(resolve(&box, "$", kind, saved, &ranges));
        check(&box, ranges, uid_20_to_25_or_40);
    }
    close_box(&box);
}

static void test_empty(Fixture *fixture, gconstpointer data)
{
    static const char *const texts[] = {"*", "1:*", "1", "4294967295", "*:4294967295"};
    Box box = {.account = open_account(fixture->store, "wsmith")};
    box.folder = open_folder(box.account, "INBOX");
    box.view = kx_view_new(box.folder, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GArray) seqs = NULL, uids = NULL;
        g_assert_false(resolve(&box, texts[i], KX_SEQSET_SEQS, NULL, &seqs));
        g_assert_true(resolve(&box, texts[i], KX_SEQSET_UIDS, NULL, &uids));
        g_assert_cmpuint(seqs->len + uids->len, ==, 0);
    }
    close_box(&box);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_TEST("/imap/resolve/sets", test_resolve);
    ADD_TEST("/imap/resolve/saved", test_saved);
    ADD_TEST("/imap/resolve/empty", test_empty);
    return g_test_run();
}

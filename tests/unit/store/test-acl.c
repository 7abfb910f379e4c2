/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists: what they give to whom, and what keeps them. */
#include "store-test.h"

#define ALICE "alice@company.test"
#define BOB   "bob@company.test"

static const KxAclUser bob = {BOB, TRUE, FALSE};
static const KxAclUser stranger = {"eve@other.test", FALSE, FALSE};

static guint rights(const char *letters)
{
    guint value = 0;
    g_assert_true(kx_rights_parse(letters, strlen(letters), &value));
    return value;
}

static KxAcl *with(KxAcl *acl, const char *identifier, KxAclOp op, const char *letters)
{
    g_autoptr(KxAcl) old = acl;
    KxAcl *next = kx_acl_with(acl, identifier, op, rights(letters), NULL);
    g_assert_nonnull(next);
    return next;
}

static void assert_rights(const KxAcl *acl, const KxAclUser *user, const char *letters)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_rights_format(out, kx_acl_rights(acl, user));
    g_assert_cmpstr(out->str, ==, letters);
}

static void test_letters(void)
{
    guint value = 0;
    g_assert_cmpuint(rights("lrswipkxtea"), ==, KX_RIGHTS_ALL);
    g_assert_false(kx_rights_parse("lrQ", 3, &value));
    g_assert_false(kx_rights_parse("c", 1, &value));
    g_assert_false(kx_rights_parse("L", 1, &value));
}

static void test_who_gets_what(void)
{
    KxAcl *acl = with(NULL, "anyone", KX_ACL_REPLACE, "lr");
    assert_rights(acl, &bob, "lr");
    assert_rights(acl, &stranger, "");
    acl = with(acl, BOB, KX_ACL_REPLACE, "sw");
    assert_rights(acl, &bob, "lrsw");
    acl = with(acl, "-" BOB, KX_ACL_REPLACE, "rw");
    assert_rights(acl, &bob, "ls");
    acl = with(acl, "-anyone", KX_ACL_REPLACE, "l");
    assert_rights(acl, &bob, "s");
    acl = with(acl, "eve@other.test", KX_ACL_ADD, "lr");
    assert_rights(acl, &stranger, "lr");
    assert_rights(acl, &(KxAclUser){BOB, TRUE, TRUE}, "lrswipkxtea");
    assert_rights(NULL, &bob, "");
    kx_acl_unref(acl);
}

static void test_changes(void)
{
    KxAcl *acl = with(NULL, BOB, KX_ACL_ADD, "lr");
    acl = with(acl, BOB, KX_ACL_ADD, "i");
    g_assert_cmpuint(kx_acl_find(acl, BOB), ==, rights("lri"));
    acl = with(acl, BOB, KX_ACL_REMOVE, "ri");
    g_assert_cmpuint(kx_acl_find(acl, BOB), ==, rights("l"));
    acl = with(acl, BOB, KX_ACL_REMOVE, "l");
    g_assert_cmpuint(kx_acl_count(acl), ==, 0);
    acl = with(acl, "nobody@x", KX_ACL_REMOVE, "l");
    g_assert_cmpuint(kx_acl_count(acl), ==, 0);
    kx_acl_unref(acl);
}

static void test_refused(void)
{
    g_autofree char *wide = g_strnfill(KX_ACL_IDENTIFIER_MAX + 1, 'x');
    const char *const bad[] = {"", "-", "a\nlrswipkxtea b", "a\x7f", "\xff", wide};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(kx_acl_with(NULL, bad[i], KX_ACL_ADD, KX_RIGHT_READ, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
}

static void test_full(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < KX_ACL_ENTRIES; i++)
        g_string_append_printf(text, "l user%04u@company.test\n", i);
    g_autoptr(KxAcl) acl = kx_acl_parse(text->str);
    g_assert_cmpuint(kx_acl_count(acl), ==, KX_ACL_ENTRIES);
    g_assert_null(kx_acl_with(acl, BOB, KX_ACL_ADD, KX_RIGHT_READ, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    g_autoptr(KxAcl) changed =
        kx_acl_with(acl, "user0000@company.test", KX_ACL_ADD, KX_RIGHT_READ, NULL);
    g_assert_cmpuint(kx_acl_find(changed, "user0000@company.test"), ==, rights("lr"));
}

static void test_text(void)
{
    KxAcl *acl = with(NULL, BOB, KX_ACL_REPLACE, "lrw");
    acl = with(acl, "-anyone", KX_ACL_REPLACE, "x");
    g_autofree char *text = kx_acl_format(acl);
    g_assert_cmpstr(text, ==, "x -anyone\nlrw " BOB "\n");
    g_autoptr(KxAcl) again = kx_acl_parse(text);
    g_assert_true(kx_acl_equal(acl, again));
    g_autoptr(KxAcl) odd = kx_acl_parse("\nnonsense\nlZ " BOB "\nZ -" ALICE "\nl \n");
    g_assert_cmpuint(kx_acl_find(odd, BOB), ==, rights("l"));
    g_assert_cmpuint(kx_acl_find(odd, "-" ALICE), ==, KX_RIGHTS_ALL);
    g_assert_cmpuint(kx_acl_count(odd), ==, 2);
    kx_acl_unref(acl);
}

/* ---- in the store ---- */

static guint rights_in(KxAccount *account, const char *path, const KxAclUser *user)
{
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, path, NULL);
    g_assert_nonnull(info);
    return kx_acl_rights(info->acl, user);
}

static void share(KxAccount *account, const char *path, const char *letters)
{
    g_autoptr(GError) error = NULL;
    kx_folder_change_acl(account, path, BOB, KX_ACL_REPLACE, rights(letters), &error);
    g_assert_no_error(error);
}

static void start_again(Fixture *fixture)
{
    fixture_close_store(fixture);
    fixture_open_store(fixture);
}

static void test_kept(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
    g_assert_true(kx_folder_create(account, "Team", KX_TYPE_MAIL, 0, NULL));
    share(account, "Team", "lri");
    g_assert_true(kx_folder_create(account, "Team/Sub", KX_TYPE_MAIL, 0, NULL));
    share(account, "Team", "lr");
    g_assert_cmpuint(rights_in(account, "Team/Sub", &bob), ==, rights("lri"));
    g_assert_true(kx_folder_rename(account, "Team/Sub", "Elsewhere", NULL, NULL));
    g_assert_cmpuint(rights_in(account, "Elsewhere", &bob), ==, rights("lri"));
    g_assert_cmpuint(rights_in(account, "INBOX", &bob), ==, 0);
    assert_consistent(account);
}

static void test_outlives_index(Fixture *fixture, gconstpointer data)
{
    {
        g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
        share(account, "INBOX", "lrs");
    }
    start_again(fixture);
    {
        g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
        g_assert_cmpuint(rights_in(account, "INBOX", &bob), ==, rights("lrs"));
    }
    fixture_close_store(fixture);
    g_assert_cmpint(g_unlink("store/mail/company.test/alice/index.db"), ==, 0);
    fixture_open_store(fixture);
    g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
    g_assert_cmpuint(rights_in(account, "INBOX", &bob), ==, rights("lrs"));
    assert_consistent(account);
}

/* Rights that were not acknowledged before a crash are not given after it. */
static void test_half_written(Fixture *fixture, gconstpointer data)
{
    {
        g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
        share(account, "INBOX", "lr");
    }
    start_again(fixture);
    g_autofree char *text = NULL;
    const char *path = "store/mail/company.test/alice/INBOX/#folder";
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autofree char *more = g_strconcat(text, "acl lrswipkxtea eve@other.test\n", NULL);
    g_assert_true(g_file_set_contents(path, more, -1, NULL));
    g_mkdir_with_parents("store/open/company.test", 0700);
    g_assert_true(g_file_set_contents("store/open/company.test/alice", "", 0, NULL));
    start_again(fixture);
    kx_store_recover(fixture->store);
    g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
    g_assert_cmpuint(rights_in(account, "INBOX", &stranger), ==, 0);
    assert_consistent(account);
}

static void test_forgotten(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) account = open_account(fixture->store, "alice");
    share(account, "INBOX", "lr");
    share(account, "Drafts", "lr");
    g_assert_true(kx_account_names(account, BOB));
    g_assert_true(kx_account_forget_identifier(account, BOB, NULL));
    g_assert_false(kx_account_names(account, BOB));
}

/* covers: PUB-06 */
static void test_public(Fixture *fixture, gconstpointer data)
{
    g_autoptr(KxAccount) domain = kx_store_public(fixture->store, "company.test", NULL);
    g_autoptr(KxAccount) server = kx_store_public(fixture->store, NULL, NULL);
    g_autoptr(KxAccount) archive = kx_store_archive(fixture->store, NULL);
    g_assert_true(domain && server && archive && domain != server);
    g_autoptr(GPtrArray) folders = kx_folder_list(domain, FALSE, NULL);
    g_assert_cmpuint(folders->len, ==, 0);
    g_assert_true(kx_folder_create(domain, "News", KX_TYPE_MAIL, 0, NULL));
    g_assert_cmpuint(rights_in(domain, "News", &bob), ==, rights("lr"));
    g_assert_true(kx_folder_create(archive, "2005-Jan", KX_TYPE_MAIL, 0, NULL));
    g_assert_cmpuint(rights_in(archive, "2005-Jan", &bob), ==, 0);
    g_assert_null(kx_folder_find(server, "News", NULL));
    g_assert_true(kx_account_reindex(domain, NULL, NULL));
    g_assert_cmpuint(rights_in(domain, "News", &bob), ==, rights("lr"));
    g_assert_null(kx_folder_find(domain, "INBOX", NULL));
    assert_consistent(domain);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/acl/letters", test_letters);
    g_test_add_func("/store/acl/who-gets-what", test_who_gets_what);
    g_test_add_func("/store/acl/changes", test_changes);
    g_test_add_func("/store/acl/refused", test_refused);
    g_test_add_func("/store/acl/full", test_full);
    g_test_add_func("/store/acl/text", test_text);
    ADD_TEST("/store/acl/kept", test_kept);
    ADD_TEST("/store/acl/outlives-index", test_outlives_index);
    ADD_TEST("/store/acl/half-written", test_half_written);
    ADD_TEST("/store/acl/forgotten", test_forgotten);
    ADD_TEST("/store/acl/public", test_public);
    return g_test_run();
}

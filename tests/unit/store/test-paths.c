/* SPDX-License-Identifier: Apache-2.0 */
/* Folder and account names, and what they are on disk. */
#include "store-test.h"

static void assert_name(const char *given, const char *expected)
{
    GError *error = NULL;
    g_autofree char *normal = kx_path_normalise(given, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(normal, ==, expected);
}

static void assert_refused(const char *given, int code)
{
    GError *error = NULL;
    g_autofree char *normal = kx_path_normalise(given, &error);
    g_assert_null(normal);
    g_assert_error(error, KX_ERROR, code);
    g_error_free(error);
}

static void test_normalise(void)
{
    assert_name("INBOX", "INBOX");
    assert_name("inbox", "INBOX");
    assert_name("InBox/Sub", "INBOX/Sub");
    assert_name("Work/inbox", "Work/inbox");
    assert_name("inboxes", "inboxes");
    assert_name("Bu\xcc\x88ro", "B\xc3\xbcro"); /* NFC */
    assert_name("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/\xd8\xa8\xd8\xb1\xd9\x8a\xd8\xaf",
                "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/\xd8\xa8\xd8\xb1\xd9\x8a\xd8\xaf");
    assert_name("..", "..");
    assert_name("#odd/.name/100%", "#odd/.name/100%");
    assert_refused("", KX_ERR_INVALID);
    assert_refused("/a", KX_ERR_INVALID);
    assert_refused("a/", KX_ERR_INVALID);
    assert_refused("a//b", KX_ERR_INVALID);
    assert_refused("a\nb", KX_ERR_INVALID);
    assert_refused("a\x7f", KX_ERR_INVALID);
    assert_refused("a\xc2\x85", KX_ERR_INVALID);     /* C1 control */
    assert_refused("a\xe2\x80\xa8", KX_ERR_INVALID); /* line separator */
    assert_refused("a\xff", KX_ERR_INVALID);
    assert_refused("\xc0\xaf", KX_ERR_INVALID);
}

static void test_limits(void)
{
    g_autofree char *longest = g_strnfill(KX_FOLDER_NAME_MAX, 'x');
    assert_name(longest, longest);
    g_autofree char *longer = g_strnfill(KX_FOLDER_NAME_MAX + 1, 'x');
    assert_refused(longer, KX_ERR_TOO_BIG);
    g_autofree char *escaped = g_strnfill(100, '%'); /* three bytes each on disk */
    assert_refused(escaped, KX_ERR_TOO_BIG);
    GString *deep = g_string_new("a");
    for (int i = 1; i < KX_FOLDER_DEPTH; i++)
        g_string_append(deep, "/a");
    assert_name(deep->str, deep->str);
    g_string_append(deep, "/a");
    assert_refused(deep->str, KX_ERR_TOO_BIG);
    g_string_free(deep, TRUE);
}

static void assert_escape(const char *name, const char *directory)
{
    g_autofree char *escaped = kx_path_escape(name);
    g_autofree char *back = kx_path_unescape(directory);
    g_assert_cmpstr(escaped, ==, directory);
    g_assert_cmpstr(back, ==, name);
}

static void test_escape(void)
{
    assert_escape("Sent Items", "Sent Items");
    assert_escape("..", "%2E.");
    assert_escape(".hidden", "%2Ehidden");
    assert_escape("a.b", "a.b");
    assert_escape("#msgs", "%23msgs");
    assert_escape("100%", "100%25");
    assert_escape("%2E", "%252E");
    assert_escape("a/b", "a%2Fb");
    assert_escape("index.db", "%69ndex.db");
    assert_escape("index", "index");
    assert_escape("B\xc3\xbcro", "B\xc3\xbcro");
    g_assert_null(kx_path_unescape("%41"));
    g_assert_null(kx_path_unescape("50%"));
    g_assert_null(kx_path_unescape("#msgs"));
    g_assert_null(kx_path_unescape("index.db"));
}

static void test_order(void)
{
    static const char *const SORTED[] = {"INBOX", "INBOX/a", "INBOX/b", "A", "A/x",
                                         "A/x/y", "A b",     "A-b",     "B", "INBOXES"};
    for (guint i = 0; i < G_N_ELEMENTS(SORTED); i++)
        for (guint k = 0; k < G_N_ELEMENTS(SORTED); k++) {
            int order = kx_path_compare(SORTED[i], SORTED[k]);
            g_assert_true(i < k ? order < 0 : i > k ? order > 0 : order == 0);
        }
}

/* covers: LOG-58 */
static void test_for_log(void)
{
    KxAccount account = {.name = (char *)"jpalmer@company.com"};
    g_autofree char *plain = kx_path_for_log(&account, "Deleted Items/Work deleted");
    g_assert_cmpstr(plain, ==, "~jpalmer@company.com/Deleted Items/Work deleted");
    g_autofree char *accent = kx_path_for_log(&account, "INBOX/Pr\xc3\xa1"
                                                        "ce");
    g_assert_cmpstr(accent, ==, "~jpalmer@company.com/INBOX/Pr&AOE-ce");
    g_autofree char *ampersand = kx_path_for_log(&account, "R&D");
    g_assert_cmpstr(ampersand, ==, "~jpalmer@company.com/R&-D");
    g_autofree char *wide = kx_path_for_log(&account, "\xe5\x8f\xb0\xe5\x8c\x97");
    g_assert_cmpstr(wide, ==, "~jpalmer@company.com/&U,BTFw-");
}

static char *account_dir(const char *domain, const char *user, GError **error)
{
    g_auto(KxPlace) place = {0};
    return kx_place_of_user(domain, user, &place, error) ? g_strdup(place.dir) : NULL;
}

static void assert_marker_leads_back(const KxPlace *place)
{
    g_auto(KxPlace) again = {0};
    g_autofree char *file = g_path_get_basename(place->marker);
    g_autofree char *above = g_path_get_dirname(place->marker);
    g_autofree char *directory = g_path_get_basename(above);
    g_assert_true(kx_place_of_directory(directory, file, &again));
    g_assert_cmpint(again.kind, ==, place->kind);
    g_assert_cmpstr(again.name, ==, place->name);
    g_assert_cmpstr(again.dir, ==, place->dir);
}

/* covers: ARC-04 */
static void test_shared_places(void)
{
    g_auto(KxPlace) user = {0}, domain = {0}, server = {0}, archive = {0}, bad = {0};
    g_assert_true(kx_place_of_user("company.test", "#public", &user, NULL));
    g_assert_true(kx_place_of_public("company.test", &domain, NULL));
    g_assert_true(kx_place_of_public(NULL, &server, NULL));
    kx_place_of_archive(&archive);
    g_assert_cmpstr(user.dir, ==, "store/mail/company.test/%23public");
    g_assert_cmpstr(domain.dir, ==, "store/mail/company.test/#public");
    g_assert_cmpstr(domain.name, ==, "#public@company.test");
    g_assert_cmpstr(server.dir, ==, "store/public");
    g_assert_cmpstr(archive.dir, ==, "store/archive");
    assert_marker_leads_back(&user);
    assert_marker_leads_back(&domain);
    assert_marker_leads_back(&server);
    assert_marker_leads_back(&archive);
    g_assert_false(kx_place_of_public("..", &bad, NULL));
    g_assert_false(kx_place_of_directory("#", "#other", &bad));
    g_assert_false(kx_place_of_directory("#", "wsmith", &bad));
}

static void test_account_dir(void)
{
    GError *error = NULL;
    g_autofree char *dir = account_dir("company.test", "wsmith", &error);
    g_assert_cmpstr(dir, ==, "store/mail/company.test/wsmith");
    g_autofree char *odd = account_dir("company.test", "#a%b", &error);
    g_assert_cmpstr(odd, ==, "store/mail/company.test/%23a%25b");
    static const char *const BAD[] = {"", ".", "..", "a/b", "../x", "\xff"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        g_assert_null(account_dir("company.test", BAD[i], &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
        g_clear_error(&error);
        g_assert_null(account_dir(BAD[i], "wsmith", &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
        g_clear_error(&error);
    }
    g_autofree char *many = g_strnfill(253, '%');
    g_assert_null(account_dir("company.test", many, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    g_clear_error(&error);
    g_autofree char *wide = g_strnfill(253, 'x');
    g_assert_null(account_dir(wide, wide, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    g_clear_error(&error);
    g_autofree char *local_part = g_strnfill(64, '%'); /* the longest a mail address can have */
    g_autofree char *longest = account_dir(wide, local_part, &error);
    g_assert_no_error(error);
}

static void test_message_names(void)
{
    g_autofree char *path = kx_message_file("dir", 0x2a);
    g_assert_cmpstr(path, ==, "dir/#msgs/0000002a.eml");
    g_assert_cmpuint(kx_message_uid("0000002a.eml"), ==, 0x2a);
    g_assert_cmpuint(kx_message_uid("ffffffff.eml"), ==, 0xffffffff);
    g_assert_cmpuint(kx_message_uid("0000002A.eml"), ==, 0);
    g_assert_cmpuint(kx_message_uid("2a.eml"), ==, 0);
    g_assert_cmpuint(kx_message_uid("0000002a.EML"), ==, 0);
    g_assert_cmpuint(kx_message_uid("0000002g.eml"), ==, 0);
    g_assert_cmpuint(kx_message_uid("0000002a.eml~"), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/paths/normalise", test_normalise);
    g_test_add_func("/store/paths/limits", test_limits);
    g_test_add_func("/store/paths/escape", test_escape);
    g_test_add_func("/store/paths/order", test_order);
    g_test_add_func("/store/paths/for-log", test_for_log);
    g_test_add_func("/store/paths/account-dir", test_account_dir);
    g_test_add_func("/store/paths/shared-places", test_shared_places);
    g_test_add_func("/store/paths/message-names", test_message_names);
    return g_test_run();
}

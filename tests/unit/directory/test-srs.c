/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of forwarded mail: made, undone, forged, old. */
#include "base/error.h"
#include "directory/srs.h"

static const guint8 KEY[KX_SRS_KEY] = "a key of thirty-two bytes, nearl";
static const guint8 OTHER[KX_SRS_KEY] = "another key of thirty-two bytes.";
enum { TODAY = 20783 };

static char *local_part(const char *address)
{
    return g_strndup(address, strcspn(address, "@"));
}

static void check_undone(const char *made, gint64 day, const char *origin)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *local = local_part(made);
    g_autofree char *found = kx_srs_undo(KEY, local, day, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, origin);
}

static void check_refused(const guint8 *key, const char *local, gint64 day, int code)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = kx_srs_undo(key, local, day, &error);
    g_assert_error(error, KX_ERROR, code);
    g_assert_null(found);
}

static void test_round_trip(void)
{
    static const char *const senders[] = {"bob@remote.test",   "a=b=c@remote.test",
                                          "b+tag@remote.test", "Üser@remote.test",
                                          "SRS@remote.test",   "srs0x=@remote.test"};
    for (guint i = 0; i < G_N_ELEMENTS(senders); i++) {
        g_autofree char *made = kx_srs_make(KEY, senders[i], "here.test", TODAY);
        g_assert_true(g_str_has_prefix(made, "SRS0="));
        g_assert_true(g_str_has_suffix(made, "@here.test"));
        check_undone(made, TODAY + KX_SRS_DAYS, senders[i]);
    }
}

static void test_any_case(void)
{
    g_autofree char *made = kx_srs_make(KEY, "bob@remote.test", "here.test", TODAY);
    g_autofree char *upper = g_ascii_strup(made, -1), *lower = g_ascii_strdown(made, -1);
    check_undone(upper, TODAY, "BOB@REMOTE.TEST");
    check_undone(lower, TODAY, "bob@remote.test");
}

static void test_forwarded_twice(void)
{
    g_autofree char *first = kx_srs_make(OTHER, "bob@remote.test", "first.test", TODAY);
    g_autofree char *second = kx_srs_make(KEY, first, "second.test", TODAY);
    g_assert_true(g_str_has_prefix(second, "SRS1="));
    check_undone(second, TODAY, first);
    g_autofree char *third = kx_srs_make(KEY, second, "third.test", TODAY);
    g_assert_true(g_str_has_prefix(third, "SRS1="));
    check_undone(third, TODAY, first); /* past the second */
    g_assert_cmpuint(strlen(third), <, strlen(second) + 3);
}

static void test_refused(void)
{
    g_autofree char *made = kx_srs_make(KEY, "bob@remote.test", "here.test", TODAY);
    g_autofree char *local = local_part(made);
    g_autofree char *forged = g_strconcat(local, "by", NULL);
    check_refused(OTHER, local, TODAY, KX_ERR_INVALID);
    check_refused(KEY, local, TODAY + KX_SRS_DAYS + 1, KX_ERR_INVALID);
    check_refused(KEY, local, TODAY - 1, KX_ERR_INVALID);
    check_refused(KEY, forged, TODAY, KX_ERR_INVALID);
    static const char *const broken[] = {
        "SRS0=", "SRS0=x",   "SRS0=x=y", "SRS0====",
        "SRS1=", "SRS1=x=y", "SRS1====", "srs0=aaaaaaaa=aa=remote.test=bob"};
    for (guint i = 0; i < G_N_ELEMENTS(broken); i++)
        check_refused(KEY, broken[i], TODAY, KX_ERR_INVALID);
    check_refused(KEY, "bob", TODAY, KX_ERR_NOT_FOUND);
    check_refused(KEY, "SRS0bob", TODAY, KX_ERR_NOT_FOUND);
}

static void test_left_alone(void)
{
    g_autofree char *longest = g_strnfill(240, 'x');
    g_autofree char *too_long = g_strconcat(longest, "@remote.test", NULL);
    g_assert_null(kx_srs_make(KEY, "", "here.test", TODAY));
    g_assert_null(kx_srs_make(KEY, "@remote.test", "here.test", TODAY));
    g_assert_null(kx_srs_make(KEY, "\"odd name\"@remote.test", "here.test", TODAY));
    g_assert_null(kx_srs_make(KEY, too_long, "here.test", TODAY));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/srs/round-trip", test_round_trip);
    g_test_add_func("/srs/any-case", test_any_case);
    g_test_add_func("/srs/forwarded-twice", test_forwarded_twice);
    g_test_add_func("/srs/refused", test_refused);
    g_test_add_func("/srs/left-alone", test_left_alone);
    return g_test_run();
}

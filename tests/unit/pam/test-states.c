/* SPDX-License-Identifier: Apache-2.0 */
/* What names PAM is asked about, and what its codes mean. */
#include <security/pam_appl.h>

#include "pam/consult.h"

/* covers: DOM-24 */
static void test_services(void)
{
    static const char *const good[] = {"keryx", "keriomail", "Mail-2.x_y", "0"};
    static const char *const bad[] = {"",          ".",   "..",  ".keryx", "a/b",
                                      "../passwd", "a b", "a\n", "ä"};
    g_autofree char *longest = g_strnfill(64, 'a'), *longer = g_strnfill(65, 'a');
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(kx_pam_is_service(good[i]));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(kx_pam_is_service(bad[i]));
    g_assert_true(kx_pam_is_service(longest));
    g_assert_false(kx_pam_is_service(longer));
}

static void test_users(void)
{
    static const char *const good[] = {"jdoe", "j.doe", "DOMAIN\\jdoe", "jürgen", "a-b+c"};
    static const char *const bad[] = {"", "-x", "a:b", "../x", "a\tb", "\xff", "a\x7f"};
    g_autofree char *longer = g_strnfill(257, 'a');
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(kx_pam_is_user(good[i]));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(kx_pam_is_user(bad[i]));
    g_assert_false(kx_pam_is_user(longer));
}

static void test_addresses(void)
{
    static const char *const good[] = {"", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"};
    static const char *const bad[] = {"mail.example.test", "192.0.2.1\n", " ", "-", "::1%eth0"};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(kx_pam_is_address(good[i]));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(kx_pam_is_address(bad[i]));
}

static void test_codes(void)
{
    g_assert_cmpint(kx_pam_state_of(PAM_SUCCESS, TRUE), ==, KX_PAM_GOOD);
    g_assert_cmpint(kx_pam_state_of(PAM_AUTH_ERR, FALSE), ==, KX_PAM_WRONG);
    g_assert_cmpint(kx_pam_state_of(PAM_AUTH_ERR, TRUE), ==, KX_PAM_DENIED);
    g_assert_cmpint(kx_pam_state_of(PAM_USER_UNKNOWN, FALSE), ==, KX_PAM_UNKNOWN);
    g_assert_cmpint(kx_pam_state_of(PAM_ACCT_EXPIRED, TRUE), ==, KX_PAM_EXPIRED);
    g_assert_cmpint(kx_pam_state_of(PAM_NEW_AUTHTOK_REQD, TRUE), ==, KX_PAM_PASSWORD_EXPIRED);
    /* Whatever is not said to be the user's doing is not. */
    static const int others[] = {PAM_SYSTEM_ERR,
                                 PAM_OPEN_ERR,
                                 PAM_SERVICE_ERR,
                                 PAM_CONV_ERR,
                                 PAM_AUTHINFO_UNAVAIL,
                                 PAM_IGNORE,
                                 PAM_ABORT,
                                 -1,
                                 9999};
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_cmpint(kx_pam_state_of(others[i], FALSE), ==, KX_PAM_UNREACHABLE);
}

static void check_refused(const char *service, const char *name, KxPamState expected)
{
    const KxMsgPamCheck question = {service, name, "secret", ""};
    g_autofree char *text = NULL;
    g_assert_cmpint(kx_pam_consult(&question, &text), ==, expected);
    g_assert_nonnull(text);
}

/* Before the library is opened. */
static void test_what_is_not_asked(void)
{
    check_refused("../passwd", "jdoe", KX_PAM_REFUSED);
    check_refused("keryx", "-x", KX_PAM_REFUSED);
    check_refused("keryx", "root", KX_PAM_REFUSED);
    g_autofree char *text = NULL;
    const KxMsgPamCheck elsewhere = {"keryx", "jdoe", "secret", "host\nname"};
    g_assert_cmpint(kx_pam_consult(&elsewhere, &text), ==, KX_PAM_REFUSED);
    check_refused("keryx-is-not-there", "jdoe", KX_PAM_UNREACHABLE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pam/services", test_services);
    g_test_add_func("/pam/users", test_users);
    g_test_add_func("/pam/addresses", test_addresses);
    g_test_add_func("/pam/codes", test_codes);
    g_test_add_func("/pam/what-is-not-asked", test_what_is_not_asked);
    return g_test_run();
}

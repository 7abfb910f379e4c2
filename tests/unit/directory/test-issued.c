/* SPDX-License-Identifier: Apache-2.0 */
/* What is over no longer decides what is offered. */
#include "directory-test.h"
#include "directory/issued.h"
#include "settings/sasl.h"

static void issue(Fixture *f, const char *name, gint64 seconds)
{
    g_autofree char *secret = NULL;
    const KxIssuedWish wish = {.kind = KX_ISSUED_APP_PASSWORD,
                               .name = name,
                               .user = "julia@company.test",
                               .scopes = KX_SCOPE_IMAP,
                               .expires = g_get_real_time() / G_USEC_PER_SEC + seconds};
    ASSERT_OK(kx_issued_add(f->directory, &ADMIN, &wish, &secret, error));
}

static gboolean offers_keys(Fixture *f)
{
    return (kx_auth_provides(f->directory) & KX_SASL_NEEDS_KEYS) != 0;
}

static void test_over(void)
{
    Fixture f;
    fixture_init(&f);
    add_domain(&f, "company.test");
    add_user(&f, "julia@company.test");
    g_assert_true(offers_keys(&f));
    issue(&f, "phone", 1000);
    issue(&f, "tablet", 2);
    g_assert_false(offers_keys(&f));
    ASSERT_OK(kx_issued_remove(f.directory, &ADMIN, KX_ISSUED_APP_PASSWORD, "julia@company.test",
                               "phone", error));
    g_assert_false(offers_keys(&f));
    g_usleep(2200000);
    g_assert_true(offers_keys(&f));
    fixture_reopen(&f);
    g_assert_true(offers_keys(&f));
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/issued/over", test_over);
    return g_test_run();
}

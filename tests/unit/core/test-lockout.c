/* SPDX-License-Identifier: Apache-2.0 */
/* Who is locked out, for whom, and what clears it. */
#include <glib/gstdio.h>

#include "core/lockout.h"
#include "directory/change.h"

typedef struct {
    char *top, *before;
    KxLogger *logger;
    KxDirectory *directory;
    KxLockout *lockout;
} Fixture;

static const KxAdmin ADMIN = {"Admin", KX_LEVEL_FULL, NULL};

static void set_up(Fixture *f, gconstpointer data)
{
    GError *error = NULL;
    f->before = g_get_current_dir();
    f->top = g_dir_make_tmp("keryx-lockout-XXXXXX", NULL);
    g_assert_cmpint(g_chdir(f->top), ==, 0);
    f->logger = kx_logger_open(&(KxLoggerOptions){.directory = "logs"}, &error);
    g_assert_no_error(error);
    f->directory = kx_directory_open(f->logger, &error);
    g_assert_no_error(error);
    g_assert_true(kx_object_add(f->directory, &ADMIN, KX_OBJECT_DOMAIN, "x.test", NULL, 0, &error));
    g_assert_true(
        kx_object_add(f->directory, &ADMIN, KX_OBJECT_USER, "alice@x.test", NULL, 0, &error));
    f->lockout = kx_lockout_new(f->directory, f->logger);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    kx_lockout_free(f->lockout);
    kx_directory_close(f->directory);
    kx_logger_close(f->logger);
    g_assert_cmpint(g_chdir(f->before), ==, 0);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", f->top);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(f->top);
    g_free(f->before);
}

static void fail(Fixture *f, const char *login, const char *ip, guint n)
{
    KxLockoutWho who = {login, ip, NULL};
    for (guint i = 0; i < n; i++)
        kx_lockout_failed(f->lockout, &who);
}

static gboolean locked(Fixture *f, const char *login, const char *ip)
{
    KxLockoutWho who = {login, ip, NULL};
    return kx_lockout_is_locked(f->lockout, &who);
}

/* covers: AUTH-11, HOST-23 */
static void test_account_from_an_address(Fixture *f, gconstpointer data)
{
    fail(f, "alice", "192.0.2.1", 9);
    g_assert_false(locked(f, "alice", "192.0.2.1"));
    fail(f, "Alice@X.test", "192.0.2.1", 1); /* whatever she is called */
    g_assert_true(locked(f, "alice", "192.0.2.1"));
    g_assert_true(locked(f, "alice@x.test", "192.0.2.1"));
    g_assert_false(locked(f, "alice", "192.0.2.2"));
    g_assert_false(locked(f, "bob", "192.0.2.1"));
}

static void test_success_starts_over(Fixture *f, gconstpointer data)
{
    fail(f, "alice", "192.0.2.1", 9);
    kx_lockout_succeeded(f->lockout, &(KxLockoutWho){"alice", "192.0.2.1", NULL});
    fail(f, "alice", "192.0.2.1", 9);
    g_assert_false(locked(f, "alice", "192.0.2.1"));
}

static void test_address_with_any_accounts(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 50; i++) {
        g_autofree char *name = g_strdup_printf("name%u", i);
        g_autofree char *ip = g_strdup_printf("2001:db8::%x", i + 1); /* one network */
        g_assert_false(locked(f, "alice", "2001:db8::99"));
        fail(f, name, ip, 1);
    }
    g_assert_true(locked(f, "alice", "2001:db8::99"));
    g_assert_false(locked(f, "alice", "2001:db8:0:1::99"));
    for (guint i = 0; i < 100; i++) { /* a webmail on this host comes for many */
        g_autofree char *name = g_strdup_printf("name%u", i);
        fail(f, name, "127.0.0.1", 1);
    }
    g_assert_false(locked(f, "alice", "127.0.0.1"));
}

static void test_account_from_everywhere(Fixture *f, gconstpointer data)
{
    kx_lockout_succeeded(f->lockout, &(KxLockoutWho){"alice", "198.51.100.7", NULL});
    for (guint i = 0; i < 200; i++) {
        g_autofree char *ip = g_strdup_printf("192.0.2.%u", i);
        fail(f, "alice", ip, 1);
    }
    g_assert_true(locked(f, "alice", "203.0.113.1"));
    g_assert_false(locked(f, "alice", "198.51.100.7")); /* where she works */
    g_assert_false(locked(f, "bob", "203.0.113.1"));
}

static void set(Fixture *f, KxSettingId id, const char *value)
{
    GError *error = NULL;
    g_assert_true(kx_directory_set(f->directory, &ADMIN, &(KxSettingChange){id, value}, 1, &error));
    g_assert_no_error(error);
}

static void test_listed_and_cleared(Fixture *f, gconstpointer data)
{
    set(f, KX_SET_LOCKOUT_FAILURES, "3");
    fail(f, "alice", "192.0.2.1", 3);
    fail(f, "bob", "192.0.2.2", 3);
    g_autoptr(GPtrArray) list = kx_lockout_list(f->lockout);
    g_assert_cmpuint(list->len, ==, 2);
    const KxLocked *first = list->pdata[0];
    g_assert_cmpstr(first->account, ==, "alice@x.test");
    g_assert_cmpstr(first->address, ==, "192.0.2.1");
    gint64 seconds = first->until - g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(ABS(seconds - 600), <=, 2);
    g_assert_cmpuint(kx_lockout_clear(f->lockout, "alice"), ==, 1);
    g_assert_false(locked(f, "alice", "192.0.2.1"));
    g_assert_true(locked(f, "bob", "192.0.2.2"));
    g_assert_cmpuint(kx_lockout_clear(f->lockout, NULL), ==, 1);
    g_assert_false(locked(f, "bob", "192.0.2.2"));
}

static void test_switched_off(Fixture *f, gconstpointer data)
{
    set(f, KX_SET_LOCKOUT, "no");
    fail(f, "alice", "192.0.2.1", 100);
    g_assert_false(locked(f, "alice", "192.0.2.1"));
}

/* The second lock is twice as long. */
static void test_grows(Fixture *f, gconstpointer data)
{
    set(f, KX_SET_LOCKOUT_FAILURES, "1");
    set(f, KX_SET_LOCKOUT_TIME, "1s");
    fail(f, "alice", "192.0.2.1", 1);
    g_usleep(1100 * 1000);
    g_assert_false(locked(f, "alice", "192.0.2.1"));
    fail(f, "alice", "192.0.2.1", 1);
    g_autoptr(GPtrArray) list = kx_lockout_list(f->lockout);
    g_assert_cmpuint(list->len, ==, 1);
    g_assert_cmpuint(((const KxLocked *)list->pdata[0])->times, ==, 2);
}

#define ADD(path, func) g_test_add(path, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/lockout/account-from-an-address", test_account_from_an_address);
    ADD("/lockout/success-starts-over", test_success_starts_over);
    ADD("/lockout/address-with-any-accounts", test_address_with_any_accounts);
    ADD("/lockout/account-from-everywhere", test_account_from_everywhere);
    ADD("/lockout/listed-and-cleared", test_listed_and_cleared);
    ADD("/lockout/switched-off", test_switched_off);
    ADD("/lockout/grows", test_grows);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of clients over time, with a clock of our own: the hour slides, blocks end. */
#include <glib.h>

static gint64 fake_clock; /* seconds */

static gint64 clock_of_the_test(void)
{
    return fake_clock * G_USEC_PER_SEC;
}

#define g_get_monotonic_time clock_of_the_test
#include "core/client-limits.c"

static KxLimitResult send(KxClientLimits *limits, guint most)
{
    return kx_client_limits_message(limits, "192.0.2.1", most, TRUE);
}

/* covers: SMTP-16 */
static void test_the_hour_slides(void)
{
    KxClientLimits *limits = kx_client_limits_new();
    fake_clock = 1000 * 60;
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    fake_clock += 30 * 60;
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_OVER_NEW);
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_OVER); /* told in this minute */
    fake_clock += 29 * 60 + 59;
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_OVER_NEW);
    fake_clock += 1; /* an hour after the first two: one is left */
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_OVER_NEW);
    fake_clock += 30 * 60; /* and that is gone too */
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_OVER_NEW);
    fake_clock += 1000 * 60; /* round the ring many times */
    for (guint i = 0; i < 3; i++)
        g_assert_cmpint(send(limits, 3), ==, KX_LIMIT_KEPT);
    g_assert_cmpint(send(limits, 0), ==, KX_LIMIT_KEPT); /* no limit */
    kx_client_limits_free(limits);
}

/* covers: SMTP-18 */
static void test_unknown_recipients(void)
{
    KxClientLimits *limits = kx_client_limits_new();
    fake_clock = 1000 * 60;
    g_assert_false(kx_client_limits_unknown(limits, "192.0.2.1", 2, 600));
    fake_clock += 3600; /* the first counts no more */
    g_assert_false(kx_client_limits_unknown(limits, "192.0.2.1", 2, 600));
    g_assert_false(kx_client_limits_is_blocked(limits, "192.0.2.1"));
    g_assert_true(kx_client_limits_unknown(limits, "192.0.2.1", 2, 600));
    fake_clock += 599;
    g_assert_true(kx_client_limits_is_blocked(limits, "192.0.2.1"));
    g_assert_false(kx_client_limits_is_blocked(limits, "192.0.2.2"));
    fake_clock += 1;
    g_assert_false(kx_client_limits_is_blocked(limits, "192.0.2.1"));
    g_assert_false(kx_client_limits_unknown(limits, "192.0.2.1", 2, 600)); /* it begins anew */
    kx_client_limits_free(limits);
}

static void test_checks(void)
{
    KxClientLimits *limits = kx_client_limits_new();
    fake_clock = 1000 * 60;
    g_assert_true(kx_client_limits_begin_check(limits, "2001:db8::1", 2));
    g_assert_true(kx_client_limits_begin_check(limits, "2001:db8::2", 2));
    g_assert_false(kx_client_limits_begin_check(limits, "2001:db8::3", 2)); /* the same network */
    g_assert_true(kx_client_limits_begin_check(limits, "192.0.2.1", 2));
    kx_client_limits_connect(limits, "192.0.2.1");
    kx_client_limits_disconnect(limits, "192.0.2.1"); /* it is not forgotten meanwhile */
    kx_client_limits_forgive(limits, NULL);
    kx_client_limits_end_check(limits, "192.0.2.1");
    kx_client_limits_end_check(limits, "2001:db8::1");
    g_assert_true(kx_client_limits_begin_check(limits, "2001:db8::3", 2));
    g_assert_false(kx_client_limits_begin_check(limits, "2001:db8::3", 2));
    kx_client_limits_end_check(limits, "2001:db8::2");
    kx_client_limits_end_check(limits, "2001:db8::3");
    g_assert_cmpuint(g_hash_table_size(limits->clients), ==, 0);
    kx_client_limits_free(limits);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/client-limits/the-hour-slides", test_the_hour_slides);
    g_test_add_func("/core/client-limits/unknown-recipients", test_unknown_recipients);
    g_test_add_func("/core/client-limits/checks", test_checks);
    return g_test_run();
}

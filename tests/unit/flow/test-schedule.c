/* SPDX-License-Identifier: Apache-2.0 */
/* When schedules are due, also where clocks change. */
#include "flow/schedule-due.h"

static gint64 at(const char *iso, GTimeZone *zone)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(iso, zone);
    g_assert_nonnull(time);
    return g_date_time_to_unix(time);
}

static void assert_next(char **times, const char *last, const char *next)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
    KxSchedule schedule = {.at = times};
    g_assert_cmpint(kx_schedule_next(&schedule, at(last, zone), zone), ==, at(next, zone));
}

/* covers: SCHED-02 */
static void test_times_of_day(void)
{
    char *times[] = {"05:00", "20:00", NULL};
    assert_next(times, "2026-06-01T04:59:59", "2026-06-01T05:00:00");
    assert_next(times, "2026-06-01T05:00:00", "2026-06-01T20:00:00");
    assert_next(times, "2026-06-01T20:00:01", "2026-06-02T05:00:00");
    assert_next(times, "2026-12-31T23:00:00", "2027-01-01T05:00:00");
}

/* 2026-03-29 02:30 never comes, 2026-10-25 02:30 comes twice. */
static void test_clock_changes(void)
{
    char *times[] = {"02:30", NULL};
    assert_next(times, "2026-03-28T12:00:00", "2026-03-29T03:00:00+02:00");
    assert_next(times, "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00");
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
    KxSchedule schedule = {.at = times};
    gint64 first = kx_schedule_next(&schedule, at("2026-10-24T12:00:00", zone), zone);
    g_assert_cmpint(first, >=, at("2026-10-25T02:30:00+02:00", zone));
    g_assert_cmpint(first, <=, at("2026-10-25T02:30:00+01:00", zone));
    g_assert_cmpint(kx_schedule_next(&schedule, first, zone), ==,
                    at("2026-10-26T02:30:00+01:00", zone));
}

static void test_interval(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
    KxSchedule schedule = {.every = 600};
    g_assert_cmpint(kx_schedule_next(&schedule, 1000, zone), ==, 1600);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/times-of-day", test_times_of_day);
    g_test_add_func("/schedule/clock-changes", test_clock_changes);
    g_test_add_func("/schedule/interval", test_interval);
    return g_test_run();
}

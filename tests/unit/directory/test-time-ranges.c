/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of time: how they are written, and when they are valid. */
#include "directory-test.h"

#include "directory/time-rule.h"

static gboolean holds_in(const char *zone, const char *entries, int year, int month, int day,
                         int hour, int minute)
{
    g_auto(GStrv) parts = g_strsplit(entries, ",", -1);
    KxTimeRule rules[8];
    guint n = 0;
    for (; parts[n] != NULL; n++)
        ASSERT_OK(kx_time_rule_parse(g_strstrip(parts[n]), &rules[n], error));
    g_autoptr(GTimeZone) place = g_time_zone_new_identifier(zone);
    g_assert_nonnull(place);
    g_autoptr(GDateTime) time = g_date_time_new(place, year, month, day, hour, minute, 30);
    return kx_time_rules_hold(rules, n, time);
}

/* November 2026: the 23rd is a Monday. */
static gboolean holds(const char *entries, int day, int hour, int minute)
{
    return holds_in("UTC", entries, 2026, 11, day, hour, minute);
}

/* covers: TOOL-07, TOOL-09 */
static void test_kinds(void)
{
    g_assert_true(holds("daily 08:00-17:00", 23, 8, 0));
    g_assert_true(holds("daily 08:00-17:00", 29, 17, 0));
    g_assert_false(holds("daily 08:00-17:00", 23, 17, 1));
    g_assert_false(holds("daily 08:00-17:00", 23, 7, 59));
    g_assert_true(holds("daily 08:00-17:00 weekdays", 27, 9, 0));
    g_assert_false(holds("daily 08:00-17:00 weekdays", 28, 9, 0));
    g_assert_true(holds("daily 00:00-23:59 weekend", 29, 23, 59));
    g_assert_false(holds("daily 00:00-23:59 weekend", 30, 0, 0));
    g_assert_true(holds("daily 00:00-23:59 tue thu", 24, 12, 0));
    g_assert_false(holds("daily 00:00-23:59 tue thu", 25, 12, 0));
    g_assert_true(holds("weekly mon 06:00 - tue 12:00", 24, 12, 0));
    g_assert_false(holds("weekly mon 06:00 - tue 12:00", 24, 12, 1));
    g_assert_true(holds("absolute 2026-11-24 00:00 - 2026-11-26 23:59", 26, 23, 59));
    g_assert_false(holds("absolute 2026-11-24 00:00 - 2026-11-26 23:59", 27, 0, 0));
}

/* Over midnight, and over the end of the week. */
static void test_wraps(void)
{
    const char *night = "daily 22:00-06:00 fri";
    g_assert_true(holds(night, 27, 23, 0));
    g_assert_true(holds(night, 28, 6, 0)); /* Saturday, but the night of Friday */
    g_assert_false(holds(night, 27, 5, 0));
    g_assert_false(holds(night, 28, 23, 0));
    g_assert_true(holds("daily 22:00-06:00 sun", 23, 1, 0));
    const char *weekend = "weekly fri 18:00 - mon 06:00";
    g_assert_true(holds(weekend, 27, 18, 0));
    g_assert_true(holds(weekend, 29, 12, 0));
    g_assert_true(holds(weekend, 23, 6, 0));
    g_assert_false(holds(weekend, 23, 6, 1));
    g_assert_false(holds(weekend, 27, 17, 59));
}

/* covers: TOOL-08 */
static void test_formula(void)
{
    const char *all = "daily 08:00-09:00, weekly sat 00:00 - sun 23:59,"
                      "absolute 2026-11-23 00:00 - 2026-11-25 23:59,"
                      "absolute 2026-11-28 00:00 - 2026-11-28 12:00";
    g_assert_true(holds(all, 24, 8, 30));  /* daily, first absolute */
    g_assert_false(holds(all, 24, 10, 0)); /* no repeating one */
    g_assert_false(holds(all, 26, 8, 30)); /* no absolute one */
    g_assert_true(holds(all, 28, 11, 0));  /* weekly, second absolute */
    g_assert_false(holds(all, 28, 13, 0));
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_assert_true(kx_time_rules_hold(NULL, 0, now));
}

/* The clock of Prague goes from 2 to 3 on 2026-03-29, and from 3 to 2 on 2026-10-25. */
static void test_clock_changes(void)
{
    g_autoptr(GTimeZone) prague = g_time_zone_new_identifier("Europe/Prague");
    KxTimeRule rule;
    ASSERT_OK(kx_time_rule_parse("daily 02:00-02:59", &rule, error));
    guint spring = 0, autumn = 0;
    g_autoptr(GDateTime) march = g_date_time_new(prague, 2026, 3, 29, 0, 0, 0);
    g_autoptr(GDateTime) october = g_date_time_new(prague, 2026, 10, 25, 0, 0, 0);
    for (int minute = 0; minute < 24 * 60; minute++) {
        g_autoptr(GDateTime) one = g_date_time_add_minutes(march, minute);
        g_autoptr(GDateTime) two = g_date_time_add_minutes(october, minute);
        spring += (guint)kx_time_rules_hold(&rule, 1, one);
        autumn += (guint)kx_time_rules_hold(&rule, 1, two);
    }
    g_assert_cmpuint(spring, ==, 0);
    g_assert_cmpuint(autumn, ==, 120);
    g_assert_true(holds_in("Europe/Prague", "weekly sun 01:59 - sun 03:00", 2026, 3, 29, 3, 0));
}

/* covers: TOOL-10 */
static void test_bad(void)
{
    static const char *const BAD[] = {"",
                                      "daily",
                                      "daily 24:00-01:00",
                                      "daily 08:00-09:60",
                                      "daily 08:00",
                                      "daily 08:00-09:00 someday",
                                      "daily 08:00-09:00mon",
                                      "weekly fri 18:00",
                                      "weekly xyz 18:00 - mon 06:00",
                                      "weekly fri 18:00 - mon 06:00 x",
                                      "absolute 2026-02-30 00:00 - 2026-03-01 00:00",
                                      "absolute 2026-12-26 00:00 - 2026-12-24 00:00",
                                      "absolute 2026-12-26 - 2026-12-27",
                                      "group:Other",
                                      "Other"};
    for (guint i = 0; i < G_N_ELEMENTS(BAD); i++) {
        KxTimeRule rule;
        g_autoptr(GError) error = NULL;
        g_test_message("%s", BAD[i]);
        g_assert_false(kx_time_rule_parse(BAD[i], &rule, &error));
        g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    }
}

/* covers: TOOL-06 */
static void test_objects(void)
{
    Fixture f;
    fixture_init(&f);
    ASSERT_OK(kx_object_add(f.directory, &ADMIN, KX_OBJECT_TIME_RANGE, "Working hours",
                            FIELDS({"entries", "Daily 8:00 - 17:00 Mon Tue Wed Thu Fri, "
                                               "absolute 2026-1-1 0:00 - 2026-12-31 23:59"}),
                            error));
    const KxChange rename = {KX_CHANGE_RENAME, KX_OBJECT_TIME_RANGE, "working HOURS", "Hours"};
    ASSERT_OK(kx_object_change(f.directory, &ADMIN, &rename, 1, NULL, error));
    fixture_reopen(&f);
    KxRecord *record = kx_object_get(f.directory, KX_OBJECT_TIME_RANGE, "hours", NULL);
    g_assert_nonnull(record);
    const KxTimeRange *range = (const KxTimeRange *)(const void *)record;
    g_assert_cmpstr(range->entries[0], ==, "daily 08:00-17:00 weekdays");
    g_assert_cmpstr(range->entries[1], ==, "absolute 2026-01-01 00:00 - 2026-12-31 23:59");
    g_autoptr(GDateTime) monday = g_date_time_new_local(2026, 11, 23, 12, 0, 0);
    g_assert_true(kx_time_range_holds(range, monday));
    kx_object_free(KX_OBJECT_TIME_RANGE, record);
    ASSERT_OK(kx_object_remove(f.directory, &ADMIN, KX_OBJECT_TIME_RANGE, "Hours", error));
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/time-ranges/kinds", test_kinds);
    g_test_add_func("/time-ranges/wraps", test_wraps);
    g_test_add_func("/time-ranges/formula", test_formula);
    g_test_add_func("/time-ranges/clock-changes", test_clock_changes);
    g_test_add_func("/time-ranges/bad", test_bad);
    g_test_add_func("/time-ranges/objects", test_objects);
    return g_test_run();
}

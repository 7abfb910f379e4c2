/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/time-rule.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum {
    DAY = 24 * 60, /* minutes */
    EVERYDAY = 0x7f,
    WEEKDAYS = 0x1f,
    WEEKEND = 0x60,
    TEXT_MAX = 200,
};

static const char *const NAMES[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const struct {
    const char *name;
    guint days;
} SETS[] = {{"everyday", EVERYDAY}, {"weekdays", WEEKDAYS}, {"weekend", WEEKEND}};

/* ---- reading ---- */

static gboolean take_clock(guint hour, guint minute, guint *ret_minutes)
{
    *ret_minutes = hour * 60 + minute;
    return hour < 24 && minute < 60;
}

static gboolean take_day(const char *name, guint *ret_day)
{
    for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++)
        if (strcmp(NAMES[i], name) == 0) {
            *ret_day = i;
            return TRUE;
        }
    return FALSE;
}

static gboolean take_date(guint year, guint month, guint day, guint *ret_minutes)
{
    if (year < 1 || year > 4000 ||
        !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return FALSE;
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    *ret_minutes = g_date_get_julian(&date) * DAY;
    return TRUE;
}

static gboolean take_days(const char *text, guint *ret_days)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    *ret_days = 0;
    for (guint i = 0; words[i] != NULL; i++) {
        guint day;
        gboolean known = *words[i] == '\0';
        for (guint s = 0; s < G_N_ELEMENTS(SETS); s++)
            if (strcmp(SETS[s].name, words[i]) == 0) {
                *ret_days |= SETS[s].days;
                known = TRUE;
            }
        if (!known && !take_day(words[i], &day))
            return FALSE;
        if (!known)
            *ret_days |= 1U << day;
    }
    if (*ret_days == 0)
        *ret_days = EVERYDAY;
    return TRUE;
}

static gboolean read_daily(const char *text, KxTimeRule *rule)
{
    guint h1, m1, h2, m2;
    int end = 0;
    rule->kind = KX_TIME_DAILY;
    return sscanf(text, "daily %2u:%2u - %2u:%2u%n", &h1, &m1, &h2, &m2, &end) == 4 && end > 0 &&
           take_clock(h1, m1, &rule->from) && take_clock(h2, m2, &rule->to) &&
           (text[end] == '\0' || text[end] == ' ') && take_days(text + end, &rule->days);
}

static gboolean read_weekly(const char *text, KxTimeRule *rule)
{
    char first[4], last[4];
    guint h1, m1, h2, m2, day1, day2;
    int end = 0;
    rule->kind = KX_TIME_WEEKLY;
    if (sscanf(text, "weekly %3[a-z] %2u:%2u - %3[a-z] %2u:%2u%n", first, &h1, &m1, last, &h2, &m2,
               &end) != 6 ||
        text[end] != '\0' || !take_day(first, &day1) || !take_day(last, &day2) ||
        !take_clock(h1, m1, &rule->from) || !take_clock(h2, m2, &rule->to))
        return FALSE;
    rule->from += day1 * DAY;
    rule->to += day2 * DAY;
    return TRUE;
}

static gboolean read_absolute(const char *text, KxTimeRule *rule)
{
    guint y1, mo1, d1, h1, m1, y2, mo2, d2, h2, m2, clock1, clock2;
    int end = 0;
    rule->kind = KX_TIME_ABSOLUTE;
    if (sscanf(text, "absolute %4u-%2u-%2u %2u:%2u - %4u-%2u-%2u %2u:%2u%n", &y1, &mo1, &d1, &h1,
               &m1, &y2, &mo2, &d2, &h2, &m2, &end) != 10 ||
        text[end] != '\0' || !take_date(y1, mo1, d1, &rule->from) ||
        !take_date(y2, mo2, d2, &rule->to) || !take_clock(h1, m1, &clock1) ||
        !take_clock(h2, m2, &clock2))
        return FALSE;
    rule->from += clock1;
    rule->to += clock2;
    return rule->from <= rule->to;
}

gboolean kx_time_rule_parse(const char *text, KxTimeRule *ret_rule, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    *ret_rule = (KxTimeRule){0};
    if (strlen(text) <= TEXT_MAX && (read_daily(lower, ret_rule) || read_weekly(lower, ret_rule) ||
                                     read_absolute(lower, ret_rule)))
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID,
                   "'%.100s' is no range of time: daily 08:00-17:00 [weekdays], weekly fri 18:00 - "
                   "mon 06:00, absolute 2026-12-24 00:00 - 2026-12-26 23:59",
                   text);
}

/* ---- writing ---- */

static char *format_days(guint days)
{
    for (guint s = 0; s < G_N_ELEMENTS(SETS); s++)
        if (SETS[s].days == days)
            return g_strdup(SETS[s].name);
    GString *all = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(NAMES); i++)
        if (days >> i & 1)
            g_string_append_printf(all, "%s%s", all->len > 0 ? " " : "", NAMES[i]);
    return g_string_free(all, FALSE);
}

static char *format_date(guint minutes)
{
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, minutes / DAY);
    return g_strdup_printf("%04u-%02u-%02u %02u:%02u", g_date_get_year(&date),
                           (guint)g_date_get_month(&date), g_date_get_day(&date),
                           minutes % DAY / 60, minutes % 60);
}

char *kx_time_rule_format(const KxTimeRule *rule)
{
    guint from = rule->from % DAY, to = rule->to % DAY;
    if (rule->kind == KX_TIME_ABSOLUTE) {
        g_autofree char *first = format_date(rule->from), *last = format_date(rule->to);
        return g_strdup_printf("absolute %s - %s", first, last);
    }
    if (rule->kind == KX_TIME_WEEKLY)
        return g_strdup_printf("weekly %s %02u:%02u - %s %02u:%02u", NAMES[rule->from / DAY],
                               from / 60, from % 60, NAMES[rule->to / DAY], to / 60, to % 60);
    g_autofree char *days = format_days(rule->days);
    return g_strdup_printf("daily %02u:%02u-%02u:%02u %s", from / 60, from % 60, to / 60, to % 60,
                           days);
}

/* ---- the formula ---- */

/* On a circle if it ends before it begins. */
static gboolean within(const KxTimeRule *rule, guint minute)
{
    return rule->from <= rule->to ? rule->from <= minute && minute <= rule->to
                                  : minute >= rule->from || minute <= rule->to;
}

static gboolean holds(const KxTimeRule *rule, GDateTime *local)
{
    guint weekday = (guint)g_date_time_get_day_of_week(local) - 1, date;
    guint clock = (guint)(g_date_time_get_hour(local) * 60 + g_date_time_get_minute(local));
    switch (rule->kind) {
    case KX_TIME_ABSOLUTE:
        return take_date((guint)g_date_time_get_year(local), (guint)g_date_time_get_month(local),
                         (guint)g_date_time_get_day_of_month(local), &date) &&
               within(rule, date + clock);
    case KX_TIME_WEEKLY:
        return within(rule, weekday * DAY + clock);
    default:
        /* After midnight it still is the day on which the range began. */
        if (rule->from > rule->to && clock <= rule->to)
            weekday = (weekday + 6) % 7;
        return rule->days >> weekday & 1 && within(rule, clock);
    }
}

gboolean kx_time_rules_hold(const KxTimeRule *rules, guint n, GDateTime *local)
{
    gboolean repeats = FALSE, repeated = FALSE, limits = FALSE, limited = FALSE;
    for (guint i = 0; i < n; i++) {
        gboolean now = holds(&rules[i], local);
        if (rules[i].kind == KX_TIME_ABSOLUTE) {
            limits = TRUE;
            limited |= now;
        } else {
            repeats = TRUE;
            repeated |= now;
        }
    }
    return (!repeats || repeated) && (!limits || limited);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/schedule-due.h"

#include <stdlib.h>

enum { DAYS_AHEAD = 2 }; /* the next time of day is never later */

/* The first such time of day after `last`. */
static gint64 next_at(const char *text, gint64 last, GTimeZone *zone)
{
    int hour = atoi(text), minute = atoi(strchr(text, ':') + 1);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(last);
    g_autoptr(GDateTime) from = g_date_time_to_timezone(utc, zone);
    for (int day = 0; day <= DAYS_AHEAD; day++) {
        g_autoptr(GDateTime) then = g_date_time_add_days(from, day);
        g_autoptr(GDateTime) at =
            g_date_time_new(zone, g_date_time_get_year(then), g_date_time_get_month(then),
                            g_date_time_get_day_of_month(then), hour, minute, 0);
        if (at && g_date_time_to_unix(at) > last)
            return g_date_time_to_unix(at);
    }
    return G_MAXINT64;
}

gint64 kx_schedule_next(const KxSchedule *schedule, gint64 last, GTimeZone *zone)
{
    if (schedule->every > 0)
        return last + (gint64)schedule->every;
    gint64 next = G_MAXINT64;
    for (guint i = 0; schedule->at[i]; i++)
        next = MIN(next, next_at(schedule->at[i], last, zone));
    return next;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a schedule is due next (SCHED-02). What was missed while the server was down, or because
 * the clock was put forward, is made up for once, not as often as it was missed. A time of day that
 * the clock skips in spring comes as it does so, one that it repeats in autumn counts once. Pure
 * and thread-safe.
 */
#pragma once

#include "directory/directory.h"

/* Unix seconds of the first time after `last`, by the wall clock of the zone; G_MAXINT64: never. */
gint64 kx_schedule_next(const KxSchedule *schedule, gint64 last, GTimeZone *zone);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When something is valid (TOOL-07 to TOOL-10), by the wall clock of the server: times that the
 * clock skips in spring never come, those that it repeats in autumn come twice. The minute at each
 * end belongs to the range. Pure and thread-safe.
 *
 *     daily 08:00-17:00 [everyday|weekdays|weekend|mon tue ...]   over midnight if the end is less;
 *                                                                 the day is that of the beginning
 *     weekly fri 18:00 - mon 06:00                                over Sunday night likewise
 *     absolute 2026-12-24 00:00 - 2026-12-26 23:59
 */
#pragma once

#include <glib.h>

typedef enum { KX_TIME_DAILY, KX_TIME_WEEKLY, KX_TIME_ABSOLUTE } KxTimeKind;

typedef struct {
    KxTimeKind kind;
    guint from, to; /* minutes of the day, of the week, or since the year 1 */
    guint days;     /* of KX_TIME_DAILY: bit 0 is Monday */
} KxTimeRule;

/* FALSE with KX_ERR_INVALID. */
gboolean kx_time_rule_parse(const char *text, KxTimeRule *ret_rule, GError **error);
char *kx_time_rule_format(const KxTimeRule *rule);

/* Any of the daily and weekly ones, and any of the absolute ones; where there are none of a side it
 * does not restrict. */
gboolean kx_time_rules_hold(const KxTimeRule *rules, guint n, GDateTime *local);

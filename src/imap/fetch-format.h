/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small pieces of message data in responses (RFC 9051 sections 7.5.2 and 9), appended by hand:
 * a FETCH of flags runs through here once for each message of a folder. Thread-safe on distinct
 * outputs.
 */
#pragma once

#include <glib.h>

#include "store/item.h"

void kx_fetch_append_uint(GString *out, guint64 number);

/* "(\Seen $Junk)" */
void kx_fetch_append_flags(GString *out, const KxItem *item, gboolean recent);

/* The offset from UTC in local time, remembered: it can only change on a quarter of an hour. */
typedef struct {
    gint64 quarter;     /* Unix seconds / 900 */
    int offset_minutes; /* east of UTC */
    gboolean known;
} KxFetchZone;

/* Minutes east of UTC at that moment, in the server's time zone. */
int kx_fetch_zone_offset(KxFetchZone *zone, gint64 unix_seconds);

/* date-time with its quotes, in the server's time zone. */
void kx_fetch_append_date(GString *out, KxFetchZone *zone, gint64 unix_seconds);

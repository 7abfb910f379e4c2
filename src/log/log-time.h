/* SPDX-License-Identifier: Apache-2.0 */
/* Times of log lines and of rotation, in the server's local time. Private to the log folder. */
#pragma once

#include <glib.h>

#include "log/log.h"

/* Remembers the last stamp, because neighbouring lines mostly share it. Starts zeroed. */
typedef struct KxLogTimeParser {
    char stamp[KX_LOG_STAMP_LEN];
    gint64 value;
} KxLogTimeParser;

/* The time at the beginning of a line, or 0 if there is none. In the hour that a clock change
 * repeats, one of the two readings. */
gint64 kx_log_time_parse(KxLogTimeParser *parser, const char *line, size_t len);

/* The first rotation boundary after the given time; G_MAXINT64 for KX_LOG_ROTATE_NEVER. */
gint64 kx_log_time_boundary(gint64 unix_seconds, KxLogRotate rotate);

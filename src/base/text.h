/* SPDX-License-Identifier: Apache-2.0 */
/* Small text helpers that GLib lacks. All are pure and thread-safe. */
#pragma once

#include <glib.h>

/* "DD/Mon/YYYY HH:MM:SS" in local time: the stamp of every log line (LOG-01). */
void kx_format_log_time(gint64 unix_seconds, char out[static 21]);

/* RFC 5322 section 3.3 date-time in local time, e.g. "Sun, 22 Nov 2026 04:00:00 +0000". */
char *kx_format_rfc5322_date(gint64 unix_seconds);

/* A copy in which CR, LF, other control characters and invalid UTF-8 are written as \xHH, so that
 * one event stays one log line. `max` caps the bytes read; longer input ends in "...". */
char *kx_escape_for_log(const char *text, gssize len, size_t max);

/* Unsigned decimal of at most `max`; the whole string must be digits. */
gboolean kx_parse_uint(const char *text, guint64 max, guint64 *ret_value);

/* "host", "host:port", "192.0.2.1:port", "[2001:db8::1]:port"; an address with several colons and
 * no brackets has no port. The host, to be freed, and where the port begins or NULL; NULL: it is
 * none of these. What host and port are made of is not looked at. */
char *kx_split_host_port(const char *text, const char **ret_port);

/* TRUE if the bytes equal the C string, ASCII case ignored. */
gboolean kx_ascii_equal(const char *bytes, size_t len, const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates in mail: RFC 5322 section 3.3 with the obsolete forms of 4.3, and IMAP's date and date-time
 * (RFC 9051 section 9). Years 1 to 9999. Pure and thread-safe; the time zone of the machine plays
 * no part.
 */
#pragma once

#include <glib.h>

typedef struct KxDate {
    gint64 unix_seconds;
    int offset_minutes; /* east of UTC; -0000 and unknown zones count as 0 */
} KxDate;

/* A Date field: comments, folds, missing day name, two-digit years, missing seconds and letter
 * zones are understood; trailing junk is passed over. FALSE if day, month, year or time make no
 * sense. */
gboolean kx_date_parse_rfc5322(const char *text, size_t len, KxDate *ret_date);

/* date-time without quotes: " 1-Jan-2024 00:00:00 +0000" (the day with a space or two digits). */
gboolean kx_date_parse_imap_datetime(const char *text, size_t len, KxDate *ret_date);

/* date without quotes: "1-Jan-2024" or "01-Jan-2024". Gives days since 1970-01-01. */
gboolean kx_date_parse_imap_date(const char *text, size_t len, gint64 *ret_day);

#define KX_IMAP_DATETIME_SIZE 27

/* Writes dd-Mon-yyyy hh:mm:ss +zzzz in the date's own zone, without quotes; years outside 1 to 9999
 * are clamped. */
void kx_date_format_imap_datetime(const KxDate *date, char out[static KX_IMAP_DATETIME_SIZE]);

/* The calendar day in the date's own zone, in days since 1970-01-01: what SENTON, SENTBEFORE and
 * SENTSINCE compare (RFC 9051 section 6.4.4: time and zone disregarded). */
gint64 kx_date_local_day(const KxDate *date);

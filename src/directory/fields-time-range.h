/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of time ranges; see directory/object-list.h. No include guard. */
/* clang-format off */
KX_FIELD(TIME_RANGE, DESCRIPTION, "description", "Description", 0, text, description, "TOOL-09",
    "Free text.")
KX_FIELD(TIME_RANGE, ENTRIES, "entries", "Entries", 0, times, entries, "TOOL-07 TOOL-09",
    "Times, separated by commas: daily 08:00-17:00 [everyday|weekdays|weekend|mon tue ...], weekly fri 18:00 - mon 06:00, absolute 2026-12-24 00:00 - 2026-12-26 23:59. Valid is when one of the daily and weekly ones and one of the absolute ones is; a side without any does not restrict.")
/* clang-format on */

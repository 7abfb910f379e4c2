/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of numbers as bytes, with a check at the end: a damaged file must not hide messages, so what
 * is read is believed only if it is what was written for this place. Private to src/search.
 */
#pragma once

#include <glib.h>

enum { KX_BLOCK_ITEMS = 1024, KX_BLOCK_WORDS = KX_BLOCK_ITEMS / 64 };

/* Ascending numbers; `place` is where they are kept. `out` is emptied first. */
void kx_pack(GByteArray *out, guint64 place, const guint32 *numbers, guint n);
/* Appends to `numbers`. FALSE: damaged. */
gboolean kx_unpack(const guint8 *bytes, size_t len, guint64 place, GArray *numbers);

/* The same numbers one by one, out of the bytes. */
typedef struct {
    const guint8 *at, *end;
    guint32 number; /* where it stands, when it has */
    gboolean begun;
} KxPacked;
/* FALSE: damaged. */
gboolean kx_packed_begin(KxPacked *packed, const guint8 *bytes, size_t len, guint64 place);
gboolean kx_packed_next(KxPacked *packed); /* FALSE: there are no more */
/* Goes on to the number; is it there? Ask in ascending order. */
gboolean kx_packed_seek(KxPacked *packed, guint32 number);

/* Numbers below KX_BLOCK_ITEMS, as what is shorter: numbers or bits. */
void kx_pack_members(GByteArray *out, guint64 place, const guint32 *numbers, guint n);
gboolean kx_unpack_members(const guint8 *bytes, size_t len, guint64 place,
                           guint64 bits[KX_BLOCK_WORDS]);

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/order.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

typedef struct {
    guint64 key; /* above the least */
    guint32 place;
} Entry;

guint32 *kx_order_new(guint n)
{
    guint32 *order = g_new(guint32, (gsize)n + 1);
    for (guint32 i = 0; i < n; i++)
        order[i] = i;
    return order;
}

static void sort_digit(const Entry *from, Entry *to, guint n, guint shift)
{
    guint starts[DIGITS] = {0}, sum = 0;
    for (guint i = 0; i < n; i++)
        starts[from[i].key >> shift & (DIGITS - 1)]++;
    for (guint i = 0; i < DIGITS; i++) {
        guint count = starts[i];
        starts[i] = sum;
        sum += count;
    }
    for (guint i = 0; i < n; i++)
        to[starts[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

void kx_order_by(guint32 *order, guint n, const gint64 *keys)
{
    gint64 least = G_MAXINT64, most = G_MININT64;
    for (guint i = 0; i < n; i++) {
        least = MIN(least, keys[order[i]]);
        most = MAX(most, keys[order[i]]);
    }
    if (n == 0 || least == most)
        return;
    g_autofree Entry *room = g_new(Entry, (gsize)n * 2);
    Entry *from = room, *to = room + n;
    for (guint i = 0; i < n; i++)
        from[i] = (Entry){(guint64)keys[order[i]] - (guint64)least, order[i]};
    guint64 range = (guint64)most - (guint64)least;
    for (guint shift = 0; shift < 64 && range >> shift != 0; shift += DIGIT_BITS) {
        sort_digit(from, to, n, shift);
        Entry *sorted = to;
        to = from;
        from = sorted;
    }
    for (guint i = 0; i < n; i++)
        order[i] = from[i].place;
}

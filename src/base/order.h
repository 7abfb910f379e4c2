/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting by numbers: by digits (radix sort), so in time that grows with the count and with the
 * bits in which the keys differ. Thread-safe.
 */
#pragma once

#include <glib.h>

/* Places 0 to n - 1. Free with g_free. */
guint32 *kx_order_new(guint n);

/* Sorts `order`, which holds `n` places of `keys`, by the keys there; equal ones stay as they are.
 * So the order of several criteria is made by the last of them first. */
void kx_order_by(guint32 *order, guint n, const gint64 *keys);

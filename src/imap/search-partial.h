/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PARTIAL (RFC 9394, which extends RFC 5267 section 4.4): a window of a result, counted from its
 * first entry ("1:100") or from its last ("-1:-100"). A result is any array of numbers in the order
 * in which it is given to the client: sequence numbers or UIDs, sorted or not.
 */
#pragma once

#include <glib.h>

#include "imap/parser.h"

typedef struct {
    guint32 from, to; /* from <= to, from 1 on */
    gboolean last;    /* counted from the end */
    char *given;      /* the range as the client wrote it: the answer repeats it */
} KxPartial;

void kx_partial_clear(KxPartial *partial);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxPartial, kx_partial_clear)

/* partial-range, without PARTIAL and its space. `ret` must be zeroed or cleared. */
gboolean kx_partial_parse(KxImapParser *parser, KxPartial *ret);

/* Where the window lies in a result of n entries: *ret_first is the position of its first entry, as
 * in an array; returns how many entries it has, 0 if it lies beyond. */
guint kx_partial_window(const KxPartial *partial, guint n, guint *ret_first);

/* Appends "PARTIAL (1:100 4,7:9)": the window of `numbers`, NIL if nothing lies in it. */
void kx_partial_format(GString *out, const KxPartial *partial, const guint32 *numbers, guint n);

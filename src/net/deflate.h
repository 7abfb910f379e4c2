/* SPDX-License-Identifier: Apache-2.0 */
/* COMPRESS=DEFLATE (RFC 4978): raw deflate both ways. One thread. */
#pragma once

#include "base/buf.h"

typedef struct KxDeflate KxDeflate;

KxDeflate *kx_deflate_new(void);
void kx_deflate_free(KxDeflate *deflate);

/* Compresses and flushes, so that the peer can read all of it at once. FALSE: `out` is full. */
gboolean kx_deflate_write(KxDeflate *deflate, const char *bytes, size_t len, KxBuf *out);

/* Expands what the peer sent, until input is used up or `out` has no room; returns bytes of input
 * used, or -1 if the input is not deflate. Expansion is bounded by `room`. */
gssize kx_deflate_read(KxDeflate *deflate, const char *bytes, size_t len, KxBuf *out, size_t room);

/* After kx_deflate_read() stopped for want of room: more output may come without new input. */
gboolean kx_deflate_pending(KxDeflate *deflate);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDeflate, kx_deflate_free)

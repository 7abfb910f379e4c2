/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KxBuf: a growing byte buffer that cannot grow past the maximum given at init, for bytes whose
 * number somebody else decides.
 *
 * Invariants: data[len] is always NUL (data may be NULL only while len is 0 and nothing was ever
 * appended); len <= max. An append that would pass max appends nothing and returns FALSE.
 *
 * Consuming from the front is O(1): `head` moves, and the space is reclaimed when it pays.
 * Not thread-safe. Memory that held secrets: kx_buf_clear_secret().
 */
#pragma once

#include <glib.h>

typedef struct KxBuf {
    char *data;  /* first live byte */
    size_t len;  /* live bytes */
    size_t max;  /* most live bytes ever allowed */
    char *base;  /* allocation */
    size_t room; /* size of the allocation */
} KxBuf;

#define KX_BUF_INIT(maximum) ((KxBuf){.max = (maximum)})

void kx_buf_init(KxBuf *buf, size_t max);
void kx_buf_free(KxBuf *buf);         /* releases memory; the buffer is as after init */
void kx_buf_clear_secret(KxBuf *buf); /* overwrites, then frees */
void kx_buf_reset(KxBuf *buf);        /* empties, keeps memory up to 16 KiB */

gboolean kx_buf_append(KxBuf *buf, const void *bytes, size_t len);
gboolean kx_buf_append_c(KxBuf *buf, char c);

/* Room for `want` more bytes at the end: returns where to write, or NULL past max. Follow with
 * kx_buf_added(). */
char *kx_buf_reserve(KxBuf *buf, size_t want);
void kx_buf_added(KxBuf *buf, size_t len);

void kx_buf_consume(KxBuf *buf, size_t len); /* drops bytes from the front; len <= buf->len */

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxBuf, kx_buf_free)

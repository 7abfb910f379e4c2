/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

enum { KEEP_ROOM = 16 * 1024, MIN_ROOM = 64 };

void kx_buf_init(KxBuf *buf, size_t max)
{
    *buf = KX_BUF_INIT(max);
}

void kx_buf_free(KxBuf *buf)
{
    g_free(buf->base);
    *buf = KX_BUF_INIT(buf->max);
}

void kx_buf_clear_secret(KxBuf *buf)
{
    if (buf->base)
        explicit_bzero(buf->base, buf->room);
    kx_buf_free(buf);
}

void kx_buf_reset(KxBuf *buf)
{
    if (buf->room > KEEP_ROOM) {
        kx_buf_free(buf);
        return;
    }
    buf->data = buf->base;
    buf->len = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

char *kx_buf_reserve(KxBuf *buf, size_t want)
{
    if (want > buf->max - buf->len)
        return NULL;
    size_t head = buf->base ? (size_t)(buf->data - buf->base) : 0;
    if (buf->base && head + buf->len + want + 1 <= buf->room)
        return buf->data + buf->len;
    if (head > buf->room / 2 && buf->len + want + 1 <= buf->room) {
        memmove(buf->base, buf->data, buf->len);
        buf->data = buf->base;
        return buf->data + buf->len;
    }
    size_t room = MAX(buf->room, (size_t)MIN_ROOM);
    while (room < buf->len + want + 1)
        room *= 2;
    char *base = g_malloc(room);
    if (buf->len > 0)
        memcpy(base, buf->data, buf->len);
    g_free(buf->base);
    buf->base = buf->data = base;
    buf->room = room;
    return buf->data + buf->len;
}

void kx_buf_added(KxBuf *buf, size_t len)
{
    buf->len += len;
    buf->data[buf->len] = '\0';
}

gboolean kx_buf_append(KxBuf *buf, const void *bytes, size_t len)
{
    char *to = kx_buf_reserve(buf, len);
    if (!to)
        return FALSE;
    if (len > 0)
        memcpy(to, bytes, len);
    kx_buf_added(buf, len);
    return TRUE;
}

gboolean kx_buf_append_c(KxBuf *buf, char c)
{
    return kx_buf_append(buf, &c, 1);
}

void kx_buf_consume(KxBuf *buf, size_t len)
{
    g_assert(len <= buf->len);
    buf->data += len;
    buf->len -= len;
    if (buf->len == 0)
        kx_buf_reset(buf);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/deflate.h"

#include <zlib.h>

/* A window of 2^13 and small tables: about 40 KiB for each connection instead of 300, for some
 * percent of the ratio. The peer's window must be taken as large as it may be. */
enum { OUT_WINDOW = -13, IN_WINDOW = -15, MEMORY = 5, PIECE = 16 * 1024 };

struct KxDeflate {
    z_stream out, in;
    gboolean pending;
};

KxDeflate *kx_deflate_new(void)
{
    KxDeflate *self = g_new0(KxDeflate, 1);
    int rc = deflateInit2(&self->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, OUT_WINDOW, MEMORY,
                          Z_DEFAULT_STRATEGY);
    g_assert(rc == Z_OK);
    rc = inflateInit2(&self->in, IN_WINDOW);
    g_assert(rc == Z_OK);
    return self;
}

void kx_deflate_free(KxDeflate *self)
{
    if (!self)
        return;
    deflateEnd(&self->out);
    inflateEnd(&self->in);
    g_free(self);
}

gboolean kx_deflate_write(KxDeflate *self, const char *bytes, size_t len, KxBuf *out)
{
    z_stream *z = &self->out;
    z->next_in = (Bytef *)bytes;
    z->avail_in = (uInt)len;
    do {
        char *to = kx_buf_reserve(out, PIECE);
        if (!to)
            return FALSE;
        z->next_out = (Bytef *)to;
        z->avail_out = PIECE;
        deflate(z, Z_SYNC_FLUSH);
        kx_buf_added(out, PIECE - z->avail_out);
    } while (z->avail_out == 0);
    return TRUE;
}

gssize kx_deflate_read(KxDeflate *self, const char *bytes, size_t len, KxBuf *out, size_t room)
{
    z_stream *z = &self->in;
    z->next_in = (Bytef *)bytes;
    z->avail_in = (uInt)len;
    self->pending = FALSE;
    for (;;) {
        size_t piece = MIN(room, (size_t)PIECE);
        if (piece == 0) {
            self->pending = TRUE;
            break;
        }
        char *to = kx_buf_reserve(out, piece);
        if (!to)
            break;
        z->next_out = (Bytef *)to;
        z->avail_out = (uInt)piece;
        int rc = inflate(z, Z_SYNC_FLUSH);
        size_t made = piece - z->avail_out;
        kx_buf_added(out, made);
        room -= made;
        if (rc != Z_OK && rc != Z_BUF_ERROR)
            return -1;
        if (z->avail_out > 0)
            break;
    }
    return (gssize)(len - z->avail_in);
}

gboolean kx_deflate_pending(KxDeflate *self)
{
    return self->pending;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages for servers that take no 8-bit content (RFC 6152). */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "flow/queue-private.h"
#include "mime/sevenbit.h"

/* Larger ones go as they are: what is converted lies in memory for a moment. */
enum { SIZE_MAX_BYTES = 256 * 1024 * 1024 };

typedef struct {
    int fd;
    guint64 written;
} Out;

static gboolean sink(const void *bytes, size_t len, gpointer user, GError **error)
{
    Out *out = user;
    out->written += len;
    return kx_write_all(out->fd, bytes, len, error);
}

static int open_nameless(const char *id, GError **error)
{
    g_autofree char *path = g_strdup_printf("store/tmp/%s.7bit.XXXXXX", id);
    int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600); /* several may be at it */
    if (fd < 0)
        kx_error_errno(error, "cannot create %s", path);
    else
        unlink(path);
    return fd;
}

static int convert(const KxEnvelope *envelope, const char *data, guint64 *ret_size, GError **error)
{
    g_autoptr(KxMimeEdits) edits =
        kx_mime_sevenbit_edits(data + envelope->skip, envelope->size - envelope->skip);
    if (!edits)
        return -1;
    Out out = {open_nameless(envelope->id, error), 0};
    if (out.fd >= 0 && kx_mime_edits_write(edits, sink, &out, error)) {
        *ret_size = out.written;
        return out.fd;
    }
    if (out.fd >= 0)
        close(out.fd);
    return -1;
}

int kx_queue_downgrade(const KxEnvelope *envelope, guint64 *ret_size, GError **error)
{
    g_autofree char *path = kx_queue_path(envelope->id, ".eml");
    if (envelope->size <= envelope->skip || envelope->size > SIZE_MAX_BYTES)
        return -1;
    int result = -1, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        kx_error_errno(error, "cannot open %s", path);
        return -1;
    }
    char *data = kx_queue_map(fd, envelope->size, error);
    if (data) {
        result = convert(envelope, data, ret_size, error);
        munmap(data, envelope->size);
    }
    close(fd);
    return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One conversion as messages. What comes back is as little trusted as what went there. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "convert/convert-private.h"
#include "convert/limits.h"
#include "ipc/channel.h"

/* The keeper ends the process before; this is for a keeper that does not. */
enum { PATIENCE_SECONDS = KX_CONVERT_SECONDS + 15, NAME_MAX_BYTES = 1000, TYPE_MAX_BYTES = 250 };

/* Sealed: the process at the other end can neither change it nor make it grow. */
static int put_in_memory(GBytes *content, GError **error)
{
    static const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    size_t len;
    const void *bytes = g_bytes_get_data(content, &len);
    int fd = memfd_create("content", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        kx_error_errno(error, "cannot hand over content");
        return -1;
    }
    gboolean ok = kx_write_all(fd, bytes, len, error);
    if (ok && fcntl(fd, F_ADD_SEALS, seals) < 0)
        ok = kx_error_errno(error, "cannot seal content");
    if (ok)
        return fd;
    close(fd);
    return -1;
}

static gboolean send_content(int fd, guint32 request, const char *type, const char *file_name,
                             GBytes *content, gboolean *ret_broken, GError **error)
{
    int memory = put_in_memory(content, error);
    if (memory < 0)
        return FALSE;
    g_autofree char *short_type = g_strndup(type, TYPE_MAX_BYTES);
    g_autofree char *short_name = g_strndup(file_name ? file_name : "", NAME_MAX_BYTES);
    KxMsgConvertContent message = {short_type, short_name, g_bytes_get_size(content)};
    gboolean sent = kx_channel_send(fd, KX_MSG_CONVERT_CONTENT, request, &message, memory);
    close(memory);
    *ret_broken = !sent;
    return sent || kx_fail(error, KX_ERR_FAILED, "the converter is gone");
}

static gboolean wait_for_answer(int fd, gint64 deadline)
{
    for (;;) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int rc = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (rc < 0 && errno == EINTR)
            continue;
        return rc > 0;
    }
}

static gboolean receive(int fd, gint64 deadline, guint32 request, char *buffer,
                        KxMessage *ret_message, GError **error)
{
    if (!wait_for_answer(fd, deadline))
        return kx_fail(error, KX_ERR_FAILED, "the converter took too long");
    KxReceived got =
        kx_channel_receive(fd, KX_ROLE_CONVERT, KX_ROLE_CORE, buffer, ret_message, error);
    if (got == KX_RECEIVE_BAD)
        return FALSE;
    if (got != KX_RECEIVED)
        return kx_fail(error, KX_ERR_FAILED, "the converter died");
    if (ret_message->type != KX_MSG_CONVERTED || ret_message->session != request)
        return kx_fail(error, KX_ERR_PROTOCOL, "the converter answered what nobody asked");
    return TRUE;
}

/* Errors that content may be answered with; others would mean something to our caller. */
static gboolean fail_as_told(const KxMsgConverted *answer, GError **error)
{
    static const guint allowed =
        1U << KX_ERR_INVALID | 1U << KX_ERR_CORRUPT | 1U << KX_ERR_DENIED | 1U << KX_ERR_TOO_BIG;
    guint code = answer->code < 32 && (allowed >> answer->code & 1) ? answer->code : KX_ERR_CORRUPT;
    g_autofree char *text = g_utf8_make_valid(answer->error, -1);
    return kx_fail(error, code, "%s", text);
}

static gboolean collect(int fd, guint32 request, GString *text, gboolean *ret_broken,
                        GError **error)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    gint64 deadline = g_get_monotonic_time() + (gint64)PATIENCE_SECONDS * G_USEC_PER_SEC;
    *ret_broken = TRUE;
    for (;;) {
        KxMessage message;
        if (!receive(fd, deadline, request, buffer, &message, error))
            return FALSE;
        const KxMsgConverted *answer = &message.CONVERTED;
        if (text->len + answer->text.len > KX_CONVERT_TEXT_MAX)
            return kx_fail(error, KX_ERR_PROTOCOL, "the converter sent too much");
        g_string_append_len(text, answer->text.data, (gssize)answer->text.len);
        if (answer->state == KX_CONVERT_PIECE)
            continue;
        *ret_broken = FALSE;
        return answer->state == KX_CONVERT_DONE || fail_as_told(answer, error);
    }
}

gboolean kx_convert_ask(int fd, guint32 request, const char *type, const char *file_name,
                        GBytes *content, char **ret_text, gboolean *ret_broken, GError **error)
{
    *ret_broken = FALSE;
    g_autoptr(GString) text = g_string_new(NULL);
    if (!send_content(fd, request, type, file_name, content, ret_broken, error) ||
        !collect(fd, request, text, ret_broken, error))
        return FALSE;
    if (memchr(text->str, '\0', text->len) ||
        !g_utf8_validate(text->str, (gssize)text->len, NULL)) {
        *ret_broken = TRUE;
        return kx_fail(error, KX_ERR_PROTOCOL, "the converter sent what is no text");
    }
    *ret_text = g_strndup(text->str, text->len);
    return TRUE;
}

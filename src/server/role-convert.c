/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The convert role's process: reads hostile content and answers with its text. It is given one
 * content after the other by the core until that closes the channel. Single-threaded; it waits in
 * one receive, and has nothing to lose when it is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "convert/content.h"
#include "convert/libraries.h"
#include "convert/limits.h"
#include "ipc/channel.h"
#include "mime/charset.h"
#include "server/roles.h"
#include "server/sandbox.h"

enum {
    DESCRIPTORS_MAX = 8,
    /* Of the address space: libraries and the content itself come on top of what it allocates. */
    SPACE_MAX_FACTOR = 2,
};

/* ---- before the sandbox ---- */

static gboolean limit(int what, rlim_t most, GError **error)
{
    struct rlimit limits = {most, most};
    return setrlimit((__rlimit_resource_t)what, &limits) == 0
               ? TRUE
               : kx_error_errno(error, "cannot limit what a converter may use");
}

static gboolean set_limits(GError **error)
{
#ifndef KX_SANITIZED /* a sanitizer maps terabytes */
    if (!limit(RLIMIT_DATA, KX_CONVERT_MEMORY_MAX, error) ||
        !limit(RLIMIT_AS, (rlim_t)KX_CONVERT_MEMORY_MAX * SPACE_MAX_FACTOR, error))
        return FALSE;
#endif
    return limit(RLIMIT_CPU, KX_CONVERT_CPU_SECONDS, error) && limit(RLIMIT_CORE, 0, error) &&
           limit(RLIMIT_NOFILE, DESCRIPTORS_MAX, error);
}

/* Standard input and output are of no use to it; what it says when it aborts is of use to us. */
static gboolean drop_standard_files(GError **error)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    gboolean ok = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
    if (null > STDERR_FILENO)
        close(null);
    return ok ? TRUE : kx_error_errno(error, "cannot use /dev/null");
}

/* Libraries read their tables and make their locks now. */
static void warm_up(void)
{
    xmlInitParser();
    g_free(kx_charset_to_utf8("windows-1252", strlen("windows-1252"), "a", 1));
}

/* ---- serving ---- */

static gboolean answer(int core, guint32 request, const KxTextOut *out, const GError *error)
{
    size_t sent = 0, len = error ? 0 : out->text->len;
    for (;;) {
        size_t n = MIN(len - sent, (size_t)KX_CHUNK_MAX);
        gboolean last = sent + n == len;
        g_autofree char *line = error ? g_strndup(error->message, 500) : NULL;
        KxMsgConverted message = {
            .state = error  ? KX_CONVERT_FAILED
                     : last ? KX_CONVERT_DONE
                            : KX_CONVERT_PIECE,
            .text = {out->text->str + sent, n},
            .code = error ? (guint32)error->code : 0,
            .error = line,
        };
        if (!kx_channel_send(core, KX_MSG_CONVERTED, request, &message, -1))
            return FALSE;
        sent += n;
        if (last)
            return TRUE;
    }
}

static gboolean convert(const KxMessage *message, KxTextOut *out, GError **error)
{
    const KxMsgConvertContent *wish = &message->CONVERT_CONTENT;
    size_t len = (size_t)MIN(wish->size, (guint64)KX_CONVERT_CONTENT_MAX);
    char *data = len > 0 ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, message->fd, 0) : NULL;
    if (data == MAP_FAILED)
        return kx_error_errno(error, "cannot map content");
    KxContent content = {data ? data : "", len, wish->type, wish->file_name};
    KxConverter converter = kx_convert_find(&content, error);
    gboolean ok = converter && converter(&content, out, error);
    if (data)
        munmap(data, len);
    return ok;
}

static void serve(int core)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    while (kx_channel_receive(core, KX_ROLE_CORE, KX_ROLE_CONVERT, buffer, &message, NULL) ==
           KX_RECEIVED) {
        g_auto(KxTextOut) out;
        g_autoptr(GError) error = NULL;
        kx_text_out_init(&out);
        convert(&message, &out, &error);
        close(message.fd);
        if (!answer(core, message.session, &out, error))
            break;
    }
}

/* The keeper's only word to us is the channel to the core. */
static int receive_core(void)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    KxReceived got =
        kx_channel_receive(KX_FD_KEEPER, KX_ROLE_KEEPER, KX_ROLE_CONVERT, buffer, &message, NULL);
    return got == KX_RECEIVED && message.type == KX_MSG_PEER ? message.fd : -1;
}

int kx_role_convert_main(void)
{
    KxSandbox sandbox;
    g_autoptr(GError) error = NULL;
    if (chdir("/") < 0)
        kx_error_errno(&error, "cannot leave the data directory");
    warm_up();
    if (error || !kx_convert_open_libraries(&error) || !drop_standard_files(&error) ||
        !set_limits(&error) || !kx_sandbox_enter(KX_ROLE_CONVERT, &sandbox, &error)) {
        g_printerr("keryx convert: %s\n", error->message);
        return 1;
    }
    KxMsgRoleReady ready = {sandbox.landlock, sandbox.seccomp};
    if (!kx_channel_send(KX_FD_KEEPER, KX_MSG_ROLE_READY, 0, &ready, -1))
        return 1;
    int core = receive_core();
    if (core >= 0)
        serve(core);
    return 0;
}

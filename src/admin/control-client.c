/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's end of keryx.sock. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"

enum { ANSWER_MAX = 256 * 1024 * 1024 };

/* The name is relative to the current directory, so that its length does not depend on where the
 * data lie. */
static int connect_server(guint seconds)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KX_PATH_CONTROL};
    struct timeval limit = {.tv_sec = seconds};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Up to the end of the line, or of the connection. */
static gboolean receive(int fd, KxBuf *line)
{
    for (;;) {
        char *room = kx_buf_reserve(line, 65536);
        ssize_t n = room ? recv(fd, room, 65536, 0) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        kx_buf_added(line, (size_t)n);
        if (line->data[line->len - 1] == '\n')
            return TRUE;
    }
}

static json_t *fail_busy(GError **error)
{
    kx_fail(error, KX_ERR_BUSY,
            "the server was restarted or is too busy to answer: look whether the command has had "
            "its effect, and try again");
    return NULL;
}

json_t *kx_control_ask(const json_t *request, guint seconds, GError **error)
{
    int fd = connect_server(seconds);
    if (fd < 0) {
        kx_fail(error, KX_ERR_NOT_FOUND, "no server listens");
        return NULL;
    }
    g_autofree char *text = json_dumps(request, JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    g_auto(KxBuf) answer = KX_BUF_INIT(ANSWER_MAX);
    gboolean ok =
        send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) && receive(fd, &answer);
    explicit_bzero(text, strlen(text));
    explicit_bzero(line, strlen(line));
    close(fd);
    json_t *json = ok ? json_loadb(answer.data, answer.len, 0, NULL) : NULL;
    return json ? json : fail_busy(error);
}

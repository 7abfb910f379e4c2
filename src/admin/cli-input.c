/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line reads before it does anything: secrets and files, which may be pipes. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "base/buf.h"
#include "base/error.h"

static gboolean read_all(int fd, const char *path, KxBuf *content, GError **error)
{
    enum { STEP = 16384 };
    char bytes[STEP];
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return kx_error_errno(error, "cannot read %s", path);
        if (n == 0)
            return kx_buf_append(content, "", 0);
        gboolean fits = kx_buf_append(content, bytes, (size_t)n);
        explicit_bzero(bytes, (size_t)n);
        if (!fits)
            return kx_fail(error, KX_ERR_TOO_BIG, "%s is larger than %d bytes", path, KX_FILE_MAX);
    }
}

/* A whole file or standard input ("-"), at most KX_FILE_MAX bytes. */
static char *read_input(const char *path, GError **error)
{
    g_auto(KxBuf) content = KX_BUF_INIT(KX_FILE_MAX);
    gboolean standard = g_str_equal(path, "-");
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        kx_error_errno(error, "cannot open %s", path);
        return NULL;
    }
    gboolean ok = read_all(fd, path, &content, error);
    if (!standard)
        close(fd);
    if (ok && (memchr(content.data, '\0', content.len) ||
               !g_utf8_validate(content.data, (gssize)content.len, NULL)))
        ok = kx_fail(error, KX_ERR_INVALID, "%s is not a text file", path);
    char *text = ok ? g_strndup(content.data, content.len) : NULL;
    if (content.len > 0)
        explicit_bzero(content.data, content.len);
    return text;
}

/* What --NAME-file names takes the place of --NAME: of a secret the first line. */
static gboolean read_named_file(KxInvocation *invocation, const KxOption *option, GError **error)
{
    gboolean secret = option->type == KX_OPTION_SECRET;
    g_autofree char *key = g_strconcat(option->name, "-file", NULL);
    const char *path = json_string_value(json_object_get(invocation->options, key));
    const char *value = json_string_value(json_object_get(invocation->options, option->name));
    if (path && value)
        return kx_fail(error, KX_ERR_INVALID, "give either --%s or --%s", option->name, key);
    if (!path && (!secret || g_strcmp0(value, "-") != 0))
        return TRUE;
    g_autofree char *text = read_input(path ? path : "-", error);
    if (!text)
        return FALSE;
    if (secret)
        text[strcspn(text, "\r\n")] = '\0';
    json_object_set_new(invocation->options, option->name, json_string(text));
    json_object_del(invocation->options, key);
    explicit_bzero(text, strlen(text));
    return TRUE;
}

static gboolean read_file_option(KxInvocation *invocation, const KxOption *option, GError **error)
{
    const char *path = json_string_value(json_object_get(invocation->options, option->name));
    if (!path)
        return TRUE;
    g_autofree char *text = read_input(path, error);
    if (!text)
        return FALSE;
    json_object_set_new(invocation->options, option->name, json_string(text));
    explicit_bzero(text, strlen(text));
    return TRUE;
}

gboolean kx_cli_read_inputs(KxInvocation *invocation, GError **error)
{
    const KxCommand *command = invocation->command;
    for (guint i = 0; i < command->n_options; i++) {
        const KxOption *option = &command->options[i];
        if ((option->type == KX_OPTION_SECRET || option->type == KX_OPTION_LINES) &&
            !read_named_file(invocation, option, error))
            return FALSE;
        if (option->type == KX_OPTION_FILE && !read_file_option(invocation, option, error))
            return FALSE;
    }
    if (!(command->flags & KX_COMMAND_FILE))
        return TRUE;
    char **last = (char **)&invocation->args->pdata[invocation->args->len - 1];
    char *content = read_input(*last, error);
    if (!content)
        return FALSE;
    g_free(*last);
    *last = content;
    return TRUE;
}

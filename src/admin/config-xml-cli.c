/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's part: the two files in a directory. They are opened before this process
 * becomes the owner of the data directory, who may not be allowed there. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/cli-private.h"
#include "admin/config-xml.h"
#include "base/error.h"
#include "base/fsutil.h"

static const char *const options[KX_CONFIG_FILES] = {"mailserver", "users"};

static json_t *ask(const KxInvocation *whole, const char *const *words, json_t *wish,
                   KxInvocation *ret_invocation, GError **error)
{
    guint used;
    *ret_invocation = *whole;
    ret_invocation->command = kx_command_find(words, 2, &used);
    ret_invocation->options = wish;
    return kx_cli_enter(whole->data, error) ? kx_cli_ask(ret_invocation, error) : NULL;
}

/* ---- export ---- */

static void close_all(const int *fds)
{
    for (guint file = 0; file < KX_CONFIG_FILES; file++)
        if (fds[file] >= 0)
            close(fds[file]);
}

static gboolean open_all(const char *directory, int *fds, GError **error)
{
    if (mkdir(directory, 0700) < 0 && errno != EEXIST)
        return kx_error_errno(error, "cannot make the directory %s", directory);
    for (guint file = 0; file < KX_CONFIG_FILES; file++) {
        g_autofree char *path = g_build_filename(directory, kx_config_file_names[file], NULL);
        fds[file] = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fds[file] < 0 || fchmod(fds[file], 0600) < 0)
            return kx_error_errno(error, "cannot write %s", path);
    }
    return TRUE;
}

/* What was there stays until the new text is at hand. */
static gboolean write_file(int fd, const char *text, const char *name, GError **error)
{
    if (ftruncate(fd, 0) < 0)
        return kx_error_errno(error, "cannot write %s", name);
    if (!kx_write_all(fd, text, strlen(text), error))
        return FALSE;
    return fsync(fd) == 0 || kx_error_errno(error, "cannot write %s", name);
}

static int export_to(const KxInvocation *invocation, const int *fds)
{
    static const char *const words[] = {"config", "xml-export"};
    g_autoptr(GError) error = NULL;
    json_auto_t *wish = json_object();
    KxInvocation asking;
    json_auto_t *answer = ask(invocation, words, wish, &asking, &error);
    if (!answer)
        return kx_cli_fail(error);
    const json_t *result = json_object_get(answer, "result");
    if (!result)
        return kx_cli_answer(&asking, answer);
    for (guint file = 0; file < KX_CONFIG_FILES; file++)
        if (!write_file(fds[file], json_string_value(json_object_get(result, options[file])),
                        kx_config_file_names[file], &error))
            return kx_cli_fail(error);
    return KX_EXIT_OK;
}

int kx_config_local_export(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    const char *directory = json_string_value(json_object_get(invocation->options, "xml"));
    int fds[KX_CONFIG_FILES] = {-1, -1};
    if (!directory) {
        json_auto_t *answer =
            kx_cli_enter(invocation->data, &error) ? kx_cli_ask(invocation, &error) : NULL;
        return answer ? kx_cli_answer(invocation, answer) : kx_cli_fail(error);
    }
    int status = open_all(directory, fds, &error) ? export_to(invocation, fds) : kx_cli_fail(error);
    close_all(fds);
    return status;
}

/* ---- import ---- */

/* The encoding that the first line declares, or NULL. */
static char *declared_encoding(const char *text)
{
    enum { LOOK = 200 };
    g_autofree char *head = g_strndup(text, LOOK);
    head[strcspn(head, ">")] = '\0';
    char *at = g_str_has_prefix(head, "<?xml") ? strstr(head, "encoding=") : NULL;
    if (!at || (at[9] != '"' && at[9] != '\''))
        return NULL;
    return g_strndup(at + 10, strcspn(at + 10, "\"'"));
}

/* As UTF-8, which is what travels; NULL: it is not what it says. */
static json_t *as_text(const char *bytes, size_t len)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (strlen(bytes) != len)
        return NULL;
    if (g_utf8_validate(bytes, (gssize)len, NULL))
        return json_string(g_str_has_prefix(bytes, mark) ? bytes + strlen(mark) : bytes);
    g_autofree char *encoding = declared_encoding(bytes);
    char *text =
        encoding ? g_convert(bytes, (gssize)len, "UTF-8", encoding, NULL, NULL, NULL) : NULL;
    json_t *value = text ? json_string(text) : NULL;
    if (text)
        explicit_bzero(text, strlen(text));
    g_free(text);
    return value;
}

/* FALSE without an error: it is not there. */
static gboolean read_one(const char *directory, KxConfigFile file, json_t *wish, GError **error)
{
    g_autofree char *path = g_build_filename(directory, kx_config_file_names[file], NULL);
    g_autoptr(GError) inner = NULL;
    char *bytes = NULL;
    size_t len = 0;
    if (!kx_read_file(path, KX_CONFIG_XML_MAX, &bytes, &len, &inner)) {
        if (!g_error_matches(inner, KX_ERROR, KX_ERR_NOT_FOUND))
            g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    json_t *value = as_text(bytes, len);
    explicit_bzero(bytes, len);
    g_free(bytes);
    if (!value)
        return kx_fail(error, KX_ERR_INVALID, "%s is not text in the encoding that it declares",
                       path);
    json_object_set_new(wish, options[file], value);
    return TRUE;
}

static gboolean read_all(const char *directory, json_t *wish, GError **error)
{
    for (guint file = 0; file < KX_CONFIG_FILES; file++) {
        g_autoptr(GError) inner = NULL;
        if (!read_one(directory, file, wish, &inner) && inner) {
            g_propagate_error(error, g_steal_pointer(&inner));
            return FALSE;
        }
    }
    return json_object_size(wish) > 0 ||
           kx_fail(error, KX_ERR_NOT_FOUND, "there is neither %s nor %s in %s",
                   kx_config_file_names[KX_CONFIG_MAILSERVER],
                   kx_config_file_names[KX_CONFIG_USERS], directory);
}

int kx_config_local_import(const KxInvocation *invocation)
{
    static const char *const words[] = {"config", "xml-import"};
    g_autoptr(GError) error = NULL;
    json_auto_t *wish = json_object();
    KxInvocation asking;
    if (!read_all(json_string_value(json_object_get(invocation->options, "xml")), wish, &error))
        return kx_cli_fail(error);
    if (json_is_true(json_object_get(invocation->options, "dry-run")))
        json_object_set_new(wish, "dry-run", json_true());
    json_auto_t *answer = ask(invocation, words, wish, &asking, &error);
    return answer ? kx_cli_answer(&asking, answer) : kx_cli_fail(error);
}

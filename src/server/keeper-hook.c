/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of whoever has the machine that bring the line to the Internet up and down. The core
 * says which, and nothing else: no text of it reaches a program. They lie where the core cannot
 * write, belong to root or to the server's user, and are started without a shell.
 *
 * A line that is up when the core dies is brought down: the next core knows nothing of it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "server/keeper-private.h"

enum { HOOK_SECONDS = 120 };
#define HOOKS_FOLDER "/etc/keryx/hooks"

static const char *const NAMES[KX_HOOK_COUNT] = {
    [KX_HOOK_LINE_UP] = "line-up",
    [KX_HOOK_LINE_DOWN] = "line-down",
};

/* ---- which program ---- */

/* Nobody but who has the machine may say what is run. */
static gboolean is_safe(const char *path, gboolean folder, GError **error)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "there is no %s", path);
    if (folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
        return kx_fail(error, KX_ERR_DENIED, "%s is not a %s", path, folder ? "folder" : "program");
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 0022) != 0)
        return kx_fail(error, KX_ERR_DENIED,
                       "%s may be changed by others: it is to belong to root, with mode 0755",
                       path);
    return TRUE;
}

/* The current directory is the data directory, where the core writes. */
static gboolean is_outside_data(const char *path, GError **error)
{
    g_autofree char *data = realpath(".", NULL), *real = realpath(path, NULL);
    size_t len = data ? strlen(data) : 0;
    if (data && real && (strncmp(real, data, len) != 0 || (real[len] != '/' && real[len] != '\0')))
        return TRUE;
    return kx_fail(error, KX_ERR_DENIED, "%s lies in the data directory", path);
}

static char *find_program(KxHook hook, GError **error)
{
    const char *given = g_getenv("KERYX_HOOKS");
    const char *folder = given && *given ? given : HOOKS_FOLDER;
    g_autofree char *path = g_build_filename(folder, NAMES[hook], NULL);
    if (!is_safe(folder, TRUE, error) || !is_safe(path, FALSE, error) ||
        !is_outside_data(path, error))
        return NULL;
    return g_steal_pointer(&path);
}

/* ---- running it ---- */

/* In the new process: only async-signal-safe calls. */
static G_NORETURN void become(const char *path, char *const *argv, char *const *environment)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    int nothing = open("/dev/null", O_RDWR);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
        dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 && chdir("/") == 0) {
        close_range(STDERR_FILENO + 1, ~0U, 0);
        execve(path, argv, environment);
    }
    _exit(127);
}

static void tell(KxKeeper *keeper, gboolean good, const char *text)
{
    KxChild *core = kx_keeper_child(keeper, KX_ROLE_CORE, 0);
    if (core->link)
        kx_link_send(core->link, KX_MSG_HOOK_ENDED, 0, &(KxMsgHookEnded){good, text}, -1);
}

static gboolean start(KxKeeper *keeper, KxHook hook, GError **error)
{
    g_autofree char *path = find_program(hook, error);
    if (!path)
        return FALSE;
    char *argv[] = {path, NULL};
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};
    pid_t pid = fork();
    if (pid == 0)
        become(path, argv, environment);
    if (pid < 0)
        return kx_error_errno(error, "cannot start %s", path);
    struct timeval limit = {HOOK_SECONDS, 0};
    keeper->hook_pid = pid;
    keeper->hook = hook;
    keeper->hook_late = FALSE;
    keeper->line_up = hook == KX_HOOK_LINE_UP;
    event_add(keeper->hook_timer, &limit);
    return TRUE;
}

void kx_keeper_hook_timer(evutil_socket_t fd, short what, void *data)
{
    KxKeeper *keeper = data;
    keeper->hook_late = TRUE;
    if (keeper->hook_pid > 0)
        kill(-keeper->hook_pid, SIGKILL); /* with all it has started */
}

void kx_keeper_hook(KxKeeper *keeper, guint hook)
{
    g_autoptr(GError) error = NULL;
    if (hook >= KX_HOOK_COUNT)
        return;
    if (hook == KX_HOOK_LINE_DOWN)
        keeper->line_up = FALSE; /* also if it is just coming up: then that is followed */
    if (keeper->hook_pid > 0)
        tell(keeper, FALSE, "another program for it is still running");
    else if (!start(keeper, hook, &error))
        tell(keeper, FALSE, error->message);
}

void kx_keeper_hook_ended(KxKeeper *keeper, int status)
{
    const char *name = NAMES[keeper->hook];
    gboolean good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    g_autofree char *text =
        keeper->hook_late   ? g_strdup_printf("%s took longer than %d seconds", name, HOOK_SECONDS)
        : WIFEXITED(status) ? g_strdup_printf("%s ended with status %d", name, WEXITSTATUS(status))
                            : g_strdup_printf("%s was killed by signal %d", name, WTERMSIG(status));
    gboolean was_up = keeper->hook == KX_HOOK_LINE_UP;
    event_del(keeper->hook_timer);
    keeper->hook_pid = 0;
    if (was_up && !keeper->line_up) /* its core died meanwhile */
        kx_keeper_hook(keeper, KX_HOOK_LINE_DOWN);
    else
        tell(keeper, good, text);
}

void kx_keeper_hook_core_ended(KxKeeper *keeper)
{
    if (!keeper->line_up)
        return;
    keeper->line_up = FALSE;
    if (keeper->hook_pid == 0)
        kx_keeper_hook(keeper, KX_HOOK_LINE_DOWN);
}

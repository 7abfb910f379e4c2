/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of whoever has the machine: they bring the line to the Internet up and down, and put
 * records into DNS that prove to an authority whose a host name is (RFC 8555 section 8.4). The core
 * says which. Of its texts only a host name and a digest reach a program, as arguments, and only if
 * they consist of nothing but the characters of such. Programs lie where the core cannot write,
 * belong to root or to the server's user, and are started without a shell.
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
#include "settings/checks.h"

enum { HOOK_SECONDS = 120, DIGEST_LEN = 43 /* of SHA-256 in base64url */ };
#define HOOKS_FOLDER "/etc/keryx/hooks"

static const char *const NAMES[KX_HOOK_COUNT] = {
    [KX_HOOK_LINE_UP] = "line-up",
    [KX_HOOK_LINE_DOWN] = "line-down",
    [KX_HOOK_DNS_ADD] = "dns-add",
    [KX_HOOK_DNS_REMOVE] = "dns-remove",
};

static KxHookKind kind_of(guint hook)
{
    return hook == KX_HOOK_DNS_ADD || hook == KX_HOOK_DNS_REMOVE ? KX_HOOKS_DNS : KX_HOOKS_LINE;
}

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

/* Whoever has taken over the core must not tell a program anything else. */
static gboolean check_arguments(const KxMsgHook *message, GError **error)
{
    static const char base64url[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (kind_of(message->hook) != KX_HOOKS_DNS)
        return TRUE;
    if (strlen(message->digest) != DIGEST_LEN ||
        message->digest[strspn(message->digest, base64url)])
        return kx_fail(error, KX_ERR_INVALID, "what the record is to hold is no digest");
    return kx_check_hostname(message->host, error);
}

static void tell(KxKeeper *keeper, KxHook hook, gboolean good, const char *text)
{
    KxChild *core = kx_keeper_child(keeper, KX_ROLE_CORE, 0);
    if (core->link)
        kx_link_send(core->link, KX_MSG_HOOK_ENDED, 0, &(KxMsgHookEnded){hook, good, text}, -1);
}

static gboolean start(KxHookRun *run, const KxMsgHook *message, GError **error)
{
    KxHook hook = (KxHook)message->hook;
    g_autofree char *path = check_arguments(message, error) ? find_program(hook, error) : NULL;
    if (!path)
        return FALSE;
    gboolean dns = kind_of(hook) == KX_HOOKS_DNS;
    g_autofree char *record = g_strconcat("_acme-challenge.", message->host, NULL);
    char *argv[] = {path, dns ? record : NULL, (char *)message->digest, NULL};
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};
    pid_t pid = fork();
    if (pid == 0)
        become(path, argv, environment);
    if (pid < 0)
        return kx_error_errno(error, "cannot start %s", path);
    struct timeval limit = {HOOK_SECONDS, 0};
    run->pid = pid;
    run->hook = hook;
    run->late = FALSE;
    event_add(run->timer, &limit);
    return TRUE;
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    KxHookRun *run = data;
    run->late = TRUE;
    if (run->pid > 0)
        kill(-run->pid, SIGKILL); /* with all it has started */
}

void kx_keeper_hook(KxKeeper *keeper, const KxMsgHook *message)
{
    g_autoptr(GError) error = NULL;
    if (message->hook >= KX_HOOK_COUNT)
        return;
    KxHook hook = (KxHook)message->hook;
    KxHookRun *run = &keeper->hooks[kind_of(hook)];
    if (hook == KX_HOOK_LINE_DOWN)
        keeper->line_up = FALSE; /* also if it is just coming up: then that is followed */
    if (run->pid > 0) {
        tell(keeper, hook, FALSE, "another program for it is still running");
        return;
    }
    if (!start(run, message, &error))
        tell(keeper, hook, FALSE, error->message);
    else if (hook == KX_HOOK_LINE_UP)
        keeper->line_up = TRUE;
}

static void take_line_down(KxKeeper *keeper)
{
    kx_keeper_hook(keeper, &(KxMsgHook){KX_HOOK_LINE_DOWN, "", ""});
}

static void ended(KxKeeper *keeper, KxHookRun *run, int status)
{
    const char *name = NAMES[run->hook];
    gboolean good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    g_autofree char *text =
        run->late           ? g_strdup_printf("%s took longer than %d seconds", name, HOOK_SECONDS)
        : WIFEXITED(status) ? g_strdup_printf("%s ended with status %d", name, WEXITSTATUS(status))
                            : g_strdup_printf("%s was killed by signal %d", name, WTERMSIG(status));
    event_del(run->timer);
    run->pid = 0;
    if (run->hook == KX_HOOK_LINE_UP && !keeper->line_up) /* its core died meanwhile */
        take_line_down(keeper);
    else
        tell(keeper, run->hook, good, text);
}

void kx_keeper_hook_ended(KxKeeper *keeper, pid_t pid, int status)
{
    for (guint i = 0; i < KX_HOOK_KINDS; i++)
        if (keeper->hooks[i].pid == pid)
            ended(keeper, &keeper->hooks[i], status);
}

void kx_keeper_hook_core_ended(KxKeeper *keeper)
{
    if (!keeper->line_up)
        return;
    keeper->line_up = FALSE;
    if (keeper->hooks[KX_HOOKS_LINE].pid == 0)
        take_line_down(keeper);
}

gboolean kx_keeper_hook_runs(const KxKeeper *keeper)
{
    for (guint i = 0; i < KX_HOOK_KINDS; i++)
        if (keeper->hooks[i].pid > 0)
            return TRUE;
    return FALSE;
}

void kx_keeper_hooks_init(KxKeeper *keeper)
{
    for (guint i = 0; i < KX_HOOK_KINDS; i++)
        keeper->hooks[i].timer = event_new(keeper->base, -1, 0, on_timer, &keeper->hooks[i]);
}

void kx_keeper_hooks_clear(KxKeeper *keeper)
{
    for (guint i = 0; i < KX_HOOK_KINDS; i++)
        event_free(keeper->hooks[i].timer);
}

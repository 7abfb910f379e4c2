/* SPDX-License-Identifier: Apache-2.0 */
#include "pam/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "ipc/channel.h"

enum {
    QUESTION_SECONDS = 5, /* from the connection to the question */
    TEXT_MAX = 1000,      /* of an answer; the field of PAM_CHECKED is a little longer */
};

/* A process that checks. */
typedef struct {
    pid_t pid;
    gint64 deadline; /* monotonic microseconds */
    gboolean late;   /* it was killed */
} Check;

typedef struct {
    const KxPamHelper *helper;
    int listener, signals;
    GArray *checks; /* Check */
    gboolean ending;
} Service;

/* ---- the process that checks ---- */

static gboolean await_question(int connection, char *buffer, KxMessage *ret_message)
{
    struct pollfd wait = {.fd = connection, .events = POLLIN};
    return poll(&wait, 1, QUESTION_SECONDS * 1000) > 0 &&
           kx_channel_receive(connection, KX_ROLE_CORE, KX_ROLE_PAM, buffer, ret_message, NULL) ==
               KX_RECEIVED &&
           ret_message->type == KX_MSG_PAM_CHECK;
}

static void answer(int connection, KxPamState state, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    if (strlen(valid) > TEXT_MAX)
        *g_utf8_find_prev_char(valid, valid + TEXT_MAX) = '\0';
    kx_channel_send(connection, KX_MSG_PAM_CHECKED, 0, &(KxMsgPamChecked){state, valid}, -1);
}

/* As a program finds itself when it is started: modules rely on it. It leads a group of its own, so
 * that it can be killed with what modules have started. */
static void settle(pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(1);
}

static G_NORETURN void check(const Service *service, int connection, pid_t parent)
{
    g_autofree char *text = NULL;
    char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    settle(parent);
    close(service->listener);
    close(service->signals);
    if (!await_question(connection, buffer, &message))
        _exit(0);
    KxPamState state = service->helper->consult(&message.PAM_CHECK, &text);
    answer(connection, state, text);
    _exit(0);
}

/* ---- who may ask ---- */

static gboolean may_ask(const Service *service, int connection)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return FALSE;
    if (peer.uid == 0 || peer.uid == service->helper->uid || peer.gid == service->helper->gid)
        return TRUE;
    g_printerr("keryx pam: user %u may not ask\n", (guint)peer.uid);
    return FALSE;
}

static void start(Service *service, int connection)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        check(service, connection, parent);
    if (pid < 0) {
        g_printerr("keryx pam: cannot start a process: %s\n", g_strerror(errno));
        return;
    }
    setpgid(pid, pid); /* whoever of the two comes first */
    Check started = {
        .pid = pid,
        .deadline = g_get_monotonic_time() + (gint64)service->helper->seconds * G_USEC_PER_SEC,
    };
    g_array_append_val(service->checks, started);
}

static void take_connection(Service *service)
{
    int connection = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0)
        return;
    if (may_ask(service, connection))
        start(service, connection);
    close(connection);
}

/* ---- ends ---- */

static void kill_check(const Check *check)
{
    kill(-check->pid, SIGKILL);
    kill(check->pid, SIGKILL);
}

static void kill_late(Service *service)
{
    gint64 now = g_get_monotonic_time();
    for (guint i = 0; i < service->checks->len; i++) {
        Check *check = &g_array_index(service->checks, Check, i);
        if (check->late || now < check->deadline)
            continue;
        g_printerr("keryx pam: a check took more than %u seconds and is ended\n",
                   service->helper->seconds);
        check->late = TRUE;
        kill_check(check);
    }
}

static void ended(Service *service, pid_t pid, int status)
{
    for (guint i = 0; i < service->checks->len; i++) {
        const Check *check = &g_array_index(service->checks, Check, i);
        if (check->pid != pid)
            continue;
        if (WIFSIGNALED(status) && !check->late)
            g_printerr("keryx pam: a check has died of signal %d\n", WTERMSIG(status));
        g_array_remove_index_fast(service->checks, i);
        return;
    }
}

static void take_signal(Service *service)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    if (read(service->signals, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo != SIGCHLD)
        service->ending = TRUE;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        ended(service, pid, status);
}

static void end_all(Service *service)
{
    for (guint i = 0; i < service->checks->len; i++)
        kill_check(&g_array_index(service->checks, Check, i));
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

/* ---- serving ---- */

/* Until the next check is late; -1: there is none that could be. */
static int patience_ms(const Service *service)
{
    gint64 next = G_MAXINT64;
    for (guint i = 0; i < service->checks->len; i++) {
        const Check *check = &g_array_index(service->checks, Check, i);
        if (!check->late)
            next = MIN(next, check->deadline);
    }
    gint64 left = next - g_get_monotonic_time();
    return next == G_MAXINT64 ? -1 : (int)CLAMP(left / 1000 + 1, 0, G_MAXINT);
}

static void serve(Service *service)
{
    while (!service->ending) {
        gboolean full = service->checks->len >= service->helper->most;
        struct pollfd wait[] = {{.fd = service->signals, .events = POLLIN},
                                {.fd = full ? -1 : service->listener, .events = POLLIN}};
        int n = poll(wait, G_N_ELEMENTS(wait), patience_ms(service));
        kill_late(service);
        if (n > 0 && wait[0].revents)
            take_signal(service);
        if (n > 0 && wait[1].revents)
            take_connection(service);
    }
}

/* Passwords must not end in a file, and no other process may look. */
static void become_private(void)
{
    const struct rlimit none = {0, 0};
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
}

gboolean kx_pam_helper_run(int listener, const KxPamHelper *helper, GError **error)
{
    static const int watched[] = {SIGCHLD, SIGTERM, SIGINT};
    sigset_t set;
    sigemptyset(&set);
    for (guint i = 0; i < G_N_ELEMENTS(watched); i++)
        sigaddset(&set, watched[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    Service service = {.helper = helper, .listener = listener};
    service.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (service.signals < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
        return kx_error_errno(error, "cannot wait for connections");
    become_private();
    service.checks = g_array_new(FALSE, FALSE, sizeof(Check));
    serve(&service);
    end_all(&service);
    g_array_unref(service.checks);
    close(service.signals);
    return TRUE;
}

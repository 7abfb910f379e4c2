/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "server/keeper-private.h"
#include "server/roles.h"

enum {
    STEADY_SECONDS = 2, /* a role that lived so long did not die at once */
    PAUSE_FIRST_MS = 50,
    PAUSE_WORKED_MS = 1000, /* at most, for a role that had come up: its clients wait for it */
    PAUSE_MOST_MS = 10000,  /* for one that dies before it works */
};

void kx_child_free(gpointer data)
{
    KxChild *child = data;
    kx_link_free(child->link);
    if (child->timer)
        event_free(child->timer);
    g_free(child);
}

KxChild *kx_keeper_child(KxKeeper *keeper, KxRole role, guint index)
{
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->role == role && child->index == index)
            return child;
    }
    g_assert_not_reached();
}

gboolean kx_keeper_all_down(KxKeeper *keeper, guint roles)
{
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if ((child->role & roles) && child->pid > 0)
            return FALSE;
    }
    return TRUE;
}

void kx_keeper_tell_state(KxKeeper *keeper, const KxChild *child)
{
    KxChild *core = kx_keeper_child(keeper, KX_ROLE_CORE, 0);
    if (core->state != KX_STATE_RUNNING)
        return;
    KxMsgRoleState state = {child->role,     child->index,    (guint32)child->pid, child->state,
                            child->restarts, child->landlock, child->seccomp};
    kx_link_send(core->link, KX_MSG_ROLE_STATE, 0, &state, -1);
}

/* ---- messages ---- */

static void ready(KxChild *child, const KxMsgRoleReady *message)
{
    child->state = KX_STATE_RUNNING;
    child->worked = TRUE;
    child->landlock = message->landlock;
    child->seccomp = message->seccomp;
    kx_keeper_tell_state(child->keeper, child);
    kx_keeper_child_ready(child->keeper, child);
}

static void child_message(gpointer data, KxLink *link, KxMessage *message)
{
    KxChild *child = data;
    KxKeeper *keeper = child->keeper;
    switch (message->type) {
    case KX_MSG_ROLE_READY:
        if (child->state == KX_STATE_STARTING) /* once: each costs descriptors */
            ready(child, &message->ROLE_READY);
        break;
    case KX_MSG_LISTEN:
        kx_keeper_listen(keeper, &message->LISTEN);
        break;
    case KX_MSG_UNLISTEN:
        kx_keeper_unlisten(keeper, message->UNLISTEN.service);
        break;
    case KX_MSG_LISTEN_END:
        kx_keeper_listen_end(keeper, message->LISTEN_END.services);
        break;
    case KX_MSG_CONVERTER:
        kx_keeper_converter(keeper, &message->CONVERTER);
        break;
    case KX_MSG_KERBEROS_WANTED:
        kx_keeper_kerberos(keeper);
        break;
    case KX_MSG_PAM_WANTED:
        kx_keeper_pam(message);
        break;
    case KX_MSG_HOOK:
        kx_keeper_hook(keeper, &message->HOOK);
        break;
    case KX_MSG_CERTIFICATES_CHANGED:
        kx_keeper_send_certificates(keeper, NULL);
        break;
    default:
        break;
    }
}

static void child_closed(gpointer data, KxLink *link, const GError *error)
{
    KxChild *child = data;
    if (error) {
        g_printerr("keryx: %s %u is ended: %s\n", kx_role_name(child->role), child->index,
                   error->message);
        if (child->pid > 0)
            kill(child->pid, SIGKILL);
    }
    child->state = KX_STATE_DOWN; /* nobody is to write to it any more; its end follows */
    g_clear_pointer(&child->link, kx_link_free);
}

static const KxLinkCallbacks callbacks = {child_message, child_closed};

/* ---- starting ---- */

/* What it is given besides the channel to us; -1: nothing. */
static int extra_descriptor(const KxChild *child)
{
    switch (child->role) {
    case KX_ROLE_CONVERT:
    case KX_ROLE_KERBEROS:
        return -1;
    case KX_ROLE_CORE:
        return child->keeper->control;
    case KX_ROLE_COURIER:
        return child->keeper->journal;
    default:
        return child->keeper->counts;
    }
}

/* The core keeps the whole directory in memory. In large pages it has it there in half the time:
 * most of that goes into the first touch of each page. */
static char **environment_of(const KxChild *child)
{
    char **environment = g_get_environ();
    if (child->role != KX_ROLE_CORE)
        return environment;
    return g_environ_setenv(environment, "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", FALSE);
}

/* In the new process: only async-signal-safe calls. */
static G_NORETURN void become(const KxChild *child, int channel, int extra, char *const *argv,
                              char *const *environment)
{
    /* Out of the way first, so that neither target is a source. */
    int program = fcntl(child->keeper->program, F_DUPFD_CLOEXEC, 100);
    int from = fcntl(channel, F_DUPFD, 100);
    int more = extra >= 0 ? fcntl(extra, F_DUPFD, 100) : -1;
    int counts = fcntl(child->keeper->counts, F_DUPFD, 100);
    gboolean core = child->role == KX_ROLE_CORE;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (program >= 0 && dup2(from, KX_FD_KEEPER) >= 0 &&
        (extra < 0 || dup2(more, KX_FD_KEEPER + 1) >= 0) &&
        (!core || dup2(counts, KX_FD_CORE_COUNTS) >= 0)) {
        unsigned first = core ? KX_FD_FIRST_FREE : extra >= 0 ? KX_FD_CORE_COUNTS : KX_FD_COUNTS;
        close_range(first, (unsigned)program - 1, 0);
        close_range((unsigned)program + 1, ~0U, 0);
        fexecve(program, argv, environment);
    }
    _exit(127);
}

/* What a core must know before anything else. */
static void send_inheritance(KxChild *core)
{
    KxKeeper *keeper = core->keeper;
    KxSlice key = {(const char *)keeper->ticket_seal, sizeof keeper->ticket_seal};
    KxMsgServices services = {keeper->listening, keeper->running};
    kx_link_send(core->link, KX_MSG_SECRET, 0, &(KxMsgSecret){KX_SECRET_TICKET_SEAL, key}, -1);
    kx_link_send(core->link, KX_MSG_SERVICES, 0, &services, -1);
}

gboolean kx_child_try(KxChild *child, GError **error)
{
    KxKeeper *keeper = child->keeper;
    int fds[2];
    if (!kx_channel_pair(fds, error))
        return FALSE;
    g_autofree char *index = g_strdup_printf("%u", child->index);
    char *argv[] = {"keryx", "--role", (char *)kx_role_name(child->role), index, NULL};
    g_auto(GStrv) environment = environment_of(child);
    pid_t pid = fork();
    if (pid == 0)
        become(child, fds[1], extra_descriptor(child), argv, environment);
    int saved = errno;
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        errno = saved;
        return kx_error_errno(error, "cannot start %s", kx_role_name(child->role));
    }
    child->pid = pid;
    child->worked = FALSE;
    child->state = KX_STATE_STARTING;
    child->started = g_get_monotonic_time();
    child->link = kx_link_new(keeper->base, fds[0], KX_ROLE_KEEPER, child->role, &callbacks, child);
    if (child->role == KX_ROLE_CORE)
        send_inheritance(child);
    kx_keeper_tell_state(keeper, child);
    return TRUE;
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
    KxChild *child = data;
    if (!child->keeper->stopping && child->pid == 0)
        kx_child_start(child);
}

static guint pause_ms(KxChild *child)
{
    if (g_get_monotonic_time() - child->started > (gint64)STEADY_SECONDS * G_USEC_PER_SEC)
        child->quick_deaths = 0;
    guint pause = PAUSE_FIRST_MS << MIN(child->quick_deaths, 10U);
    child->quick_deaths++;
    return MIN(pause, child->worked ? (guint)PAUSE_WORKED_MS : (guint)PAUSE_MOST_MS);
}

static void start_later(KxChild *child)
{
    guint ms = pause_ms(child);
    struct timeval tv = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    if (!child->timer)
        child->timer = event_new(child->keeper->base, -1, 0, on_timer, child);
    event_add(child->timer, &tv);
}

void kx_child_start(KxChild *child)
{
    g_autoptr(GError) error = NULL;
    if (kx_child_try(child, &error))
        return;
    g_printerr("keryx: %s\n", error->message);
    child->started = g_get_monotonic_time();
    start_later(child);
}

/* ---- ending ---- */

static char *how_it_ended(int status)
{
    return WIFSIGNALED(status) ? g_strdup_printf("was killed by signal %d", WTERMSIG(status))
                               : g_strdup_printf("ended with status %d", WEXITSTATUS(status));
}

void kx_child_report(KxChild *child, int status, const char *then)
{
    g_autofree char *how = how_it_ended(status);
    g_autofree char *line =
        g_strdup_printf("%s %u (process %d) %s and %s", kx_role_name(child->role), child->index,
                        (int)child->pid, how, then);
    g_printerr("keryx: %s\n", line);
    KxChild *core = kx_keeper_child(child->keeper, KX_ROLE_CORE, 0);
    if (core != child && core->state == KX_STATE_RUNNING)
        kx_link_send(core->link, KX_MSG_LOG, 0, &(KxMsgLog){KX_EDGE_LOG_ERROR, line}, -1);
    else
        g_ptr_array_add(child->keeper->errors, g_steal_pointer(&line));
}

void kx_child_ended(KxChild *child, int status)
{
    KxKeeper *keeper = child->keeper;
    if (child->role == KX_ROLE_CONVERT) {
        kx_keeper_converter_ended(child, status);
        return;
    }
    if (child->role == KX_ROLE_KERBEROS) {
        kx_keeper_kerberos_ended(child, status);
        return;
    }
    if (child->role == KX_ROLE_CORE) {
        kx_keeper_end_converters(keeper); /* they worked for it, */
        kx_keeper_end_kerberos(keeper);   /* as it did */
        kx_keeper_hook_core_ended(keeper);
    }
    g_clear_pointer(&child->link, kx_link_free);
    child->state = KX_STATE_DOWN;
    if (!keeper->stopping)
        kx_child_report(child, status, "is started again");
    child->pid = 0;
    if (keeper->stopping)
        return;
    if (!keeper->announced && child->quick_deaths >= 3) {
        /* It never worked: better say so and give up than try for ever. */
        g_printerr("keryx: the server cannot start: %s keeps failing\n", kx_role_name(child->role));
        keeper->status = 1;
        kill(getpid(), SIGTERM);
        return;
    }
    child->restarts++;
    kx_keeper_tell_state(keeper, child);
    start_later(child);
}

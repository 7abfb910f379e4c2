/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/paths.h"
#include "net/edge.h"
#include "server/keeper-private.h"

enum { STOP_SECONDS = 30, TICKETS_HOURS = 12 };

/* ---- what the roles need ---- */

static int make_counts(void)
{
    int fd = memfd_create("keryx-counts", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, sizeof(KxEdgeCounts)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_control(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KX_PATH_CONTROL};
    unlink(KX_PATH_CONTROL);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(KX_PATH_CONTROL, 0600) < 0 || listen(fd, 64) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static int connect_datagram(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* abstract */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, len) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_journal(void)
{
    int fd = connect_datagram("/run/systemd/journal/socket");
    return fd >= 0 ? fd : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* ---- coming up ---- */

static void introduce(KxChild *core, KxChild *other)
{
    if (core->state != KX_STATE_RUNNING || other->state != KX_STATE_RUNNING)
        return;
    int fds[2];
    g_autoptr(GError) error = NULL;
    if (!kx_channel_pair(fds, &error)) {
        g_printerr("keryx: %s\n", error->message);
        return;
    }
    kx_link_send(core->link, KX_MSG_PEER, 0, &(KxMsgPeer){other->role, other->index}, fds[0]);
    kx_link_send(other->link, KX_MSG_PEER, 0, &(KxMsgPeer){core->role, core->index}, fds[1]);
    close(fds[0]);
    close(fds[1]);
}

static void send_lines(KxChild *core, guint log, GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++)
        kx_link_send(core->link, KX_MSG_LOG, 0, &(KxMsgLog){log, lines->pdata[i]}, -1);
    g_ptr_array_set_size(lines, 0);
}

static void core_ready(KxKeeper *keeper, KxChild *core)
{
    kx_keeper_listen_start(keeper);
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->role & KX_ROLES_ON_DEMAND)
            continue; /* it has asked for none yet */
        kx_keeper_tell_state(keeper, child);
        if (child != core)
            introduce(core, child);
    }
    send_lines(core, KX_EDGE_LOG_WARNING, keeper->notes);
    send_lines(core, KX_EDGE_LOG_ERROR, keeper->errors);
}

static void send_ticket_keys(KxKeeper *keeper, KxChild *edge)
{
    KxSlice keys = {(const char *)keeper->tls_tickets, sizeof keeper->tls_tickets};
    kx_link_send(edge->link, KX_MSG_SECRET, 0, &(KxMsgSecret){KX_SECRET_TLS_TICKETS, keys}, -1);
}

/* Whoever steals the keys can read the sessions they sealed: old ones are forgotten. */
static void on_tickets_timer(evutil_socket_t fd, short what, void *data)
{
    KxKeeper *keeper = data;
    randombytes_buf(keeper->tls_tickets, sizeof keeper->tls_tickets);
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->role == KX_ROLE_EDGE && child->state == KX_STATE_RUNNING)
            send_ticket_keys(keeper, child);
    }
}

static void edge_ready(KxKeeper *keeper, KxChild *edge)
{
    send_ticket_keys(keeper, edge);
    kx_keeper_send_certificates(keeper, edge->link);
    introduce(kx_keeper_child(keeper, KX_ROLE_CORE, 0), edge);
    kx_keeper_send_listeners(keeper, edge->link);
}

void kx_keeper_child_ready(KxKeeper *keeper, KxChild *child)
{
    if (child->role == KX_ROLE_CORE)
        core_ready(keeper, child);
    else if (child->role == KX_ROLE_EDGE)
        edge_ready(keeper, child);
    else
        introduce(kx_keeper_child(keeper, KX_ROLE_CORE, 0), child);
    kx_keeper_check_ready(keeper);
}

static void tell_systemd(KxKeeper *keeper, const char *state)
{
    if (keeper->notify_socket >= 0 &&
        send(keeper->notify_socket, state, strlen(state), MSG_NOSIGNAL) < 0)
        g_printerr("keryx: cannot tell systemd: %s\n", g_strerror(errno));
}

void kx_keeper_check_ready(KxKeeper *keeper)
{
    if (keeper->announced || !keeper->listening || keeper->stopping)
        return;
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->state != KX_STATE_RUNNING && !(child->role & KX_ROLES_ON_DEMAND))
            return;
    }
    keeper->announced = TRUE;
    if (((KxChild *)keeper->children->pdata[0])->landlock == 0)
        printf("note: this kernel has no Landlock; the roles run without file system sandboxes\n");
    printf("ready\n");
    fflush(stdout);
    tell_systemd(keeper, "READY=1");
}

/* ---- going down ---- */

static const guint stop_order[] = {KX_ROLE_EDGE, KX_ROLE_CORE, KX_ROLES_ON_DEMAND, KX_ROLE_COURIER};

static void kill_stage(evutil_socket_t fd, short what, void *data)
{
    KxKeeper *keeper = data;
    if (keeper->stop_stage == G_N_ELEMENTS(stop_order))
        return; /* only a hook is left, which has a clock of its own */
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->pid > 0 && child->role & stop_order[keeper->stop_stage])
            kill(child->pid, SIGKILL);
    }
}

static void send_stop(KxKeeper *keeper, guint roles)
{
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (child->role & roles & ~(guint)KX_ROLES_ON_DEMAND && child->pid > 0 && child->link)
            kx_link_send(child->link, KX_MSG_STOP, 0, &(KxMsgStop){}, -1);
    }
    if (roles & KX_ROLES_ON_DEMAND) { /* nobody waits for what they do */
        kx_keeper_end_converters(keeper);
        kx_keeper_end_kerberos(keeper);
    }
    struct timeval tv = {STOP_SECONDS, 0};
    event_add(keeper->stop_timer, &tv);
}

void kx_keeper_stop_next(KxKeeper *keeper)
{
    if (!keeper->stopping)
        return;
    while (keeper->stop_stage < G_N_ELEMENTS(stop_order) &&
           kx_keeper_all_down(keeper, stop_order[keeper->stop_stage])) {
        if (++keeper->stop_stage < G_N_ELEMENTS(stop_order))
            send_stop(keeper, stop_order[keeper->stop_stage]);
    }
    if (keeper->stop_stage == G_N_ELEMENTS(stop_order) && !kx_keeper_hook_runs(keeper))
        event_base_loopbreak(keeper->base);
}

static void on_stop(evutil_socket_t fd, short what, void *data)
{
    KxKeeper *keeper = data;
    if (keeper->stopping)
        return;
    keeper->stopping = TRUE;
    tell_systemd(keeper, "STOPPING=1");
    send_stop(keeper, stop_order[0]);
    kx_keeper_stop_next(keeper);
}

static void on_child(evutil_socket_t fd, short what, void *data)
{
    KxKeeper *keeper = data;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        kx_keeper_hook_ended(keeper, pid, status);
        for (guint i = 0; i < keeper->children->len; i++) {
            KxChild *child = keeper->children->pdata[i];
            if (child->pid == pid)
                kx_child_ended(child, status);
        }
    }
    kx_keeper_stop_next(keeper);
}

/* ---- life ---- */

static void add_child(KxKeeper *keeper, KxRole role, guint index)
{
    KxChild *child = g_new0(KxChild, 1);
    child->keeper = keeper;
    child->role = role;
    child->index = index;
    g_ptr_array_add(keeper->children, child);
}

static struct event *on_signal(KxKeeper *keeper, int number, event_callback_fn func)
{
    struct event *event = evsignal_new(keeper->base, number, func, keeper);
    event_add(event, NULL);
    return event;
}

static gboolean prepare(KxKeeper *keeper)
{
    keeper->program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    keeper->counts = make_counts();
    keeper->control = make_control();
    keeper->journal = make_journal();
    const char *notify = g_getenv("NOTIFY_SOCKET");
    keeper->notify_socket = notify ? connect_datagram(notify) : -1;
    randombytes_buf(keeper->ticket_seal, sizeof keeper->ticket_seal);
    randombytes_buf(keeper->tls_tickets, sizeof keeper->tls_tickets);
    if (keeper->program < 0 || keeper->counts < 0 || keeper->control < 0 || keeper->journal < 0) {
        g_printerr("keryx: cannot prepare the roles: %s\n", g_strerror(errno));
        return FALSE;
    }
    /* It holds the keys of the certificates. */
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

static void keeper_free(KxKeeper *keeper)
{
    g_ptr_array_unref(keeper->children);
    g_ptr_array_unref(keeper->bound);
    g_ptr_array_unref(keeper->notes);
    g_ptr_array_unref(keeper->errors);
    kx_keeper_hooks_clear(keeper);
    struct event *events[] = {keeper->sigterm, keeper->sigint,     keeper->sigchld,
                              keeper->sighup,  keeper->stop_timer, keeper->tickets_timer};
    for (guint i = 0; i < G_N_ELEMENTS(events); i++)
        if (events[i])
            event_free(events[i]);
    event_base_free(keeper->base);
    int fds[] = {keeper->program, keeper->counts, keeper->control, keeper->journal,
                 keeper->notify_socket};
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    explicit_bzero(keeper->ticket_seal, sizeof keeper->ticket_seal);
    explicit_bzero(keeper->tls_tickets, sizeof keeper->tls_tickets);
    g_free(keeper);
}

static void on_nothing(evutil_socket_t fd, short what, void *data)
{
}

int kx_keeper_run(guint edges, GPtrArray *notes)
{
    KxKeeper *keeper = g_new0(KxKeeper, 1);
    keeper->base = event_base_new();
    keeper->children = g_ptr_array_new_with_free_func(kx_child_free);
    keeper->bound = g_ptr_array_new_with_free_func(kx_bound_free);
    keeper->notes = g_ptr_array_ref(notes);
    keeper->errors = g_ptr_array_new_with_free_func(g_free);
    if (!prepare(keeper)) {
        keeper_free(keeper);
        return 1;
    }
    keeper->sigterm = on_signal(keeper, SIGTERM, on_stop);
    keeper->sigint = on_signal(keeper, SIGINT, on_stop);
    keeper->sigchld = on_signal(keeper, SIGCHLD, on_child);
    keeper->sighup = on_signal(keeper, SIGHUP, on_nothing);
    signal(SIGPIPE, SIG_IGN);
    keeper->stop_timer = event_new(keeper->base, -1, 0, kill_stage, keeper);
    kx_keeper_hooks_init(keeper);
    keeper->tickets_timer = event_new(keeper->base, -1, EV_PERSIST, on_tickets_timer, keeper);
    struct timeval tickets = {TICKETS_HOURS * 3600, 0};
    event_add(keeper->tickets_timer, &tickets);
    add_child(keeper, KX_ROLE_CORE, 0);
    add_child(keeper, KX_ROLE_COURIER, 0);
    add_child(keeper, KX_ROLE_KERBEROS, 0);
    for (guint i = 0; i < KX_CONVERTERS_MAX; i++)
        add_child(keeper, KX_ROLE_CONVERT, i);
    for (guint i = 0; i < edges; i++)
        add_child(keeper, KX_ROLE_EDGE, i);
    for (guint i = 0; i < keeper->children->len; i++) {
        KxChild *child = keeper->children->pdata[i];
        if (!(child->role & KX_ROLES_ON_DEMAND))
            kx_child_start(child);
    }
    event_base_dispatch(keeper->base);
    int status = keeper->status;
    unlink(KX_PATH_CONTROL);
    keeper_free(keeper);
    return status;
}

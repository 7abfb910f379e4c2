/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kerberos role's process: it has the keys of the host (kerberos/gss.h, kerberos/realm.h). All
 * its threads wait for the same descriptors, of which each wakes one of them, once: so an exchange
 * is in one thread at a time, and one that waits for a KDC holds up nobody. It ends when the keeper
 * or the core does.
 */
#include <errno.h>
#include <netdb.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/lock.h"
#include "ipc/channel.h"
#include "kerberos/gss.h"
#include "kerberos/libraries.h"
#include "kerberos/realm.h"
#include "server/roles.h"
#include "server/sandbox.h"

enum {
    THREADS = 32,
    NICE = 5, /* a password costs tens of milliseconds of a processor: mail goes first */
    EXCHANGES_MAX = 2048, /* at a time; each is a client that signs in */
};

typedef struct Source Source;

/* Where messages come from. */
struct Source {
    int fd;
    KxRole from;
    void (*take)(Source *source, KxMessage *message); /* and waits for the next, or drops it */
    KxGss *gss;                                       /* NULL: it is no exchange */
};

static int epoll = -1;  /* set before there are threads */
static KxMutex handing; /* a source over: who is woken by it has it when the other has let go */
static gint exchanges;  /* atomic */

static void wait_for(Source *source, int how)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = source};
    kx_mutex_lock(&handing);
    if (epoll_ctl(epoll, how, source->fd, &event) < 0)
        _exit(1);
    kx_mutex_unlock(&handing);
}

static void add_source(const Source *source)
{
    wait_for(g_memdup2(source, sizeof *source), EPOLL_CTL_ADD);
}

static int take_fd(KxMessage *message)
{
    int fd = message->fd;
    message->fd = -1;
    return fd;
}

/* ---- an exchange ---- */

static void end_exchange(Source *source)
{
    close(source->fd);
    kx_gss_free(source->gss);
    g_free(source);
    g_atomic_int_add(&exchanges, -1);
}

static void take_token(Source *source, KxMessage *message)
{
    KxMsgGssAnswer answer = {.state = KX_GSS_FAILED};
    if (message->type == KX_MSG_GSS_TOKEN)
        kx_gss_step(source->gss, message->GSS_TOKEN.token, &answer);
    gboolean sent = kx_channel_send(source->fd, KX_MSG_GSS_ANSWER, 0, &answer, -1);
    if (sent && answer.state == KX_GSS_CONTINUE)
        wait_for(source, EPOLL_CTL_MOD);
    else
        end_exchange(source);
}

/* One too many is closed with the message. */
static void begin_exchange(KxMessage *message)
{
    const KxMsgGssTask *task = &message->GSS_TASK;
    gboolean room = g_atomic_int_add(&exchanges, 1) < EXCHANGES_MAX;
    if (!room || task->mechanism > KX_GSS_NTLM) {
        g_atomic_int_add(&exchanges, -1);
        return;
    }
    KxGss *gss = kx_gss_new((KxGssMechanism)task->mechanism, task->ntlm != 0);
    add_source(&(Source){take_fd(message), KX_ROLE_CORE, take_token, gss});
}

/* ---- a password ---- */

static void tell_found(gpointer data, const char *about, gboolean good, const char *text)
{
    const KxMessage *message = data;
    kx_channel_send(message->fd, KX_MSG_KERBEROS_FOUND, 0, &(KxMsgKerberosFound){about, good, text},
                    -1);
}

static void check_password(KxMessage *message)
{
    const KxMsgKerberosCheck *task = &message->KERBEROS_CHECK;
    g_autofree char *text = NULL;
    KxKerberosState state =
        task->examine
            ? kx_realm_examine(task->realm, task->name, task->password, tell_found, message, &text)
            : kx_realm_check(task->realm, task->name, task->password, &text);
    kx_channel_send(message->fd, KX_MSG_KERBEROS_CHECKED, 0, &(KxMsgKerberosChecked){state, text},
                    -1);
}

/* ---- the core and the keeper ---- */

static void take_task(Source *source, KxMessage *message)
{
    wait_for(source, EPOLL_CTL_MOD); /* others go on while this takes its time */
    if (message->type == KX_MSG_GSS_TASK)
        begin_exchange(message);
    else if (message->type == KX_MSG_KERBEROS_CHECK)
        check_password(message);
}

static void take_word(Source *source, KxMessage *message)
{
    wait_for(source, EPOLL_CTL_MOD);
    if (message->type == KX_MSG_PEER)
        add_source(&(Source){take_fd(message), KX_ROLE_CORE, take_task, NULL});
}

/* ---- threads ---- */

static void serve(Source *source, char *buffer)
{
    KxMessage message;
    KxReceived got =
        kx_channel_receive(source->fd, source->from, KX_ROLE_KERBEROS, buffer, &message, NULL);
    if (got == KX_RECEIVED) {
        source->take(source, &message);
        if (message.fd >= 0)
            close(message.fd);
        explicit_bzero(buffer, KX_MESSAGE_MAX);
    } else if (source->gss) {
        end_exchange(source);
    } else {
        _exit(0); /* nobody is left who wants something */
    }
}

static gpointer work(gpointer data G_GNUC_UNUSED)
{
    char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    for (;;) {
        struct epoll_event event;
        int n = epoll_wait(epoll, &event, 1, -1);
        kx_mutex_lock(&handing);
        kx_mutex_unlock(&handing);
        if (n == 1)
            serve(event.data.ptr, buffer);
        else if (n < 0 && errno != EINTR)
            _exit(1);
    }
    return NULL;
}

/* ---- start ---- */

/* Libraries that the libraries open, and tables that the C library reads, are there from now on. */
static void warm_up(void)
{
    struct addrinfo *found = NULL;
    kx_gss_warm_up();
    kx_realm_warm_up();
    if (getaddrinfo("localhost", "88", NULL, &found) == 0)
        freeaddrinfo(found);
}

int kx_role_kerberos_main(void)
{
    KxSandbox sandbox;
    g_autoptr(GError) error = NULL;
    if (!kx_kerberos_open_libraries(&error) || !kx_realm_configure(&error)) {
        g_printerr("keryx kerberos: %s\n", error->message);
        return 1;
    }
    warm_up();
    setpriority(PRIO_PROCESS, 0, NICE);
    if (!kx_sandbox_enter(KX_ROLE_KERBEROS, &sandbox, &error)) {
        g_printerr("keryx kerberos: %s\n", error->message);
        return 1;
    }
    kx_mutex_init(&handing);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    add_source(&(Source){KX_FD_KEEPER, KX_ROLE_KEEPER, take_word, NULL});
    for (guint i = 1; i < THREADS; i++)
        g_thread_unref(g_thread_new("kerberos", work, NULL));
    KxMsgRoleReady ready = {sandbox.landlock, sandbox.seccomp};
    if (!kx_channel_send(KX_FD_KEEPER, KX_MSG_ROLE_READY, 0, &ready, -1))
        return 1;
    work(NULL);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the keeper. One thread, one loop. */
#pragma once

#include <event2/event.h>
#include <sys/types.h>

#include "ipc/link.h"
#include "ipc/service.h"
#include "server/keeper.h"

typedef struct KxKeeper KxKeeper;

/* Programs of one kind run one after the other. */
typedef enum { KX_HOOKS_LINE, KX_HOOKS_DNS, KX_HOOK_KINDS } KxHookKind;

typedef struct {
    pid_t pid;           /* 0: none runs */
    KxHook hook;         /* which it is */
    gboolean late;       /* it was killed */
    struct event *timer; /* it takes too long */
} KxHookRun;

typedef enum { KX_STATE_DOWN, KX_STATE_STARTING, KX_STATE_RUNNING } KxRoleState;

/* One process. */
typedef struct {
    KxKeeper *keeper;
    KxRole role;
    guint index;
    pid_t pid; /* 0: not running */
    KxLink *link;
    KxRoleState state;
    guint restarts;
    gboolean worked;    /* it has come up since it was started last */
    guint quick_deaths; /* in a row; decides the pause before the next start */
    gint64 started;     /* monotonic microseconds */
    guint landlock, seccomp;
    struct event *timer; /* next start; of a converter: when it has worked for too long */
    gboolean wanted;     /* of a converter: start it again when it has ended */
} KxChild;

/* A socket that is bound, or is to be. */
typedef struct {
    KxServiceId service;
    char *address;
    guint port;
    int fd;          /* -1: not yet */
    gboolean wanted; /* asked for since the last LISTEN_END */
} KxBound;

struct KxKeeper {
    struct event_base *base;
    int program; /* descriptor of our own executable */
    int counts;  /* memory shared by the edges */
    int control; /* listening socket of the command line */
    int journal; /* socket to journald or /dev/null */
    guint8 ticket_seal[32];
    guint8 tls_tickets[80];
    GPtrArray *children; /* KxChild: core, courier, kerberos, converters, then the edges */
    GPtrArray *bound;    /* KxBound */
    guint32 running;     /* services the core wants to run, a bit each */
    GPtrArray *errors;   /* char *: Error lines for the core once it is there */
    GPtrArray *notes;    /* char *: Warning lines for the core once it is there */
    struct event *sigterm, *sigint, *sigchld, *sighup;
    struct event *stop_timer;
    KxHookRun hooks[KX_HOOK_KINDS];
    gboolean line_up;            /* the core wants it up, or had it up */
    struct event *tickets_timer; /* new keys for TLS session tickets */
    int notify_socket;           /* systemd's, or -1 */
    gboolean listening;          /* the core has said all it wants */
    gboolean announced;          /* 'ready' was printed */
    gboolean stopping;
    guint stop_stage; /* role set that is being stopped */
    int status;       /* exit status */
};

/* keeper-children.c */
/* Roles that are there only while the core wants them. */
enum { KX_ROLES_ON_DEMAND = KX_ROLE_CONVERT | KX_ROLE_KERBEROS };
KxChild *kx_keeper_child(KxKeeper *keeper, KxRole role, guint index);
void kx_child_start(KxChild *child); /* and again later if that fails */
gboolean kx_child_try(KxChild *child, GError **error);
void kx_child_report(KxChild *child, int wait_status, const char *then); /* to the Error log */
void kx_child_ended(KxChild *child, int wait_status);
void kx_keeper_tell_state(KxKeeper *keeper, const KxChild *child);
gboolean kx_keeper_all_down(KxKeeper *keeper, guint roles);
void kx_child_free(gpointer child);

/* keeper-listen.c: requests of the core, and sockets for an edge that came up */
void kx_keeper_listen(KxKeeper *keeper, const KxMsgListen *listen);
void kx_keeper_unlisten(KxKeeper *keeper, KxServiceId service);
void kx_keeper_listen_start(KxKeeper *keeper); /* a new core begins to say what it wants */
void kx_keeper_listen_end(KxKeeper *keeper, guint services);
void kx_keeper_send_listeners(KxKeeper *keeper, KxLink *edge);
void kx_bound_free(gpointer bound);

/* keeper-convert.c: processes that run only while the core has something to convert */
void kx_keeper_converter(KxKeeper *keeper, const KxMsgConverter *message);
void kx_keeper_converter_ended(KxChild *child, int wait_status);
void kx_keeper_end_converters(KxKeeper *keeper);

/* keeper-kerberos.c: the process with the keys of the host, from when the core wants it */
void kx_keeper_kerberos(KxKeeper *keeper);
void kx_keeper_kerberos_ended(KxChild *child, int wait_status);
void kx_keeper_end_kerberos(KxKeeper *keeper);

/* keeper-pam.c: connects the core with the helper that asks PAM */
void kx_keeper_pam(const KxMessage *message);

/* keeper-hook.c: programs that bring the line up and down, and change DNS records */
void kx_keeper_hooks_init(KxKeeper *keeper);
void kx_keeper_hooks_clear(KxKeeper *keeper);
void kx_keeper_hook(KxKeeper *keeper, const KxMsgHook *message);
void kx_keeper_hook_ended(KxKeeper *keeper, pid_t pid, int wait_status); /* if it was one */
void kx_keeper_hook_core_ended(KxKeeper *keeper);
gboolean kx_keeper_hook_runs(const KxKeeper *keeper); /* any */

/* keeper-certs.c */
void kx_keeper_send_certificates(KxKeeper *keeper, KxLink *edge); /* NULL: to all */

/* keeper.c */
void kx_keeper_child_ready(KxKeeper *keeper, KxChild *child);
void kx_keeper_check_ready(KxKeeper *keeper);
void kx_keeper_stop_next(KxKeeper *keeper); /* goes on with stopping when a stage is done */

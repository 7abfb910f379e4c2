/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the core role's process. */
#pragma once

#include <event2/event.h>

#include "admin/api.h"
#include "admin/renewal.h"
#include "base/lock.h"
#include "core/core.h"
#include "core/ticket.h"
#include "core/workers.h"
#include "ipc/link.h"
#include "net/edge.h"

/* A service as the core sees it. */
typedef struct {
    gboolean running; /* wanted by startup or by an administrator */
    guint listening;  /* sockets the keeper has bound */
    char *error;      /* why one could not be bound, or NULL */
    char *listen;     /* what was asked for: "*:25, 192.0.2.1:25" */
} KxServiceState;

typedef struct {
    guint pid, state, restarts, landlock, seccomp;
    gboolean known;
} KxRoleInfo;

typedef struct KxCoreProcess {
    struct event_base *base;
    KxCore core;
    KxWorkers *workers;
    KxControl *control;
    KxServerHooks hooks;
    KxApi *api;
    const KxEdgeCounts *counts;
    gint64 started; /* Unix seconds */
    struct event *tick;
    struct {
        KxMutex lock; /* of what follows */
        KxCond ended;
        gboolean running, good, stopping;
        char *text; /* how the last one ended */
    } dns_hook;
    KxMutex telling;      /* one tells the edges at a time: the last word they hear is the newest */
    guint provided;       /* kx_auth_provides() when they were told last; under `telling` */
    KxMutex courier_lock; /* of the next; held for moments only */
    int courier;          /* descriptor for syslog lines, -1 while there is none */
    KxMutex lock;         /* of what follows, and of sending to the keeper */
    KxLink *keeper;
    int keeper_fd; /* the same channel, for threads */
    KxLink *courier_link;
    KxServiceState services[KX_SERVICE_COUNT];
    KxRoleInfo core_info, courier_info, kerberos_info, converters[KX_CONVERTERS_MAX],
        edges[KX_EDGES_MAX];
    guint kerberos_pid; /* of the last there was: what it has connected may outlive it */
    gboolean started_services;
    struct {
        guint32 known, running; /* services of the core before this one (SERVICES) */
    } inherited;
    gboolean stopping;
} KxCoreProcess;

/* core-services.c */
void kx_core_services_start(KxCoreProcess *process); /* asks the keeper for all sockets */
void kx_core_services_settings(KxCoreProcess *process, KxSettings *settings); /* after a change */
void kx_core_service_listening(KxCoreProcess *process, const KxMsgListening *message);
gboolean kx_core_service_action(gpointer process, KxServiceId service, KxServiceAction action,
                                GError **error);
void kx_core_send_access(KxCoreProcess *process);   /* as it is now, to all edges */
void kx_core_check_sign_in(KxCoreProcess *process); /* what is offered may have changed */

/* core-logs.c */
/* Packs and sends to the courier if there is one, without waiting. */
void kx_core_tell_courier(KxCoreProcess *process, KxMessageType type, const void *body);
/* A task for it; waits while it is busy. FALSE: there is none. */
gboolean kx_core_send_courier(gpointer process, KxMessageType type, guint32 session,
                              const void *body, int fd);
void kx_core_log_sink(gpointer process, const KxLogRecord *record);

/* core-renewal.c */
void kx_core_renewal_start(KxCoreProcess *process);
void kx_core_renewal_stop(KxCoreProcess *process);
void kx_core_dns_hook_ended(KxCoreProcess *process, const KxMsgHookEnded *message);

/* core-status.c */
json_t *kx_core_status(gpointer process);

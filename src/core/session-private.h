/* SPDX-License-Identifier: Apache-2.0 */
/* A session as the files of the core see it. */
#pragma once

#include "base/buf.h"
#include "core/session.h"
#include "core/ticket.h"
#include "core/workers.h"

typedef struct KxEdgeChannel {
    KxWorkers *workers;
    guint index;
    int fd;
    gint threads;          /* atomic: still running; the last one cleans up */
    GMutex lock;           /* of the table */
    GHashTable *sessions;  /* id -> KxSession, one reference each */
} KxEdgeChannel;

struct KxWorkers {
    KxCore *core;
    const KxHandler *const *handlers;
    guint8 key[KX_TICKET_KEY];
    KxEdgeMessage other;
    gpointer data;
    GMutex lock;            /* of what follows */
    GCond idle;             /* a channel ended */
    KxEdgeChannel *edges[64];
    guint channels;         /* alive, replaced ones too */
    GAsyncQueue *poked;     /* KxSession *, with a reference; the workers themselves mean: end */
    GThread *notifier;
};

struct KxSession {
    gatomicrefcount refs;
    KxEdgeChannel *channel;
    guint32 id;
    const KxHandler *handler;
    KxServiceId service_id;
    gint64 since;
    gboolean secure;
    guint local_port, remote_port;
    char *local_ip, *remote_ip, *tls;

    GMutex lock;            /* held while a handler runs: everything below belongs to its holder */
    gint closing;           /* atomic: the client is gone */
    gint poked;             /* atomic: notify() is due */
    gboolean closed;        /* the handler's close() was called */
    KxUser *user;
    char *login;
    struct KxSasl *sasl;    /* exchange in progress */
    gboolean auth_failed;
    gpointer data;
    KxSettings *settings;   /* of the message in progress */
    GBytes *state;          /* for the next ticket */
    gboolean state_changed;
    gboolean requested;     /* a request is to be answered */
    gboolean pushing;       /* output goes out as PUSH */
    KxBuf out;
    size_t sent;            /* bytes in this window */
    KxCursorStep step;
    gpointer cursor;
    GDestroyNotify cursor_free;
};

KxSession *kx_session_new(KxEdgeChannel *channel, guint32 id, const KxMsgSessionOpen *open);
KxSession *kx_session_ref(KxSession *session);
void kx_session_unref(KxSession *session);

/* All with the session's lock held. */
void kx_session_send(KxSession *session, KxMessageType type, const void *body);
void kx_session_flush(KxSession *session, guint flags, guint code); /* sends output as REPLY or PUSH */
void kx_session_run_cursor(KxSession *session);
void kx_session_drop_cursor(KxSession *session);
void kx_session_end(KxSession *session); /* calls close() once */
void kx_session_set_user(KxSession *session, KxUser *user);
size_t kx_session_ticket(KxSession *session, char out[static KX_TICKET_MAX]); /* 0: none due */

/* sasl.c: a step of the exchange; answers it. */
void kx_sasl_step(KxSession *session, const KxMsgSasl *message);
void kx_sasl_free(struct KxSasl *sasl);

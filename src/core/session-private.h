/* SPDX-License-Identifier: Apache-2.0 */
/* A session as the files of the core see it. */
#pragma once

#include "base/buf.h"
#include "base/lock.h"
#include "core/checkers.h"
#include "core/session.h"
#include "core/ticket.h"
#include "core/workers.h"

/* An edge's channel. Its threads own one reference together, each session one more: whoever can
 * still send has a descriptor that is this channel and no other. */
typedef struct KxEdgeChannel {
    gint refs; /* atomic */
    KxWorkers *workers;
    guint index;
    int fd;
    gint threads;         /* atomic: still running; the last one ends the sessions */
    KxMutex lock;         /* of the table */
    GHashTable *sessions; /* id -> KxSession, one reference each */
} KxEdgeChannel;

KxEdgeChannel *kx_edge_channel_ref(KxEdgeChannel *channel);
void kx_edge_channel_unref(KxEdgeChannel *channel);

/* Threads that notify: a session may have to read from the disk for what it tells. */
enum { KX_NOTIFIERS = 4 };

/* Sessions that were poked, for the threads that notify them. */
typedef struct {
    KxMutex lock;
    KxCond some;
    GQueue sessions; /* KxSession *, with a reference */
    gboolean end;
} KxPoked;

void kx_poked_push(KxPoked *poked, KxSession *session); /* takes the reference */

struct KxWorkers {
    KxCore *core;
    const KxHandler *const *handlers;
    guint8 key[KX_TICKET_KEY];
    KxEdgeMessage other;
    gpointer data;
    KxMutex lock; /* of what follows */
    KxCond idle;  /* a channel ended */
    KxEdgeChannel *edges[64];
    guint channels; /* with threads, replaced ones too */
    KxPoked poked;
    GThread *notifiers[KX_NOTIFIERS];
    KxCheckers *checkers;  /* of password hashes, */
    KxCheckers *askers;    /* and of directories elsewhere */
    KxRecentLogins *known; /* "account network": who has signed in from where */
};

struct KxSession {
    gint refs; /* atomic */
    KxEdgeChannel *channel;
    guint32 id;
    const KxHandler *handler;
    KxServiceId service_id;
    gint64 since;
    gboolean secure;
    char *local_ip, *remote_ip;

    KxMutex lock;    /* held while a handler runs: everything below belongs to its holder */
    gint closing;    /* atomic: the client is gone */
    gint poked;      /* atomic: notify() is due */
    gint missed;     /* atomic: and could not be called, for the session was busy */
    gboolean closed; /* the handler's close() was called */
    KxUser *user;
    gint64 issued; /* secret that it was opened with (directory/issued.h); 0: another */
    char *login;
    struct KxSasl *sasl; /* exchange in progress */
    gboolean auth_failed;
    gpointer data;
    KxSettings *settings; /* of the message in progress */
    GBytes *state;        /* for the next ticket */
    gboolean state_changed;
    gboolean checking;  /* the request in progress waits for a checker, or has one */
    gboolean requested; /* a request is to be answered */
    gboolean pushing;   /* output goes out as PUSH */
    KxBuf out;
    size_t sent;    /* bytes in this window */
    size_t pushed;  /* bytes nobody asked for, of which the client may not have read any */
    gboolean asked; /* the edge will say when it has */
    KxCursorStep step;
    gpointer cursor;
    GDestroyNotify cursor_free;
};

KxSession *kx_session_new(KxEdgeChannel *channel, guint32 id, const KxMsgSessionOpen *open);
KxSession *kx_session_ref(KxSession *session);
void kx_session_unref(KxSession *session);

/* All with the session's lock held. */
void kx_session_send(KxSession *session, KxMessageType type, const void *body);
void kx_session_flush(KxSession *session, guint flags,
                      guint code); /* sends output as REPLY or PUSH */
void kx_session_run_cursor(KxSession *session);
void kx_session_drop_cursor(KxSession *session);
void kx_session_end(KxSession *session); /* calls close() once */
void kx_session_set_user(KxSession *session, KxUser *user, gint64 issued);
size_t kx_session_ticket(KxSession *session, char out[static KX_TICKET_MAX]); /* 0: none due */

/* sasl.c: a step of the exchange; answers it. */
void kx_sasl_step(KxSession *session, const KxMsgSasl *message);
/* The password that the session waits for is checked now; answers the step. */
void kx_sasl_check(KxSession *session);
void kx_sasl_free(struct KxSasl *sasl);

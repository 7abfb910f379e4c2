/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker threads of the core. Each edge's channel has its own set: every thread receives from
 * the channel itself, one complete request each, and answers on it; there is no dispatcher between.
 * One more thread runs the notifications of sessions that were poked.
 */
#pragma once

#include "core/session.h"

typedef struct KxWorkers KxWorkers;

/* Messages from an edge that are not about a session. */
typedef void (*KxEdgeMessage)(gpointer data, guint edge, const KxMessage *message);

/* `handlers` has an entry for each KxProtocolId; `key` seals tickets (KX_TICKET_KEY bytes). */
KxWorkers *kx_workers_new(KxCore *core, const KxHandler *const *handlers, const guint8 *key,
                          KxEdgeMessage other, gpointer data);

/* Serves an edge on this channel; replaces the edge's former one, whose sessions end. */
void kx_workers_add_edge(KxWorkers *workers, guint index, int fd);

/* Sends to all edges (settings, access). */
void kx_workers_broadcast(KxWorkers *workers, KxMessageType type, const void *body);

/* Pokes every session: something changed that any of them may tell its client (settings). */
void kx_workers_poke(KxWorkers *workers);

/* Finishes the requests in progress, ends all sessions and threads. */
void kx_workers_free(KxWorkers *workers);

/* For `keryx status`: one line for each session is a service, an address and a login. */
typedef struct {
    KxServiceId service;
    char *remote_ip;
    char *login;  /* NULL before sign-in */
    gint64 since; /* Unix seconds */
} KxSessionInfo;
GPtrArray *kx_workers_sessions(KxWorkers *workers); /* of KxSessionInfo */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge role: accepts clients, keeps their sockets and TLS, and carries requests to the core. It
 * has no files, opens nothing and connects to nothing; everything comes over the keeper's channel.
 */
#pragma once

#include <event2/event.h>

#include "net/conn.h"

typedef struct KxEdge KxEdge;

/* Connections by edge and service, in memory that all edges share, so that limits hold over all of
 * them. */
enum { KX_EDGES_MAX = 64 };
typedef struct {
    guint32 count[KX_EDGES_MAX][KX_SERVICE_COUNT]; /* atomic; each edge writes its own row */
} KxEdgeCounts;

/* `keeper` is the channel to the keeper; `protocols` has an entry for each KxProtocolId. Both
 * taken. */
KxEdge *kx_edge_new(struct event_base *base, guint index, int keeper,
                    const KxProtocol *const *protocols, KxEdgeCounts *counts);
void kx_edge_free(KxEdge *edge);

/* Tells the keeper that the role is in its sandbox. */
void kx_edge_ready(KxEdge *edge, guint landlock, guint seccomp);

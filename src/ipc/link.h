/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel in an event loop: receives messages as they come, and queues what the peer cannot take
 * yet. One thread. The queue is bounded by what callers have outstanding, not here.
 */
#pragma once

#include <event2/event.h>

#include "ipc/channel.h"

typedef struct KxLink KxLink;

typedef struct {
    void (*message)(gpointer data, KxLink *link,
                    KxMessage *message); /* own message->fd by setting it to -1 */
    void (*closed)(gpointer data, KxLink *link,
                   const GError *error); /* gone (error NULL) or dropped, said
                                            once; the owner frees the link */
} KxLinkCallbacks;

/* Takes the descriptor and makes it non-blocking. `self` is this process's role, `peer` the
 * other's. */
KxLink *kx_link_new(struct event_base *base, int fd, KxRole self, KxRole peer,
                    const KxLinkCallbacks *callbacks, gpointer data);
void kx_link_free(KxLink *link);

/* A descriptor to pass is duplicated: the caller keeps its own. */
void kx_link_send(KxLink *link, KxMessageType type, guint32 session, const void *body, int pass_fd);
/* A message packed before. */
void kx_link_send_bytes(KxLink *link, const void *bytes, size_t len);
size_t kx_link_queued(KxLink *link); /* bytes waiting to be sent */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxLink, kx_link_free)

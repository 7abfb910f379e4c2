/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue for administrators: what is in it and what is being done (STAT-04, STAT-07), and
 * steering it (STAT-05, TECH-32).
 *
 * Threads: from any thread.
 */
#pragma once

#include "flow/queue.h"

typedef enum { /* STAT-08 */
               KX_QUEUE_WAITING,
               KX_QUEUE_HELD,
               KX_QUEUE_EXECUTING, /* looking up hosts, connecting */
               KX_QUEUE_LOCAL_DELIVERY,
               KX_QUEUE_SMTP_DELIVERY,
               KX_QUEUE_TERMINATING,
} KxQueueState;

/* "waiting", "held", "executing", "local delivery", "SMTP delivery", "terminating" */
const char *kx_queue_state_word(KxQueueState state);

typedef struct {
    KxEnvelope *envelope;
    KxQueueState state;
    gboolean untimed; /* it waits for a connection, a schedule or ETRN, not for a time */
    char *server;     /* that is being talked to, or NULL */
    guint percent;    /* of the content that it has */
} KxQueueItem;

/* What is looked for; 0 and NULL do not count. Texts match in any case; those of addresses and
 * domains may hold * and ?, the subject is sought anywhere in that of the message. */
typedef struct {
    const char *sender, *recipient, *domain, *subject;
    const char *state; /* a word for a KxQueueState */
    gint64 older_than; /* seconds */
    guint64 larger_than;
} KxQueueFilter;

/* KX_ERR_INVALID: there is no such state. */
gboolean kx_queue_filter_check(const KxQueueFilter *filter, GError **error);
/* Each by ID, which is gone when `visit` returns; `filter` NULL: all. */
typedef void (*KxQueueVisit)(const KxQueueItem *item, gpointer data);
void kx_queue_each(KxQueue *queue, const KxQueueFilter *filter, KxQueueVisit visit, gpointer data);
/* Their IDs (char *). */
GPtrArray *kx_queue_find(KxQueue *queue, const KxQueueFilter *filter);
KxQueueItem *kx_queue_item(KxQueue *queue, const char *id, GError **error); /* KX_ERR_NOT_FOUND */
void kx_queue_item_free(KxQueueItem *item);
/* Of the message; to be freed. */
char *kx_queue_subject(const KxEnvelope *envelope);

/* A delivery on its way. */
typedef struct {
    char *id, *sender, *to;
    guint64 size;
    KxQueueState state;
    char *server; /* or NULL */
    gint64 since; /* Unix seconds */
    guint percent;
} KxQueueDelivery;

GPtrArray *kx_queue_deliveries(KxQueue *queue); /* of KxQueueDelivery, by ID */

typedef enum {
    KX_QUEUE_RETRY = 1, /* now, whatever the times and the connection */
    KX_QUEUE_HOLD,      /* until it is released nothing happens to it */
    KX_QUEUE_FREE,      /* tried at once; its time in the queue begins anew */
    KX_QUEUE_REMOVE,    /* nobody is told */
    KX_QUEUE_BOUNCE,    /* the sender is told as of any failure */
} KxQueueAction;

/* Writes the Config log. What is being delivered is held or removed when that is over and something
 * of it is left: `*ret_later`, which may be NULL, says so. KX_ERR_NOT_FOUND; KX_ERR_INVALID: it is
 * held and cannot be tried. */
gboolean kx_queue_steer(KxQueue *queue, const char *admin, const char *id, KxQueueAction action,
                        gboolean *ret_later, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxQueueItem, kx_queue_item_free)

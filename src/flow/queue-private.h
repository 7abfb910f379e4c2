/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the queue. */
#pragma once

#include <pthread.h>

#include "flow/queue.h"

#define KX_QUEUE_DIR "store/queue"

typedef struct {
    char id[KX_QUEUE_ID_SIZE];
    gint64 due;    /* when to try mailboxes here again; G_MAXINT64: there are none */
    gboolean busy; /* somebody works on the files */
} KxQueueEntry;

struct KxQueue {
    KxStore *store;
    KxDirectory *directory;
    KxLogger *logger;

    pthread_mutex_t id_lock;
    guint32 next_id;
    guint32 ids_left; /* of those reserved in the counter file */

    pthread_mutex_t lock; /* of what follows */
    GHashTable *entries;  /* id -> KxQueueEntry */
    pthread_cond_t changed;
    gboolean stopping;
    GThread *runner; /* NULL if not started */
};

/* ---- queue-files.c ---- */

char *kx_queue_path(const char *id, const char *suffix);
/* Writes the envelope beside the message and syncs both names. `incoming` brings the message, NULL:
 * it is there. */
gboolean kx_queue_write(const KxEnvelope *envelope, KxIncoming *incoming, GError **error);
KxEnvelope *kx_queue_read(const char *id, GError **error);
/* Message first: what is left after a crash is then an envelope without a message. */
gboolean kx_queue_delete(const char *id, GError **error);
void kx_queue_scan(KxQueue *queue); /* fills `entries` */
gboolean kx_queue_read_counter(KxQueue *queue, GError **error);

/* ---- queue.c ---- */

void kx_queue_put(KxQueue *queue,
                  const KxEnvelope *envelope); /* new or changed; not busy any more */
gboolean kx_queue_claim(KxQueue *queue, const char *id, GError **error);
void kx_queue_release(KxQueue *queue, const char *id, gboolean gone);

/* ---- queue-run.c ---- */

gpointer kx_queue_run(gpointer queue); /* the thread */

/* ---- deliver.c ---- */

/* Delivers to the accounts of all recipients whose duty is `duty` and sets it to done; for those
 * that fail, to queued, with the status. The first failure goes to *error; returns the number
 * delivered. */
guint kx_queue_deliver(KxQueue *queue, KxEnvelope *envelope, KxDuty duty, KxIncoming *incoming,
                       GError **error);
/* Sent line of the Mail log; what went wrong for now into the Error log, for good into the Security
 * log (LOG-38). */
void kx_queue_log_result(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt);
/* When to try again after so many attempts. */
gint64 kx_queue_next_try(KxQueue *queue, guint64 attempts, gint64 now);

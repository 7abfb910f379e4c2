/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue, and with it the way every message takes: mailboxes here are delivered to at once, what
 * has to go elsewhere or could not be delivered yet is kept in store/queue/ until it is: <id>.eml
 * the message, <id>.env its envelope (flow/envelope.h). A thread tries mailboxes again whose disk
 * or database failed.
 *
 * Nothing is acknowledged before it is durable. Of a pair, the message is there only while its
 * envelope is: an .env without .eml was never acknowledged or is done with, and goes at the next
 * start; anything else that makes no sense is moved to store/queue/bad/ with an Error line.
 *
 * Threads: all functions from any thread, except open, start and close. Paths are relative to the
 * data directory.
 */
#pragma once

#include "directory/directory.h"
#include "flow/envelope.h"
#include "ipc/message.h"
#include "store/incoming.h"

typedef struct KxQueue KxQueue;

/* How tasks reach the courier. `send` may wait for a moment; FALSE: there is no courier. Called
 * from the queue's thread. */
typedef struct {
    gboolean (*send)(gpointer data, KxMessageType type, guint32 session, const void *body, int fd);
    gpointer data;
} KxQueueCourier;

/* Reads what is there. The objects must outlive the queue. */
KxQueue *kx_queue_open(KxStore *store, KxDirectory *directory, KxLogger *logger, GError **error);
void kx_queue_start(KxQueue *queue); /* from here on the queue works by itself */
void kx_queue_stop(KxQueue *queue);  /* ends a try in progress, then the thread */
void kx_queue_close(KxQueue *queue); /* stops it first */

/* There is a courier, or with NULL none any more: what was on its way is tried again. */
void kx_queue_set_courier(KxQueue *queue, const KxQueueCourier *courier);
gboolean kx_queue_has_courier(KxQueue *queue);
/* The settings changed: what waited for a connection goes when there is one. */
void kx_queue_settings_changed(KxQueue *queue);
/* MAIL_RESULT and MAIL_END from it. */
void kx_queue_courier_message(KxQueue *queue, const KxMessage *message);

/* A new message has the queue sent although there is no connection (NET-06); one of a former run
 * that was not tried yet tells at once. Called from any thread, under a lock: it may not block nor
 * use the queue. */
typedef void (*KxQueueUrgent)(gpointer data);
void kx_queue_on_urgent(KxQueue *queue, KxQueueUrgent urgent, gpointer data); /* NULL: nobody */

/* A queue ID: the time in hex, and a counter that also goes on after a restart (LOG-33). */
gboolean kx_queue_new_id(KxQueue *queue, gint64 now, char out[static KX_QUEUE_ID_SIZE],
                         GError **error);

/*
 * Takes responsibility for a message: delivers to the accounts in the envelope (once to each,
 * however many addresses lead there), queues the rest, and writes the Mail log. The envelope's id,
 * created and everything known about the sender are the caller's to fill; size is set here.
 *
 * TRUE: every recipient has it or is in the queue, durably. FALSE: nobody else needs to have it,
 * the sender must try again: KX_ERR_OVERQUOTA if that is why, else KX_ERR_IO and the like.
 */
gboolean kx_queue_accept(KxQueue *queue, KxEnvelope *envelope, KxIncoming *incoming,
                         GError **error);

/* ---- for administrators: queue-steer.h says more ---- */

/* Tries all messages now, whatever the times and the connection (NET-03), but not those that are
 * held. Returns how many. */
guint kx_queue_run_now(KxQueue *queue);

/* It is a time to send (SCHED-04): tries all messages, but for those that wait for ETRN. */
guint kx_queue_run_scheduled(KxQueue *queue);
/* Whether messages are on their way, or are to be before others come. */
gboolean kx_queue_is_sending(KxQueue *queue);
/* The forward host of that domain (in the one form of its name) asks for its mail (ETRN-05).
 * Returns how many messages wait for it or are on their way. */
guint kx_queue_run_domain(KxQueue *queue, const char *domain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxQueue, kx_queue_close)

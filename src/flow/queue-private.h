/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the queue. One thread, the runner, works on the files of messages that wait: it tries
 * mailboxes here, hands tasks to the courier and takes their results. Others only add messages and
 * look; who wants to change one claims it first.
 */
#pragma once

#include <pthread.h>

#include "directory/hop.h"
#include "flow/queue-steer.h"
#include "flow/sign.h"
#include "ipc/message.h"

#define KX_QUEUE_DIR "store/queue"

typedef struct KxRoute KxRoute;

typedef enum {
    KX_ASKED_ALL = 1 << 0,      /* an administrator wants it tried, whatever holds it */
    KX_ASKED_SCHEDULE = 1 << 1, /* it is a time to send */
} KxAsked;

/* A message that waits. */
typedef struct {
    char id[KX_QUEUE_ID_SIZE];
    gint64 due;           /* when the runner is to look at it; G_MAXINT64: not by itself */
    gint64 release;       /* not before, unless it is asked for by its ID; Unix seconds */
    int priority;         /* of those due at the same time the more urgent first */
    gboolean busy;        /* somebody works on the files */
    guint shipments;      /* waiting for a route, or on their way */
    gboolean tried;       /* some of these were tried, not only put off */
    gint64 put_off_until; /* of those that were not */
    GPtrArray *domains;   /* of texts: those with forward hosts that it waits for; NULL: none */
    guint asked;          /* KxAsked: it may go now although it is held */
    GPtrArray *asked_for; /* of texts: the same of these domains; NULL: none */
    gboolean again;       /* that was said while somebody worked on it */
    gboolean held;        /* by an administrator */
    guint wish;           /* KxQueueAction to take when nobody works on it any more; 0: none */
    char *wish_by;        /* the administrator's name */
    KxQueueState state;   /* what is being done, while it is busy or has shipments */
    gint64 since;         /* Unix seconds */
    GHashTable *heads;    /* fields that were made to stand before it, "" for none, by what they
                           * depend on; NULL: being made. As long as the envelope is there */
    KxEnvelope *envelope; /* as the runner knows it, from its first task to its last; else NULL:
                           * what only waits takes little room, however long the queue */
} KxQueueEntry;

/* The recipients of a message that have the same next hop. */
typedef struct {
    char id[KX_QUEUE_ID_SIZE];
    KxRoute *route;
    int priority;
} KxShipment;

enum { KX_PRIORITIES = KX_PRIORITY_MOST - KX_PRIORITY_LEAST + 1 };

/* A next hop, as long as something waits for it or it is known to be down. */
struct KxRoute {
    char *key;
    KxHop hop;
    GQueue waiting[KX_PRIORITIES]; /* KxShipment, the most urgent first */
    guint n_waiting;
    gboolean ready;    /* in the queue of routes */
    guint on_way;      /* tasks */
    guint window;      /* how many there may be: grows with each success */
    gboolean seven;    /* its servers take no 8-bit content */
    gboolean proven;   /* some task succeeded, and none failed to reach a server since */
    gint64 down_until; /* Unix seconds: nothing is tried before */
    guint failures;    /* one after the other */
    char *down_status; /* why it is down */
    gint64 used;       /* Unix seconds: when it was last needed */
};

/* A shipment on its way. */
typedef struct {
    guint32 number;
    KxShipment *shipment;
    GArray *recipients;         /* guint: indexes in the envelope, in the order of the task's */
    gint64 since;               /* Unix seconds */
    gint64 begun;               /* monotonic, microseconds */
    const KxEnvelope *envelope; /* the entry's */
    gboolean seven;             /* in the form for servers that take no 8-bit content */
    gboolean preparing;         /* a thread makes its content; under the lock */
    /* for those who look */
    char *id, *sender, *to;
    guint64 size;
    guint phase, percent; /* KxMailPhase */
    /* results, as they come */
    GPtrArray *results; /* KxTaskResult by index of the task's recipients, or NULL */
    gboolean over;
    guint code;
    char *status, *host, *ip, *tls;
    gboolean reached, needs_7bit;
} KxTask;

typedef struct {
    guint code;
    char *status;
    guint peer; /* KxPeerFlags */
} KxTaskResult;

enum { KX_PREPARERS = 2 /* threads that make the content of tasks */ };

struct KxQueue {
    KxStore *store;
    KxDirectory *directory;
    KxLogger *logger;

    pthread_mutex_t id_lock;
    guint32 next_id;
    guint32 ids_left; /* of those reserved in the counter file */

    pthread_mutex_t lock; /* of what follows */
    GHashTable *entries;  /* id -> KxQueueEntry */
    GTree *by_due;        /* KxQueueEntry, those not busy, by due and id */
    pthread_cond_t changed;
    gboolean stopping;
    GThread *runner; /* NULL if not started */
    GThread *preparers[KX_PREPARERS];
    pthread_cond_t prepares;
    GQueue to_prepare; /* KxTask */
    KxDkimKeys *keys;

    KxQueueCourier courier; /* send NULL: there is none */
    KxQueueUrgent urgent;   /* NULL: nobody wants to know */
    gpointer urgent_data;
    gboolean urgent_waits; /* there is such a message, and nobody wanted to know yet */
    gboolean offline;      /* as the settings were when last looked at */
    GHashTable *routes;    /* key -> KxRoute */
    GQueue ready;          /* KxRoute with shipments that may go now, taken in turn */
    GHashTable *tasks;     /* number -> KxTask */
    GQueue over;           /* KxTask whose results are to be taken */
    guint32 next_task;
};

/* ---- queue-files.c ---- */

char *kx_queue_path(const char *id, const char *suffix);
/* Writes the envelope beside the message and syncs both names. `incoming` brings the message, NULL:
 * it is there. */
gboolean kx_queue_write(const KxEnvelope *envelope, KxIncoming *incoming, GError **error);
/* The same for what may be lost: when it is tried next, and why it waits. It is appended, so that a
 * power cut takes nothing but this. */
gboolean kx_queue_note(const KxEnvelope *envelope, GError **error);
/* The same of recipients that have it, by their places, while others are on their way. */
gboolean kx_queue_note_done(const char *id, const GArray *places, GError **error);
KxEnvelope *kx_queue_read(const char *id, GError **error);
/* The first `size` bytes of a message, for munmap(); NULL: it is shorter. */
char *kx_queue_map(int fd, guint64 size, GError **error);
/* Message first: what is left after a crash is then an envelope without a message. */
gboolean kx_queue_delete(const char *id, GError **error);
void kx_queue_scan(KxQueue *queue); /* fills `entries` */
gboolean kx_queue_read_counter(KxQueue *queue, GError **error);

/* ---- queue-entries.c: the table; all but put, claim and release with the lock held ---- */

void kx_queue_entries_init(KxQueue *queue);
void kx_queue_entries_clear(KxQueue *queue);
void kx_queue_put(KxQueue *queue,
                  const KxEnvelope *envelope); /* new or changed; not busy any more */
gboolean kx_queue_claim(KxQueue *queue, const char *id, GError **error);
void kx_queue_release(KxQueue *queue, const char *id, gboolean gone);
/* Takes the lock itself. */
void kx_queue_set_state(KxQueue *queue, const char *id, KxQueueState state);
/* An administrator wants it tried now; FALSE: it is held, or being tried. */
gboolean kx_queue_ask(KxQueue *queue, KxQueueEntry *entry);
/* The entry waits until then. */
void kx_queue_schedule(KxQueue *queue, KxQueueEntry *entry, gint64 due);
/* The first that is due, claimed; NULL: none before *ret_due. */
KxQueueEntry *kx_queue_next_due(KxQueue *queue, gint64 now, gint64 *ret_due);

/* ---- hold.c ---- */

/* The domains with a forward host among what is to be sent, NULL: none. */
GPtrArray *kx_hold_domains(KxQueue *queue, const KxEnvelope *envelope);
/* Whether mail for that hop goes now. With the lock held. */
gboolean kx_hold_may_go(const KxQueueEntry *entry, const KxHop *hop, gboolean online);
/* Whether anything of it goes by itself. */
gboolean kx_hold_any_goes(KxQueue *queue, const KxEnvelope *envelope);
void kx_hold_clear(KxQueueEntry *entry); /* what was asked for is begun. With the lock held. */
/* Whether the queue is to be sent for a new message with that content. */
gboolean kx_hold_is_urgent(KxQueue *queue, const KxEnvelope *envelope, KxIncoming *incoming);
void kx_hold_tell_urgent(KxQueue *queue);

/* ---- queue-steer.c ---- */

/* Does what was wished while the message was in use, if anything was; the entry is claimed. TRUE:
 * it was, and the entry is free or gone. */
gboolean kx_queue_take_wish(KxQueue *queue, const char *id);

/* ---- queue-run.c ---- */

gpointer kx_queue_run(gpointer queue); /* the thread */
/* The entry could not even be worked on: it waits like after a failed delivery. */
void kx_queue_postpone(KxQueue *queue, const char *id, const GError *error);

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

/* ---- route.c: with the lock held, but for find ---- */

/* Where a recipient on another server goes. */
KxRoute *kx_route_find(KxQueue *queue, const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt);
void kx_route_free(gpointer route);
/* The shipment waits for its route; takes it. */
void kx_route_add(KxQueue *queue, KxShipment *shipment);
/* The next shipment that may go now, NULL: none. */
KxShipment *kx_route_take(KxQueue *queue, gint64 now);
void kx_route_succeeded(KxQueue *queue, KxRoute *route);
/* No server of the route answered: nothing is tried for a while. */
void kx_route_failed(KxQueue *queue, KxRoute *route, const char *status, gint64 now);
void kx_route_finished(KxQueue *queue, KxRoute *route); /* one task less on its way */
void kx_route_sweep(KxQueue *queue, gint64 now);        /* forgets those not needed */

/* ---- task.c ---- */

void kx_task_free(gpointer task);
void kx_task_result_free(gpointer result);
/* The envelope of a message on its way, read with its first shipment; the entry's. */
KxEnvelope *kx_task_envelope(KxQueue *queue, const KxShipment *shipment, GError **error);
/* One less; at the last the message is settled, unless it could not even be read. Takes it. */
void kx_task_shipment_over(KxQueue *queue, KxShipment *shipment, gboolean tried,
                           gint64 put_off_until, const GError *error);
/* It has this result; the runner takes it over. With the lock held. */
void kx_task_end(KxQueue *queue, KxTask *task, guint code, const char *status);
void kx_task_give_back(KxQueue *queue, KxTask *task);

/* ---- task-start.c ---- */

/* Gives a shipment to the courier; takes it. If that cannot be, it counts as put off. */
void kx_task_start(KxQueue *queue, KxShipment *shipment);
/* A shipment that is not tried because its route is down; takes it. */
void kx_task_put_off(KxQueue *queue, KxShipment *shipment);

/* ---- task-content.c ---- */

/* Makes the content and gives it to the courier, at once or in a thread. */
void kx_task_prepare(KxQueue *queue, KxTask *task);
gpointer kx_task_work(gpointer queue); /* such a thread */

/* ---- task-settle.c ---- */

/* Takes over what became of a task that is over; takes the task. */
void kx_task_settle(KxQueue *queue, KxTask *task);

/* ---- downgrade.c ---- */

/* The message as servers take it that know no 8BITMIME (RFC 6152), in a file that has no name any
 * more: its descriptor and size. -1 without an error: there is nothing that could be converted. */
int kx_queue_downgrade(const KxEnvelope *envelope, guint64 *ret_size, GError **error);

/* ---- settle.c: the entry is claimed ---- */

/* Some recipient on another server waits. */
gboolean kx_queue_has_remote(const KxEnvelope *envelope);
/* Makes shipments of the recipients on other servers; FALSE: there are none. */
gboolean kx_queue_ship(KxQueue *queue, const KxEnvelope *envelope);
/* After a round of attempts: reports what failed for good or waited too long, then writes, keeps or
 * removes the message, and gives it free. Takes the envelope. */
void kx_queue_settle(KxQueue *queue, KxEnvelope *envelope, gboolean tried, gint64 put_off_until);

/* ---- report.c: reports to senders (RFC 3461, SMTP-31, SMTP-33) ---- */

/* Tells of the recipients that failed for good; they are done then. FALSE: they are not, it must be
 * tried again. */
gboolean kx_queue_report_failures(KxQueue *queue, KxEnvelope *envelope, GError **error);
/* Tells of those who have it now, if that is wished, each once. `incoming` is the message, NULL: it
 * is in the queue. What cannot be told goes to the Error log and is let be: to have the message
 * again would be worse. */
void kx_queue_report_success(KxQueue *queue, KxEnvelope *envelope, KxIncoming *incoming);
/* Tells that the rest takes long, and marks the envelope as told. */
gboolean kx_queue_report_delay(KxQueue *queue, KxEnvelope *envelope, gint64 retry_until,
                               GError **error);

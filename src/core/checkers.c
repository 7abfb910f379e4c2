/* SPDX-License-Identifier: Apache-2.0 */
#include "core/checkers.h"

#include "base/lock.h"
#include "core/fair-queue.h"

enum {
    THREADS_MAX = 64,
    WAITING_MAX = 8192, /* of a lane */
    TURN = 4,           /* of so many turns one is of those who are not known, whoever else waits */
};

/* Exists while somebody waits in it or is served. */
typedef struct {
    char *name;
    KxFairQueue *known, *others;
    guint waiting, busy, turn;
    gboolean ready; /* it is in the queue of those */
} Lane;

struct KxCheckers {
    KxCheck check;
    guint threads_max, places;
    KxMutex lock; /* of what follows */
    KxCond some;
    GHashTable *lanes; /* by name */
    GQueue ready;      /* Lane *: somebody waits, and there is a place */
    gboolean end;
    guint n_threads;
    GThread *threads[THREADS_MAX];
};

/* ---- lanes, with the lock held ---- */

static void lane_free(gpointer data)
{
    Lane *lane = data;
    kx_fair_queue_free(lane->known);
    kx_fair_queue_free(lane->others);
    g_free(lane->name);
    g_free(lane);
}

static Lane *find_lane(KxCheckers *checkers, const char *name)
{
    Lane *lane = g_hash_table_lookup(checkers->lanes, name);
    if (lane)
        return lane;
    lane = g_new0(Lane, 1);
    lane->name = g_strdup(name);
    lane->known = kx_fair_queue_new();
    lane->others = kx_fair_queue_new();
    g_hash_table_insert(checkers->lanes, lane->name, lane);
    return lane;
}

static void settle(KxCheckers *checkers, Lane *lane)
{
    if (lane->waiting > 0 && lane->busy < checkers->places && !lane->ready) {
        lane->ready = TRUE;
        g_queue_push_tail(&checkers->ready, lane);
    } else if (lane->waiting == 0 && lane->busy == 0) {
        g_hash_table_remove(checkers->lanes, lane->name);
    }
}

static struct KxSession *pop(Lane *lane)
{
    gboolean others_first = ++lane->turn % TURN == 0;
    struct KxSession *session = kx_fair_queue_pop(others_first ? lane->others : lane->known);
    return session ? session : kx_fair_queue_pop(others_first ? lane->known : lane->others);
}

/* ---- threads ---- */

/* NULL at the end, when all are taken. */
static struct KxSession *take(KxCheckers *checkers, Lane **ret_lane)
{
    struct KxSession *session = NULL;
    kx_mutex_lock(&checkers->lock);
    while (checkers->ready.length == 0 && !checkers->end)
        kx_cond_wait(&checkers->some, &checkers->lock);
    Lane *lane = g_queue_pop_head(&checkers->ready);
    if (lane) {
        lane->ready = FALSE;
        lane->waiting--;
        lane->busy++;
        session = pop(lane);
        settle(checkers, lane);
    }
    *ret_lane = lane;
    kx_mutex_unlock(&checkers->lock);
    return session;
}

static void leave(KxCheckers *checkers, Lane *lane)
{
    kx_mutex_lock(&checkers->lock);
    lane->busy--;
    settle(checkers, lane);
    kx_mutex_unlock(&checkers->lock);
}

static gpointer work(gpointer data)
{
    KxCheckers *checkers = data;
    struct KxSession *session;
    Lane *lane;
    while ((session = take(checkers, &lane))) {
        checkers->check(session);
        leave(checkers, lane);
    }
    return NULL;
}

/* With the lock held. Whoever is there already serves them all, if there can be no more. */
static gboolean add_thread(KxCheckers *checkers)
{
    GThread *thread = checkers->n_threads < checkers->threads_max
                          ? g_thread_try_new("checker", work, checkers, NULL)
                          : NULL;
    if (thread)
        checkers->threads[checkers->n_threads++] = thread;
    return checkers->n_threads > 0;
}

/* ---- life ---- */

KxCheckers *kx_checkers_new(KxCheck check, guint threads, guint places)
{
    KxCheckers *checkers = g_new0(KxCheckers, 1);
    checkers->check = check;
    checkers->threads_max = CLAMP(threads, 1, THREADS_MAX);
    checkers->places = places;
    kx_mutex_init(&checkers->lock);
    kx_cond_init(&checkers->some);
    checkers->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lane_free);
    g_queue_init(&checkers->ready);
    return checkers;
}

void kx_checkers_free(KxCheckers *checkers)
{
    if (!checkers)
        return;
    kx_mutex_lock(&checkers->lock);
    checkers->end = TRUE;
    kx_cond_broadcast(&checkers->some);
    kx_mutex_unlock(&checkers->lock);
    for (guint i = 0; i < checkers->n_threads; i++)
        g_thread_join(checkers->threads[i]);
    g_hash_table_unref(checkers->lanes);
    kx_cond_clear(&checkers->some);
    kx_mutex_clear(&checkers->lock);
    g_free(checkers);
}

gboolean kx_checkers_add(KxCheckers *checkers, struct KxSession *session, const KxCheckFor *who)
{
    kx_mutex_lock(&checkers->lock);
    Lane *lane = find_lane(checkers, who->lane);
    gboolean room = lane->waiting < WAITING_MAX && add_thread(checkers);
    if (room) {
        lane->waiting++;
        kx_fair_queue_push(who->known ? lane->known : lane->others, who->address, who->account,
                           session);
    }
    settle(checkers, lane);
    kx_cond_signal(&checkers->some);
    kx_mutex_unlock(&checkers->lock);
    return room;
}

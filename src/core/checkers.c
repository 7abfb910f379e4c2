/* SPDX-License-Identifier: Apache-2.0 */
#include "core/checkers.h"

#include "base/lock.h"
#include "core/fair-queue.h"

enum {
    THREADS_MAX = 64,
    WAITING_MAX = 8192,
    TURN = 4, /* of so many turns one is of those who are not known, whoever else waits */
};

struct KxCheckers {
    KxCheck check;
    KxMutex lock; /* of what follows */
    KxCond some;
    KxFairQueue *known, *others;
    guint waiting, turn;
    gboolean end;
    guint n_threads;
    GThread *threads[THREADS_MAX];
};

static struct KxSession *pop(KxCheckers *checkers)
{
    gboolean others_first = ++checkers->turn % TURN == 0;
    struct KxSession *session =
        kx_fair_queue_pop(others_first ? checkers->others : checkers->known);
    return session ? session : kx_fair_queue_pop(others_first ? checkers->known : checkers->others);
}

/* NULL at the end, when all are taken. */
static struct KxSession *take(KxCheckers *checkers)
{
    struct KxSession *session = NULL;
    kx_mutex_lock(&checkers->lock);
    while (checkers->waiting == 0 && !checkers->end)
        kx_cond_wait(&checkers->some, &checkers->lock);
    if (checkers->waiting > 0) {
        checkers->waiting--;
        session = pop(checkers);
    }
    kx_mutex_unlock(&checkers->lock);
    return session;
}

static gpointer work(gpointer data)
{
    KxCheckers *checkers = data;
    struct KxSession *session;
    while ((session = take(checkers)))
        checkers->check(session);
    return NULL;
}

KxCheckers *kx_checkers_new(KxCheck check)
{
    KxCheckers *checkers = g_new0(KxCheckers, 1);
    checkers->check = check;
    kx_mutex_init(&checkers->lock);
    kx_cond_init(&checkers->some);
    checkers->known = kx_fair_queue_new();
    checkers->others = kx_fair_queue_new();
    checkers->n_threads = CLAMP(g_get_num_processors(), 1, THREADS_MAX);
    for (guint i = 0; i < checkers->n_threads; i++)
        checkers->threads[i] = g_thread_new("checker", work, checkers);
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
    kx_fair_queue_free(checkers->known);
    kx_fair_queue_free(checkers->others);
    kx_cond_clear(&checkers->some);
    kx_mutex_clear(&checkers->lock);
    g_free(checkers);
}

gboolean kx_checkers_add(KxCheckers *checkers, struct KxSession *session, const KxCheckFor *who)
{
    kx_mutex_lock(&checkers->lock);
    gboolean room = checkers->waiting < WAITING_MAX;
    if (room) {
        checkers->waiting++;
        kx_fair_queue_push(who->known ? checkers->known : checkers->others, who->address,
                           who->account, session);
        kx_cond_signal(&checkers->some);
    }
    kx_mutex_unlock(&checkers->lock);
    return room;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ask.h"

#include <pthread.h>
#include <time.h>

/* Numbers of questions have this bit, those of tasks do not. */
#define QUESTION 0x80000000U

enum { LINES_MAX = 1000, COURIER_SECONDS = 5 }; /* until one is started again, after it ended */

/* On its way. */
typedef struct {
    KxAsk *ask;
    guint32 number;
    gboolean over, reached;
} Pending;

struct KxAsks {
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    GHashTable *pending; /* number -> Pending, which lie on the stacks of those who wait */
    KxQueueCourier courier;
    guint32 next;
    gboolean stopping;
};

KxAsks *kx_asks_new(void)
{
    KxAsks *asks = g_new0(KxAsks, 1);
    pthread_condattr_t clock;
    pthread_mutex_init(&asks->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&asks->changed, &clock);
    pthread_condattr_destroy(&clock);
    asks->pending = g_hash_table_new(NULL, NULL);
    return asks;
}

void kx_asks_free(KxAsks *asks)
{
    if (!asks)
        return;
    g_hash_table_unref(asks->pending);
    pthread_cond_destroy(&asks->changed);
    pthread_mutex_destroy(&asks->lock);
    g_free(asks);
}

void kx_ask_clear(KxAsk *ask)
{
    for (guint i = 0; i < ask->n_names; i++) {
        g_clear_pointer(&ask->names[i].text, g_free);
        ask->names[i].code = 0;
    }
    g_clear_pointer(&ask->text, g_free);
    g_clear_pointer(&ask->lines, g_ptr_array_unref);
    g_clear_pointer(&ask->answer, g_bytes_unref);
    ask->code = 0;
}

static void set_end(Pending *pending, guint code, const char *text, gboolean reached)
{
    if (pending->over)
        return;
    pending->over = TRUE;
    pending->reached = reached;
    pending->ask->code = code;
    g_free(pending->ask->text);
    pending->ask->text = g_strdup(text);
}

/* With the lock held. */
static void end_all(KxAsks *asks, const char *why)
{
    GHashTableIter iter;
    gpointer pending;
    g_hash_table_iter_init(&iter, asks->pending);
    while (g_hash_table_iter_next(&iter, NULL, &pending))
        set_end(pending, 451, why, FALSE);
    pthread_cond_broadcast(&asks->changed);
}

void kx_asks_set_courier(KxAsks *asks, const KxQueueCourier *courier)
{
    pthread_mutex_lock(&asks->lock);
    asks->courier = courier ? *courier : (KxQueueCourier){0};
    end_all(asks, "the process that asks other servers was restarted");
    pthread_mutex_unlock(&asks->lock);
}

void kx_asks_stop(KxAsks *asks)
{
    pthread_mutex_lock(&asks->lock);
    asks->stopping = TRUE;
    end_all(asks, "the server is being stopped");
    pthread_mutex_unlock(&asks->lock);
}

/* ---- answers ---- */

static void free_line(gpointer data)
{
    KxAskLine *line = data;
    g_free(line->about);
    g_free(line->text);
    g_free(line);
}

static void take_line(KxAsk *ask, const KxMsgMailLine *message)
{
    if (!ask->lines)
        ask->lines = g_ptr_array_new_with_free_func(free_line);
    if (ask->lines->len >= LINES_MAX)
        return;
    KxAskLine *line = g_new(KxAskLine, 1);
    *line = (KxAskLine){g_strdup(message->about), g_strdup(message->text)};
    g_ptr_array_add(ask->lines, line);
}

static void take_answer(KxAsk *ask, KxSlice answer)
{
    g_clear_pointer(&ask->answer, g_bytes_unref);
    ask->answer = g_bytes_new(answer.data, answer.len);
}

gboolean kx_asks_message(KxAsks *asks, const KxMessage *message)
{
    if (!(message->session & QUESTION))
        return FALSE;
    pthread_mutex_lock(&asks->lock);
    Pending *pending = g_hash_table_lookup(asks->pending, GUINT_TO_POINTER(message->session));
    if (pending && message->type == KX_MSG_MAIL_RESULT &&
        message->MAIL_RESULT.index < pending->ask->n_names) {
        KxAskName *name = &pending->ask->names[message->MAIL_RESULT.index];
        g_free(name->text);
        *name =
            (KxAskName){name->name, message->MAIL_RESULT.code, g_strdup(message->MAIL_RESULT.text)};
        pending->reached = TRUE;
    } else if (pending && !pending->over && message->type == KX_MSG_MAIL_LINE) {
        take_line(pending->ask, &message->MAIL_LINE);
    } else if (pending && !pending->over && message->type == KX_MSG_MAIL_BODY) {
        take_answer(pending->ask, message->MAIL_BODY.data);
    } else if (pending && message->type == KX_MSG_MAIL_END) {
        const KxMsgMailEnd *end = &message->MAIL_END;
        set_end(pending, end->code, end->text, pending->reached || end->reached);
        pthread_cond_broadcast(&asks->changed);
    }
    pthread_mutex_unlock(&asks->lock);
    return TRUE;
}

/* ---- asking ---- */

static gboolean send(const KxQueueCourier *courier, guint32 number, const KxAsk *ask)
{
    KxMsgMailAsk question = {.kind = ask->kind,
                             .host = ask->host,
                             .port = ask->port,
                             .mx = ask->mx,
                             .tls = ask->tls,
                             .user = ask->user,
                             .password = ask->password,
                             .seconds = ask->seconds};
    if (!courier->send || !courier->send(courier->data, KX_MSG_MAIL_ASK, number, &question, -1))
        return FALSE;
    for (guint i = 0; i < ask->n_names; i++)
        if (!courier->send(courier->data, KX_MSG_MAIL_RECIPIENT, number,
                           &(KxMsgMailRecipient){.to = ask->names[i].name}, -1))
            return FALSE;
    size_t len = 0;
    const void *bytes = ask->body ? g_bytes_get_data(ask->body, &len) : NULL;
    if (bytes && !courier->send(courier->data, KX_MSG_MAIL_BODY, number,
                                &(KxMsgMailBody){ask->body_type, {bytes, len}}, -1))
        return FALSE;
    if (ask->ca &&
        !courier->send(courier->data, KX_MSG_MAIL_TRUST, number, &(KxMsgMailTrust){ask->ca}, -1))
        return FALSE;
    return courier->send(courier->data, KX_MSG_MAIL_GO, number, &(KxMsgMailGo){}, -1);
}

/* With the lock held. */
static void wait_for(KxAsks *asks, Pending *pending, const struct timespec *until)
{
    while (!pending->over)
        if (pthread_cond_timedwait(&asks->changed, &asks->lock, until) != 0)
            set_end(pending, 451, "the server did not answer in time", FALSE);
}

/* One is there at most times. With the lock held. */
static void wait_for_courier(KxAsks *asks)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += COURIER_SECONDS;
    while (!asks->courier.send && !asks->stopping)
        if (pthread_cond_timedwait(&asks->changed, &asks->lock, &until) != 0)
            return;
}

/* With the lock held. */
static void enter(KxAsks *asks, Pending *pending, KxAsk *ask)
{
    *pending = (Pending){.ask = ask, .number = ++asks->next | QUESTION};
    g_hash_table_insert(asks->pending, GUINT_TO_POINTER(pending->number), pending);
}

/* With the lock held. */
static void leave(KxAsks *asks, Pending *pending, guint n)
{
    struct timespec until;
    guint seconds = 0;
    for (guint i = 0; i < n; i++)
        seconds = MAX(seconds, MAX(pending[i].ask->seconds, pending[i].ask->whole));
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    for (guint i = 0; i < n; i++)
        wait_for(asks, &pending[i], &until);
    for (guint i = 0; i < n; i++)
        g_hash_table_remove(asks->pending, GUINT_TO_POINTER(pending[i].number));
}

static void run(KxAsks *asks, KxAsk *questions, Pending *pending, guint n)
{
    g_autofree gboolean *sent = g_new0(gboolean, n + 1);
    for (guint i = 0; i < n; i++)
        kx_ask_clear(&questions[i]);
    pthread_mutex_lock(&asks->lock);
    wait_for_courier(asks);
    KxQueueCourier courier = asks->courier;
    for (guint i = 0; i < n; i++)
        enter(asks, &pending[i], &questions[i]);
    gboolean stopping = asks->stopping;
    pthread_mutex_unlock(&asks->lock);
    for (guint i = 0; i < n && !stopping; i++)
        sent[i] = send(&courier, pending[i].number, &questions[i]);
    pthread_mutex_lock(&asks->lock);
    for (guint i = 0; i < n; i++)
        if (!sent[i])
            set_end(&pending[i], 451, "the process that asks other servers is being restarted",
                    FALSE);
    leave(asks, pending, n);
    pthread_mutex_unlock(&asks->lock);
}

gboolean kx_asks_run(KxAsks *asks, KxAsk *ask)
{
    Pending pending;
    run(asks, ask, &pending, 1);
    return pending.reached;
}

void kx_asks_run_all(KxAsks *asks, KxAsk *questions, guint n)
{
    g_autofree Pending *pending = g_new0(Pending, n + 1);
    run(asks, questions, pending, n);
}

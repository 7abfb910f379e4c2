/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to other mail servers that the courier asks (courier/mail-ask.c): whether one takes
 * mail for an address, that it send what it holds for a domain, where it is. The caller waits for
 * the answer, for a bounded time.
 *
 * Threads: all functions from any thread, but free.
 */
#pragma once

#include "flow/queue.h"
#include "ipc/message.h"

typedef struct KxAsks KxAsks;

/* One name that is asked about, and what the host said of it. */
typedef struct {
    const char *name; /* borrowed */
    guint code;       /* as in SMTP; 0: nothing */
    char *text;       /* "5.1.1 no such user"; owned */
} KxAskName;

typedef struct {
    KxMailAskKind kind;
    const char *host, *user, *password; /* borrowed; user NULL: no sign-in */
    guint port;
    gboolean mx; /* the host is a domain whose MX records count */
    KxMailTls tls;
    guint seconds;    /* to wait for the host at each step, and for all of it */
    guint whole;      /* for all of it, if that is more; else 0 */
    KxAskName *names; /* may be NULL */
    guint n_names;
    GBytes *body;          /* borrowed; of KX_MAIL_POST and KX_MAIL_WEB: what is posted */
    const char *body_type; /* its media type */
    const char *ca;        /* of KX_MAIL_WEB: who vouches for the server (PEM); NULL: the usual */
    /* the answer */
    guint code; /* where no name has one of its own: 250, or 451 with the reason in `text` */
    char *text;
    GPtrArray *lines; /* of KxAskLine; NULL: none came */
    GBytes *answer;   /* of KX_MAIL_WEB; NULL: none */
} KxAsk;

/* Of KX_MAIL_EXPLAIN, and of KX_MAIL_WEB a field of the header. */
typedef struct {
    char *about, *text;
} KxAskLine;

KxAsks *kx_asks_new(void);
void kx_asks_free(KxAsks *asks); /* nobody may be waiting */

/* TRUE: the host was asked, and the answer is in `ask`. FALSE: it could not be reached in time, and
 * `ask->text` says why. */
gboolean kx_asks_run(KxAsks *asks, KxAsk *ask);
/* All at the same time, as long as the one that may take longest; each has its answer then, or what
 * came of it. */
void kx_asks_run_all(KxAsks *asks, KxAsk *questions, guint n);
void kx_ask_clear(KxAsk *ask); /* the answer only */

/* There is a courier, or with NULL none any more: who waits for it waits in vain. */
void kx_asks_set_courier(KxAsks *asks, const KxQueueCourier *courier);
/* Whoever waits for an answer stops. */
void kx_asks_stop(KxAsks *asks);
/* MAIL_RESULT and MAIL_END. FALSE: it is not about a question. */
gboolean kx_asks_message(KxAsks *asks, const KxMessage *message);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxAsk, kx_ask_clear)

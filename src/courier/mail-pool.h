/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that deliver mail to other servers, one task each at a time, and the connections they
 * keep for the next task of the same route. How many tasks there are at once is the core's matter.
 *
 * Threads: all functions are for the thread of the event loop.
 */
#pragma once

#include "courier/mail-task.h"
#include "settings/settings.h"

typedef struct KxMailPool KxMailPool;

/* The texts of /etc/resolv.conf and of dns-root-data's root.key, or "". */
KxMailPool *kx_mail_pool_new(const char *resolv_conf, const char *root_key);
void kx_mail_pool_free(KxMailPool *pool); /* ends what is not yet in its content */

/* From settings; tasks begun before go on with what they began with. */
gboolean kx_mail_pool_configure(KxMailPool *pool, const KxSettings *settings, GError **error);

void kx_mail_pool_add(KxMailPool *pool, KxMailTask *task); /* takes it */
/* Readable when tasks are done, or there are news of policies. */
int kx_mail_pool_fd(const KxMailPool *pool);
/* Calls back for each task that is being worked on and has come further since the last time. */
void kx_mail_pool_news(KxMailPool *pool, void (*tell)(gpointer data, KxMailTask *task),
                       gpointer data);
KxMailTask *kx_mail_pool_done(
    KxMailPool *pool); /* the next one, the caller's; take them up to NULL */

/* Policies of MTA-STS, for the core to keep and from it. */
KxStsCache *kx_mail_pool_sts(KxMailPool *pool);

/* What a task begun now works with, for others that connect; give it back. NULL: the DNS servers
 * cannot be used. From any thread. */
const KxMailTools *kx_mail_pool_take_tools(KxMailPool *pool);
void kx_mail_pool_give_tools(const KxMailTools *tools);

/* The core is gone: nobody waits for the tasks. */
void kx_mail_pool_cancel(KxMailPool *pool);
/* Each second: ends connections that nobody used for a while, has policies fetched again. */
void kx_mail_pool_tick(KxMailPool *pool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxMailPool, kx_mail_pool_free)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does by itself what schedules say (SCHED): one thread looks every second which are due, and runs
 * them one after the other. When each was run last is kept in store/schedules, so that a restart
 * neither forgets nor repeats a time. It also asks for mail by ETRN once when the server has begun
 * to listen (DOM-37).
 *
 * Threads: all functions from any thread, but free.
 */
#pragma once

#include "directory/directory.h"
#include "flow/ask.h"
#include "flow/fetch.h"
#include "flow/line.h"
#include "flow/queue.h"

typedef struct KxScheduler KxScheduler;

/* What the actions work with; borrowed. */
typedef struct {
    KxDirectory *directory;
    KxQueue *queue;
    KxAsks *asks;
    KxFetcher *fetcher;
    KxLine *line;
    KxLogger *logger;
} KxScheduleTools;

KxScheduler *kx_scheduler_start(const KxScheduleTools *tools);
void kx_scheduler_stop(KxScheduler *scheduler); /* waits for what is being done, and frees it */

/* The server takes mail from now on. */
void kx_scheduler_listening(KxScheduler *scheduler);

/* Runs a schedule now, whatever its times and range. Of texts, one for each action: what became of
 * it. NULL: KX_ERR_NOT_FOUND, or KX_ERR_FAILED: the line is down. */
GPtrArray *kx_scheduler_run(KxScheduler *scheduler, const char *name, GError **error);
/* When it is due next, Unix seconds; G_MAXINT64: never. */
gint64 kx_scheduler_next(KxScheduler *scheduler, const KxSchedule *schedule);

/* ---- schedule-actions.c ---- */

/* Does one action, and says in a text what became of it. KX_ERR_INVALID: there is no such one. */
char *kx_schedule_act(const KxScheduleTools *tools, const char *action);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that each do one piece of work with the tools of the mail pool (resolver, trust) and end:
 * sessions with mailboxes elsewhere, questions to directories. No more than so many at a time.
 */
#pragma once

#include "courier/mail-pool.h"

typedef struct KxCrew KxCrew;

/* In a thread of its own. `tools` are NULL when the DNS servers cannot be used. Takes the job. */
typedef void (*KxCrewWork)(gpointer data, gpointer job, const KxMailTools *tools);

/* The mail pool and `data` must outlive it. */
KxCrew *kx_crew_new(KxMailPool *mail, guint most, KxCrewWork work, gpointer data);
/* FALSE: some are still at work, which ends when the core has; the process is to end without
 * freeing anything they work with. */
gboolean kx_crew_free(KxCrew *crew);

/* FALSE: too many are at work; the job is still the caller's. */
gboolean kx_crew_begin(KxCrew *crew, gpointer job);

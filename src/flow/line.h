/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line to the Internet where it is not always up (NET-05, NET-07, SCHED-08): programs of
 * whoever has the machine, which the keeper runs, bring it up and down. Whoever wants it takes it
 * and gives it back; it is brought up for the first and down after the last.
 *
 * Threads: all functions from any thread, but new and free.
 */
#pragma once

#include "ipc/message.h"
#include "log/log.h"

typedef struct KxLine KxLine;

/* Asks the keeper to run a hook. */
typedef void (*KxLineRun)(gpointer data, KxHook hook);

KxLine *kx_line_new(KxLineRun run, gpointer data, KxLogger *logger);
void kx_line_free(KxLine *line); /* nobody may have it */

/* Blocks until the line is up. FALSE: KX_ERR_FAILED, it is not, and need not be given back. */
gboolean kx_line_take(KxLine *line, GError **error);
/* Blocks until it is down, if nobody else has it. That it could not be brought down is logged. */
void kx_line_give(KxLine *line);

/* How a hook ended. */
void kx_line_hook_ended(KxLine *line, const KxMsgHookEnded *ended);
/* From now on nobody waits: a line that is given back is brought down behind our back. */
void kx_line_stop(KxLine *line);
gboolean kx_line_is_stopping(KxLine *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxLine, kx_line_free)

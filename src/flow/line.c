/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/line.h"

#include "base/error.h"
#include "base/lock.h"

enum { ANSWER_SECONDS = 150 }; /* longer than the keeper lets a hook run */

struct KxLine {
    KxLineRun run;
    gpointer data;
    KxLogger *logger;
    KxMutex turn; /* one hook at a time; taken before `lock` */
    guint users;  /* of the line; guarded by `turn` */
    KxMutex lock; /* of what follows */
    KxCond ended;
    gboolean running, good, stopping;
    char *text; /* how the hook ended */
};

KxLine *kx_line_new(KxLineRun run, gpointer data, KxLogger *logger)
{
    KxLine *line = g_new0(KxLine, 1);
    line->run = run;
    line->data = data;
    line->logger = logger;
    kx_mutex_init(&line->turn);
    kx_mutex_init(&line->lock);
    kx_cond_init(&line->ended);
    return line;
}

void kx_line_free(KxLine *line)
{
    if (!line)
        return;
    kx_cond_clear(&line->ended);
    kx_mutex_clear(&line->lock);
    kx_mutex_clear(&line->turn);
    g_free(line->text);
    g_free(line);
}

/* With the turn. */
static gboolean run_hook(KxLine *line, KxHook hook, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)ANSWER_SECONDS * G_USEC_PER_SEC;
    kx_mutex_lock(&line->lock);
    line->running = TRUE;
    line->good = FALSE;
    g_clear_pointer(&line->text, g_free);
    line->run(line->data, hook);
    while (line->running && !line->stopping && g_get_monotonic_time() < until)
        kx_cond_wait_until(&line->ended, &line->lock, until);
    gboolean good = line->good;
    line->running = FALSE;
    if (!good)
        kx_fail(error, KX_ERR_FAILED, "%s",
                line->text       ? line->text
                : line->stopping ? "the server is being stopped"
                                 : "the program for it does not end");
    kx_mutex_unlock(&line->lock);
    return good;
}

gboolean kx_line_is_stopping(KxLine *line)
{
    kx_mutex_lock(&line->lock);
    gboolean stopping = line->stopping;
    kx_mutex_unlock(&line->lock);
    return stopping;
}

gboolean kx_line_take(KxLine *line, GError **error)
{
    g_autoptr(GError) problem = NULL;
    kx_mutex_lock(&line->turn);
    gboolean up = line->users > 0 || run_hook(line, KX_HOOK_LINE_UP, &problem);
    line->users += up;
    if (!up && kx_line_is_stopping(line)) /* it may have come up */
        line->run(line->data, KX_HOOK_LINE_DOWN);
    kx_mutex_unlock(&line->turn);
    return up || kx_fail(error, KX_ERR_FAILED, "the line does not come up: %s", problem->message);
}

void kx_line_give(KxLine *line)
{
    g_autoptr(GError) problem = NULL;
    kx_mutex_lock(&line->turn);
    if (--line->users == 0 && !run_hook(line, KX_HOOK_LINE_DOWN, &problem) &&
        !kx_line_is_stopping(line))
        kx_log(line->logger, KX_LOG_WARNING, "The line does not go down: %s", problem->message);
    kx_mutex_unlock(&line->turn);
}

void kx_line_hook_ended(KxLine *line, const KxMsgHookEnded *ended)
{
    kx_mutex_lock(&line->lock);
    if (line->running) {
        line->running = FALSE;
        line->good = ended->good != 0;
        line->text = g_strdup(ended->text);
        kx_cond_broadcast(&line->ended);
    }
    kx_mutex_unlock(&line->lock);
}

void kx_line_stop(KxLine *line)
{
    kx_mutex_lock(&line->lock);
    line->stopping = TRUE;
    kx_cond_broadcast(&line->ended);
    kx_mutex_unlock(&line->lock);
}

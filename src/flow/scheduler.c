/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/scheduler.h"

#include <stdio.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/lock.h"
#include "directory/hop.h"
#include "flow/schedule-due.h"

static const char STATE_FILE[] = "store/schedules";
enum {
    STATE_MAX = 1024 * 1024, /* bytes */
    CHECK_SECONDS = 10,      /* to wait for the host that says that the line is up */
    CHECK_PORT = 25,
    EXCHANGE_SECONDS = 3600, /* that a line stays up, at most */
    LOOK_MS = 250,           /* between looks whether all is done */
};

/* What is known of a schedule as it is now; a change makes it new. */
typedef struct {
    guint generation;
    gint64 last; /* Unix seconds: since when it waits for its next time */
} Known;

struct KxScheduler {
    KxScheduleTools tools;
    GThread *thread;
    KxMutex running; /* one schedule at a time */
    KxMutex lock;    /* of what follows */
    KxCond changed;
    GHashTable *known; /* gint64: id of the schedule -> Known */
    gboolean stopping, listening;
};

/* ---- what outlives a restart ---- */

static void load_state(KxScheduler *scheduler)
{
    g_autofree char *text = NULL;
    if (!kx_read_file(STATE_FILE, STATE_MAX, &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        gint64 id, last;
        guint generation;
        if (sscanf(lines[i], "%" G_GINT64_FORMAT " %u %" G_GINT64_FORMAT, &id, &generation,
                   &last) != 3)
            continue;
        Known *known = g_new(Known, 1);
        *known = (Known){generation, last};
        g_hash_table_insert(scheduler->known, g_memdup2(&id, sizeof id), known);
    }
}

static void save_state(KxScheduler *scheduler)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer id, value;
    kx_mutex_lock(&scheduler->lock);
    g_hash_table_iter_init(&iter, scheduler->known);
    while (g_hash_table_iter_next(&iter, &id, &value)) {
        const Known *known = value;
        g_string_append_printf(text, "%" G_GINT64_FORMAT " %u %" G_GINT64_FORMAT "\n",
                               *(gint64 *)id, known->generation, known->last);
    }
    kx_mutex_unlock(&scheduler->lock);
    if (!kx_write_file_durable(STATE_FILE, text->str, text->len, 0600, &error))
        kx_log(scheduler->tools.logger, KX_LOG_ERROR, "Schedules: %s", error->message);
}

/* ---- when ---- */

static void set_last(KxScheduler *scheduler, const KxSchedule *schedule, gint64 last)
{
    Known *known = g_new(Known, 1);
    *known = (Known){schedule->generation, last};
    kx_mutex_lock(&scheduler->lock);
    g_hash_table_replace(scheduler->known, g_memdup2(&schedule->id, sizeof schedule->id), known);
    kx_mutex_unlock(&scheduler->lock);
}

/* FALSE: it is new, or other than it was. */
static gboolean get_last(KxScheduler *scheduler, const KxSchedule *schedule, gint64 *ret_last)
{
    kx_mutex_lock(&scheduler->lock);
    const Known *known = g_hash_table_lookup(scheduler->known, &schedule->id);
    gboolean found = known && known->generation == schedule->generation;
    if (found)
        *ret_last = known->last;
    kx_mutex_unlock(&scheduler->lock);
    return found;
}

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

gint64 kx_scheduler_next(KxScheduler *scheduler, const KxSchedule *schedule)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    gint64 last;
    if (schedule->disabled)
        return G_MAXINT64;
    return kx_schedule_next(schedule, get_last(scheduler, schedule, &last) ? last : now_seconds(),
                            zone);
}

static gboolean is_valid(KxScheduler *scheduler, const KxSchedule *schedule)
{
    if (!*schedule->range)
        return TRUE;
    KxRecord *range =
        kx_object_get(scheduler->tools.directory, KX_OBJECT_TIME_RANGE, schedule->range, NULL);
    g_autoptr(GDateTime) local = g_date_time_new_now_local();
    gboolean valid = range && kx_time_range_holds((const KxTimeRange *)(gpointer)range, local);
    kx_object_free(KX_OBJECT_TIME_RANGE, range);
    return valid;
}

/* Whether it is to be run; what is looked at here does not come again, but for an interval that
 * waits for its range. */
static gboolean is_due(KxScheduler *scheduler, const KxSchedule *schedule, gboolean *ret_changed)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    gint64 now = now_seconds(), last;
    if (!get_last(scheduler, schedule, &last) || last > now) {
        set_last(scheduler, schedule, now);
        *ret_changed = TRUE;
        return FALSE;
    }
    if (schedule->disabled || kx_schedule_next(schedule, last, zone) > now)
        return FALSE;
    gboolean valid = is_valid(scheduler, schedule);
    if (valid || schedule->every == 0) {
        set_last(scheduler, schedule, now);
        *ret_changed = TRUE;
    }
    return valid;
}

/* ---- what ---- */

static gboolean is_line_up(KxScheduler *scheduler, const KxSchedule *schedule, GError **error)
{
    if (!*schedule->online_check)
        return TRUE;
    g_auto(KxAsk) ask = {
        .kind = KX_MAIL_CONNECT,
        .host = schedule->online_check,
        .port = schedule->online_port ? (guint)schedule->online_port : CHECK_PORT,
        .seconds = CHECK_SECONDS,
    };
    return kx_asks_run(scheduler->tools.asks, &ask) ||
           kx_fail(error, KX_ERR_FAILED, "the line is down: %s: %s", schedule->online_check,
                   ask.text);
}

/* Before the line goes down: all that was begun. */
static void wait_until_done(KxScheduler *scheduler)
{
    gint64 until = g_get_monotonic_time() + (gint64)EXCHANGE_SECONDS * G_USEC_PER_SEC;
    while (!kx_line_is_stopping(scheduler->tools.line) && g_get_monotonic_time() < until &&
           (kx_queue_is_sending(scheduler->tools.queue) ||
            !kx_fetcher_wait(scheduler->tools.fetcher, NULL, 0)))
        g_usleep(LOOK_MS * 1000);
}

static GPtrArray *act(KxScheduler *scheduler, const KxSchedule *schedule)
{
    GPtrArray *done = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; schedule->actions[i]; i++) {
        g_autofree char *text = kx_schedule_act(&scheduler->tools, schedule->actions[i]);
        g_ptr_array_add(done, g_strdup_printf("%s: %s", schedule->actions[i], text));
        kx_debug(scheduler->tools.logger, KX_DEBUG_SERVICE_MANAGER, "Schedule %s: %s",
                 schedule->name, (const char *)done->pdata[i]);
    }
    return done;
}

static GPtrArray *run(KxScheduler *scheduler, const KxSchedule *schedule, GError **error)
{
    KxLine *line = schedule->dial ? scheduler->tools.line : NULL;
    if (line && !kx_line_take(line, error))
        return NULL;
    GPtrArray *done = is_line_up(scheduler, schedule, error) ? act(scheduler, schedule) : NULL;
    if (line && done)
        wait_until_done(scheduler);
    if (line)
        kx_line_give(line);
    return done;
}

GPtrArray *kx_scheduler_run(KxScheduler *scheduler, const char *name, GError **error)
{
    KxRecord *found = kx_object_get(scheduler->tools.directory, KX_OBJECT_SCHEDULE, name, error);
    if (!found)
        return NULL;
    kx_mutex_lock(&scheduler->running);
    GPtrArray *done = run(scheduler, (const KxSchedule *)(gpointer)found, error);
    kx_mutex_unlock(&scheduler->running);
    kx_object_free(KX_OBJECT_SCHEDULE, found);
    return done;
}

/* ---- the thread ---- */

static void run_due(KxScheduler *scheduler, const KxSchedule *schedule)
{
    g_autoptr(GError) error = NULL;
    kx_mutex_lock(&scheduler->running);
    g_autoptr(GPtrArray) done = run(scheduler, schedule, &error);
    kx_mutex_unlock(&scheduler->running);
    if (!done)
        kx_log(scheduler->tools.logger, KX_LOG_WARNING, "Schedule %s: %s", schedule->name,
               error->message);
}

static void look(KxScheduler *scheduler)
{
    g_autoptr(GPtrArray) all =
        kx_object_list(scheduler->tools.directory, KX_OBJECT_SCHEDULE, &(KxQuery){0}, NULL, NULL);
    g_autoptr(GPtrArray) due = g_ptr_array_new();
    gboolean changed = FALSE;
    for (guint i = 0; all && i < all->len; i++)
        if (is_due(scheduler, all->pdata[i], &changed))
            g_ptr_array_add(due, all->pdata[i]);
    if (changed)
        save_state(scheduler);
    for (guint i = 0; i < due->len; i++)
        run_due(scheduler, due->pdata[i]);
}

/* Offline there is no network use but at the set times (NET-03). */
static void ask_at_start(KxScheduler *scheduler)
{
    if (kx_hop_online(scheduler->tools.directory))
        g_free(kx_schedule_act(&scheduler->tools, "etrn"));
}

static gpointer work(gpointer data)
{
    KxScheduler *scheduler = data;
    gboolean asked = FALSE;
    kx_mutex_lock(&scheduler->lock);
    while (!scheduler->stopping) {
        gboolean ask = scheduler->listening && !asked;
        kx_mutex_unlock(&scheduler->lock);
        if (ask)
            ask_at_start(scheduler);
        asked |= ask;
        look(scheduler);
        kx_mutex_lock(&scheduler->lock);
        if (!scheduler->stopping && (asked || !scheduler->listening))
            kx_cond_wait_until(&scheduler->changed, &scheduler->lock,
                               g_get_monotonic_time() + G_USEC_PER_SEC);
    }
    kx_mutex_unlock(&scheduler->lock);
    return NULL;
}

void kx_scheduler_listening(KxScheduler *scheduler)
{
    kx_mutex_lock(&scheduler->lock);
    scheduler->listening = TRUE;
    kx_cond_signal(&scheduler->changed);
    kx_mutex_unlock(&scheduler->lock);
}

KxScheduler *kx_scheduler_start(const KxScheduleTools *tools)
{
    KxScheduler *scheduler = g_new0(KxScheduler, 1);
    scheduler->tools = *tools;
    kx_mutex_init(&scheduler->running);
    kx_mutex_init(&scheduler->lock);
    kx_cond_init(&scheduler->changed);
    scheduler->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    load_state(scheduler);
    scheduler->thread = g_thread_new("scheduler", work, scheduler);
    return scheduler;
}

void kx_scheduler_stop(KxScheduler *scheduler)
{
    if (!scheduler)
        return;
    kx_mutex_lock(&scheduler->lock);
    scheduler->stopping = TRUE;
    kx_cond_signal(&scheduler->changed);
    kx_mutex_unlock(&scheduler->lock);
    g_thread_join(scheduler->thread);
    g_hash_table_unref(scheduler->known);
    kx_mutex_clear(&scheduler->lock);
    kx_mutex_clear(&scheduler->running);
    g_free(scheduler);
}

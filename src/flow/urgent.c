/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/urgent.h"

#include "base/lock.h"

enum {
    EXCHANGE_SECONDS = 3600, /* that a line stays up, at most */
    LOOK_MS = 250,           /* between looks whether all is sent */
    DIALS = 5,               /* until a line that does not come up is given up */
    DIAL_PAUSE = 60,         /* seconds between them */
};

struct KxUrgent {
    KxDirectory *directory;
    KxQueue *queue;
    KxLine *line;
    KxLogger *logger;
    GThread *thread;
    KxMutex lock; /* of what follows */
    KxCond changed;
    gboolean wanted, stopping;
    guint failed;    /* dials, one after the other */
    gint64 retry_at; /* monotonic; 0: not by itself */
};

/* What came until now is seen to by whoever takes it. */
static gboolean take_wanted(KxUrgent *urgent)
{
    kx_mutex_lock(&urgent->lock);
    gboolean wanted = urgent->wanted && !urgent->stopping;
    urgent->wanted = FALSE;
    kx_mutex_unlock(&urgent->lock);
    return wanted;
}

static void want(gpointer data)
{
    KxUrgent *urgent = data;
    kx_mutex_lock(&urgent->lock);
    urgent->wanted = TRUE;
    kx_cond_signal(&urgent->changed);
    kx_mutex_unlock(&urgent->lock);
}

static void wait_until_sent(KxUrgent *urgent, gint64 until)
{
    while (!kx_line_is_stopping(urgent->line) && g_get_monotonic_time() < until &&
           kx_queue_is_sending(urgent->queue))
        g_usleep(LOOK_MS * 1000);
}

/* It may be busy, or just be brought down. */
static void note_dial(KxUrgent *urgent, gboolean good)
{
    kx_mutex_lock(&urgent->lock);
    urgent->failed = good ? 0 : urgent->failed + 1;
    if (!good && urgent->failed < DIALS)
        urgent->retry_at = g_get_monotonic_time() + (gint64)DIAL_PAUSE * G_USEC_PER_SEC;
    else
        urgent->failed = 0;
    kx_mutex_unlock(&urgent->lock);
}

/* What comes while the line is up goes before it is brought down. */
static void send_by_line(KxUrgent *urgent)
{
    g_autoptr(GError) error = NULL;
    gboolean up = kx_line_take(urgent->line, &error);
    note_dial(urgent, up);
    if (!up) {
        kx_log(urgent->logger, KX_LOG_WARNING,
               "Mail that does not wait for the schedule stays in the queue: %s", error->message);
        return;
    }
    gint64 until = g_get_monotonic_time() + (gint64)EXCHANGE_SECONDS * G_USEC_PER_SEC;
    do {
        kx_queue_run_scheduled(urgent->queue);
        wait_until_sent(urgent, until);
    } while (take_wanted(urgent));
    kx_line_give(urgent->line);
}

static void send_all(KxUrgent *urgent)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(urgent->directory);
    gboolean dial = kx_settings_bool(settings, KX_SET_INTERNET_PRIORITY_DIAL);
    kx_debug(urgent->logger, KX_DEBUG_QUEUE, "the queue is sent for new mail%s",
             dial ? ", the line is brought up" : "");
    if (dial)
        send_by_line(urgent);
    else
        kx_queue_run_scheduled(urgent->queue);
}

/* With the lock: until there is something to do. */
static void wait_for_work(KxUrgent *urgent)
{
    while (!urgent->wanted && !urgent->stopping) {
        if (urgent->retry_at == 0)
            kx_cond_wait(&urgent->changed, &urgent->lock);
        else if (g_get_monotonic_time() < urgent->retry_at)
            kx_cond_wait_until(&urgent->changed, &urgent->lock, urgent->retry_at);
        else
            urgent->wanted = TRUE;
    }
}

static gpointer work(gpointer data)
{
    KxUrgent *urgent = data;
    kx_mutex_lock(&urgent->lock);
    while (TRUE) {
        wait_for_work(urgent);
        if (urgent->stopping)
            break;
        urgent->wanted = FALSE;
        urgent->retry_at = 0;
        kx_mutex_unlock(&urgent->lock);
        send_all(urgent);
        kx_mutex_lock(&urgent->lock);
    }
    kx_mutex_unlock(&urgent->lock);
    return NULL;
}

KxUrgent *kx_urgent_start(KxDirectory *directory, KxQueue *queue, KxLine *line, KxLogger *logger)
{
    KxUrgent *urgent = g_new0(KxUrgent, 1);
    urgent->directory = directory;
    urgent->queue = queue;
    urgent->line = line;
    urgent->logger = logger;
    kx_mutex_init(&urgent->lock);
    kx_cond_init(&urgent->changed);
    urgent->thread = g_thread_new("urgent", work, urgent);
    kx_queue_on_urgent(queue, want, urgent);
    return urgent;
}

void kx_urgent_stop(KxUrgent *urgent)
{
    if (!urgent)
        return;
    kx_queue_on_urgent(urgent->queue, NULL, NULL);
    kx_mutex_lock(&urgent->lock);
    urgent->stopping = TRUE;
    kx_cond_signal(&urgent->changed);
    kx_mutex_unlock(&urgent->lock);
    g_thread_join(urgent->thread);
    kx_cond_clear(&urgent->changed);
    kx_mutex_clear(&urgent->lock);
    g_free(urgent);
}

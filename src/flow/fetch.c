/* SPDX-License-Identifier: Apache-2.0 */
/* Which sessions are due, under way and over. A few threads conduct them, one each at a time. */
#include "flow/fetch.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/lock.h"
#include "flow/fetch-private.h"
#include "ipc/channel.h"

enum {
    THREADS_MAX = 4,
    TIMEOUT = 60,                       /* seconds, for one answer */
    MINUTES = 60,                       /* for a session */
    UNANNOUNCED_MAX = 64 * 1024 * 1024, /* bytes */
};

/* A download that has or had a session, by its name. */
typedef struct {
    char *name;
    gboolean due, running;
    KxFetchResult result;
} Job;

struct KxFetcher {
    KxFetchTools tools;
    KxMutex lock;   /* of what follows */
    KxCond changed; /* a job is due or over, or it is the end */
    KxQueueCourier courier;
    GHashTable *jobs; /* name -> Job */
    GQueue due;       /* of Job, borrowed */
    GArray *channels; /* int: of sessions under way */
    GPtrArray *threads;
    guint idle;
    gboolean stopping;
};

static void free_job(gpointer data)
{
    Job *job = data;
    g_free(job->name);
    g_free(job);
}

/* ---- life ---- */

KxFetcher *kx_fetcher_new(KxStore *store, KxDirectory *directory, KxQueue *queue, KxLogger *logger,
                          GError **error)
{
    KxFetchMemory *memory = kx_fetch_memory_open(error);
    if (!memory)
        return NULL;
    KxFetcher *fetcher = g_new0(KxFetcher, 1);
    fetcher->tools = (KxFetchTools){store, directory, queue, logger, memory};
    kx_mutex_init(&fetcher->lock);
    kx_cond_init(&fetcher->changed);
    fetcher->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_job);
    g_queue_init(&fetcher->due);
    fetcher->channels = g_array_new(FALSE, FALSE, sizeof(int));
    fetcher->threads = g_ptr_array_new();
    return fetcher;
}

void kx_fetcher_stop(KxFetcher *fetcher)
{
    kx_mutex_lock(&fetcher->lock);
    fetcher->stopping = TRUE;
    for (guint i = 0; i < fetcher->channels->len; i++)
        shutdown(g_array_index(fetcher->channels, int, i), SHUT_RDWR);
    kx_cond_broadcast(&fetcher->changed);
    g_autoptr(GPtrArray) threads = fetcher->threads;
    fetcher->threads = g_ptr_array_new();
    kx_mutex_unlock(&fetcher->lock);
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
}

void kx_fetcher_free(KxFetcher *fetcher)
{
    if (!fetcher)
        return;
    kx_fetcher_stop(fetcher);
    g_queue_clear(&fetcher->due);
    g_hash_table_unref(fetcher->jobs);
    g_array_unref(fetcher->channels);
    g_ptr_array_unref(fetcher->threads);
    kx_fetch_memory_close(fetcher->tools.memory);
    kx_cond_clear(&fetcher->changed);
    kx_mutex_clear(&fetcher->lock);
    g_free(fetcher);
}

void kx_fetcher_set_courier(KxFetcher *fetcher, const KxQueueCourier *courier)
{
    kx_mutex_lock(&fetcher->lock);
    fetcher->courier = courier ? *courier : (KxQueueCourier){0};
    kx_mutex_unlock(&fetcher->lock);
}

/* ---- a session ---- */

static gboolean send_task(KxFetcher *fetcher, const KxFetchSession *session, int channel)
{
    const KxDownload *download = session->download;
    guint64 minutes = download->session_minutes ? download->session_minutes : MINUTES;
    KxMsgFetchTask task = {
        .protocol = download->protocol,
        .host = download->host,
        .port = (guint32)download->port,
        .tls = download->tls,
        .any_certificate = (guint32)download->any_certificate,
        .auth = download->auth,
        .login = download->login,
        .password = download->password,
        .folder = *download->folder ? download->folder : "INBOX",
        .timeout = (guint32)(download->timeout ? download->timeout : TIMEOUT),
        .seconds = (guint32)(minutes * 60),
        .size = download->message_size ? download->message_size : UNANNOUNCED_MAX,
        .test = (guint32)session->test,
    };
    kx_mutex_lock(&fetcher->lock);
    KxQueueCourier courier = fetcher->courier;
    kx_mutex_unlock(&fetcher->lock);
    return courier.send && courier.send(courier.data, KX_MSG_FETCH_TASK, 0, &task, channel);
}

/* FALSE: it is the end. */
static gboolean add_channel(KxFetcher *fetcher, int channel)
{
    kx_mutex_lock(&fetcher->lock);
    gboolean ok = !fetcher->stopping;
    if (ok)
        g_array_append_val(fetcher->channels, channel);
    kx_mutex_unlock(&fetcher->lock);
    return ok;
}

static void remove_channel(KxFetcher *fetcher, int channel)
{
    kx_mutex_lock(&fetcher->lock);
    for (guint i = 0; i < fetcher->channels->len; i++)
        if (g_array_index(fetcher->channels, int, i) == channel) {
            g_array_remove_index_fast(fetcher->channels, i);
            break;
        }
    close(channel);
    kx_mutex_unlock(&fetcher->lock);
}

static void conduct(KxFetcher *fetcher, KxFetchSession *session)
{
    int ends[2];
    g_autoptr(GError) error = NULL;
    if (!kx_channel_pair(ends, &error)) {
        g_strlcpy(session->result.text, error->message, sizeof session->result.text);
        return;
    }
    gboolean sent = send_task(fetcher, session, ends[1]);
    close(ends[1]);
    if (sent && add_channel(fetcher, ends[0])) {
        kx_fetch_session_run(session, ends[0]);
        remove_channel(fetcher, ends[0]);
        return;
    }
    close(ends[0]);
    g_strlcpy(session->result.text, "the process that downloads is being restarted",
              sizeof session->result.text);
}

static void log_result(KxFetcher *fetcher, const KxDownload *download, const KxFetchResult *result)
{
    KxLogger *logger = fetcher->tools.logger;
    kx_debug(logger, KX_DEBUG_REMOTE_POP3,
             "Download \"%s\": %u messages on the server, %u delivered, %u duplicates dropped, "
             "%u left, %u deleted",
             download->name, result->listed, result->taken, result->copies, result->left,
             result->deleted);
    if (!result->good)
        kx_log(logger, KX_LOG_ERROR, "Download \"%s\" from %s as %s: %s", download->name,
               download->host, download->login, result->text);
}

/* Fills in the result; its times are the caller's. */
static void run_session(KxFetcher *fetcher, const KxDownload *download, gboolean test,
                        KxFetchResult *result)
{
    KxFetchSession session = {.tools = &fetcher->tools, .download = download, .test = test};
    session.mailbox = kx_fetch_mailbox_name(download);
    conduct(fetcher, &session);
    session.result.began = result->began;
    *result = session.result;
    if (!test)
        log_result(fetcher, download, result);
    g_free(session.mailbox);
    g_free(session.ip);
    g_free(session.tls);
}

static KxDownload *find(const KxFetcher *fetcher, const char *name, GError **error)
{
    return (KxDownload *)(void *)kx_object_get(fetcher->tools.directory, KX_OBJECT_DOWNLOAD, name,
                                               error);
}

/* ---- threads ---- */

/* With the lock held. */
static void work(KxFetcher *fetcher, Job *job)
{
    KxFetchResult result = {.began = g_get_real_time() / G_USEC_PER_SEC};
    job->due = FALSE;
    job->running = TRUE;
    job->result = result;
    kx_mutex_unlock(&fetcher->lock);
    g_autoptr(KxDownload) download = find(fetcher, job->name, NULL);
    if (download)
        run_session(fetcher, download, FALSE, &result);
    kx_mutex_lock(&fetcher->lock);
    result.ended = g_get_real_time() / G_USEC_PER_SEC;
    job->result = result;
    job->running = FALSE;
    if (!download)
        g_hash_table_remove(fetcher->jobs, job->name);
    kx_cond_broadcast(&fetcher->changed);
}

static gpointer run(gpointer data)
{
    KxFetcher *fetcher = data;
    kx_mutex_lock(&fetcher->lock);
    while (!fetcher->stopping) {
        Job *job = g_queue_pop_head(&fetcher->due);
        if (job) {
            work(fetcher, job);
            continue;
        }
        fetcher->idle++;
        kx_cond_wait(&fetcher->changed, &fetcher->lock);
        fetcher->idle--;
    }
    kx_mutex_unlock(&fetcher->lock);
    return NULL;
}

/* With the lock held. */
static guint add_job(KxFetcher *fetcher, const char *name)
{
    Job *job = g_hash_table_lookup(fetcher->jobs, name);
    if (fetcher->stopping || (job && (job->due || job->running)))
        return 0;
    if (!job) {
        job = g_new0(Job, 1);
        job->name = g_strdup(name);
        g_hash_table_insert(fetcher->jobs, job->name, job);
    }
    job->due = TRUE;
    g_queue_push_tail(&fetcher->due, job);
    if (fetcher->due.length > fetcher->idle && fetcher->threads->len < THREADS_MAX)
        g_ptr_array_add(fetcher->threads, g_thread_new("fetch", run, fetcher));
    kx_cond_broadcast(&fetcher->changed);
    return 1;
}

gboolean kx_fetcher_begin(KxFetcher *fetcher, const char *name, guint *ret_n, GError **error)
{
    g_autoptr(KxDownload) one = name ? find(fetcher, name, error) : NULL;
    if (name && !one)
        return FALSE;
    g_autoptr(GPtrArray) all = name ? NULL
                                    : kx_object_list(fetcher->tools.directory, KX_OBJECT_DOWNLOAD,
                                                     &(KxQuery){0}, NULL, NULL);
    *ret_n = 0;
    kx_mutex_lock(&fetcher->lock);
    if (one)
        *ret_n = add_job(fetcher, one->name);
    for (guint i = 0; all && i < all->len; i++) {
        const KxDownload *download = all->pdata[i];
        if (!download->disabled)
            *ret_n += add_job(fetcher, download->name);
    }
    kx_mutex_unlock(&fetcher->lock);
    return TRUE;
}

/* With the lock held. */
static gboolean is_busy(KxFetcher *fetcher, const char *name)
{
    GHashTableIter iter;
    gpointer value;
    gboolean busy = FALSE;
    g_hash_table_iter_init(&iter, fetcher->jobs);
    while (!busy && g_hash_table_iter_next(&iter, NULL, &value)) {
        const Job *job = value;
        busy = (job->due || job->running) && (!name || strcmp(job->name, name) == 0);
    }
    return busy;
}

gboolean kx_fetcher_wait(KxFetcher *fetcher, const char *name, guint seconds)
{
    gint64 until = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    g_autoptr(KxDownload) one = name ? find(fetcher, name, NULL) : NULL;
    kx_mutex_lock(&fetcher->lock);
    const char *canonical = one ? one->name : name;
    while (is_busy(fetcher, canonical) && !fetcher->stopping && g_get_monotonic_time() < until)
        kx_cond_wait_until(&fetcher->changed, &fetcher->lock, until);
    gboolean done = !is_busy(fetcher, canonical);
    kx_mutex_unlock(&fetcher->lock);
    return done;
}

gboolean kx_fetcher_result(KxFetcher *fetcher, const char *name, KxFetchResult *ret_result,
                           gboolean *ret_running)
{
    kx_mutex_lock(&fetcher->lock);
    const Job *job = g_hash_table_lookup(fetcher->jobs, name);
    if (job) {
        *ret_result = job->result;
        *ret_running = job->due || job->running;
    }
    kx_mutex_unlock(&fetcher->lock);
    return job != NULL;
}

/* ---- for administrators ---- */

gboolean kx_fetcher_test(KxFetcher *fetcher, const char *name, guint *ret_messages, GError **error)
{
    g_autoptr(KxDownload) download = find(fetcher, name, error);
    if (!download)
        return FALSE;
    KxFetchResult result = {0};
    run_session(fetcher, download, TRUE, &result);
    *ret_messages = result.listed;
    return result.good || kx_fail(error, KX_ERR_FAILED, "%s", result.text);
}

gboolean kx_fetcher_forget(KxFetcher *fetcher, const char *name, GError **error)
{
    g_autoptr(KxDownload) download = find(fetcher, name, error);
    g_autofree char *mailbox = download ? kx_fetch_mailbox_name(download) : NULL;
    return mailbox && kx_fetch_memory_forget(fetcher->tools.memory, mailbox, error);
}

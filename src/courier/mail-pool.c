/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/mail-pool.h"

#include <openssl/err.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/lock.h"
#include "courier/trust.h"

enum {
    THREADS_MAX = 512,
    DNS_MAX = 128,    /* questions about DNS that wait or are asked: strangers choose the names; */
    DOMAINS_MAX = 32, /* those before a message is taken are counted by themselves */
    STACK = 256 * 1024, /* bytes */
    CACHE_MAX = 64,     /* connections */
    CACHE_SECONDS = 3,  /* as long as one is kept without work */
};

/* Settings in use; each task holds the ones it began with. */
typedef struct {
    gint references; /* atomic */
    KxMailTools tools;
} Setup;

typedef struct {
    char *key;
    KxMailSession *session;
    gint64 until;
} Kept;

struct KxMailPool {
    char *resolv_conf, *root_key;
    SSL_CTX *tls;
    KxStsCache *sts;
    KxPop3Before *pop3;
    int done_fd;
    KxMutex lock;         /* of what follows */
    KxCond work;          /* there is some, or it is the end */
    KxCond ended;         /* a thread has */
    GQueue waiting, done; /* KxMailTask */
    GPtrArray *running;   /* KxMailTask, borrowed */
    GQueue kept;          /* Kept, oldest first */
    Setup *setup;
    guint threads, idle;
    guint asked, domains; /* questions about DNS */
    gboolean refresh;     /* policies of MTA-STS are due */
    gboolean refreshing;  /* a thread is at it */
    gboolean stopping;
};

/* ---- settings ---- */

static Setup *setup_ref(Setup *setup)
{
    g_atomic_int_inc(&setup->references);
    return setup;
}

static void setup_unref(Setup *setup)
{
    if (!setup || !g_atomic_int_dec_and_test(&setup->references))
        return;
    kx_resolver_free(setup->tools.resolver);
    g_free(setup->tools.helo);
    g_free(setup);
}

static KxResolver *make_resolver(const KxMailPool *pool, const KxSettings *settings, GError **error)
{
    const char *dnssec = kx_settings_text(settings, KX_SET_DNS_DNSSEC);
    KxResolverOptions options = {.servers = kx_settings_list(settings, KX_SET_DNS_SERVERS),
                                 .resolv_conf = pool->resolv_conf,
                                 .anchors = kx_settings_list(settings, KX_SET_DNS_TRUST_ANCHORS),
                                 .root_key = pool->root_key,
                                 .validate = !g_str_equal(dnssec, "off"),
                                 .insist = g_str_equal(dnssec, "require")};
    return kx_resolver_new(&options, error);
}

gboolean kx_mail_pool_configure(KxMailPool *pool, const KxSettings *settings, GError **error)
{
    KxResolver *resolver = make_resolver(pool, settings, error);
    if (!resolver)
        return FALSE;
    Setup *setup = g_new0(Setup, 1);
    setup->references = 1;
    setup->tools =
        (KxMailTools){.resolver = resolver,
                      .tls = pool->tls,
                      .helo = g_strdup(kx_settings_text(settings, KX_SET_SERVER_HOSTNAME)),
                      .pop3 = pool->pop3,
                      .sts = kx_settings_bool(settings, KX_SET_SMTP_MTA_STS) ? pool->sts : NULL,
                      .sts_port = (guint)kx_settings_int(settings, KX_SET_SMTP_MTA_STS_PORT),
                      .dane = kx_settings_bool(settings, KX_SET_SMTP_DANE),
                      .reports = *kx_settings_text(settings, KX_SET_SMTP_TLS_REPORTS) != '\0'};
    kx_mutex_lock(&pool->lock);
    Setup *old = pool->setup;
    pool->setup = setup;
    kx_mutex_unlock(&pool->lock);
    setup_unref(old);
    return TRUE;
}

const KxMailTools *kx_mail_pool_take_tools(KxMailPool *pool)
{
    kx_mutex_lock(&pool->lock);
    Setup *setup = pool->setup ? setup_ref(pool->setup) : NULL;
    kx_mutex_unlock(&pool->lock);
    return setup ? &setup->tools : NULL;
}

void kx_mail_pool_give_tools(const KxMailTools *tools)
{
    G_STATIC_ASSERT(G_STRUCT_OFFSET(Setup, tools) % sizeof(gpointer) == 0);
    setup_unref((Setup *)(void *)((char *)(gpointer)tools - G_STRUCT_OFFSET(Setup, tools)));
}

/* ---- connections that are kept ---- */

static void free_kept(Kept *kept)
{
    kx_mail_session_free(kept->session);
    g_free(kept->key);
    g_free(kept);
}

/* With the lock held. */
static KxMailSession *take_kept(KxMailPool *pool, const char *key)
{
    for (GList *at = pool->kept.tail; at; at = at->prev) {
        Kept *kept = at->data;
        if (!g_str_equal(kept->key, key))
            continue;
        KxMailSession *session = g_steal_pointer(&kept->session);
        g_queue_delete_link(&pool->kept, at);
        free_kept(kept);
        return session;
    }
    return NULL;
}

/* With the lock held; what there is no room for any more is returned. */
static Kept *keep(KxMailPool *pool, char *key, KxMailSession *session)
{
    Kept *kept = g_new(Kept, 1);
    *kept = (Kept){key, session, g_get_monotonic_time() + CACHE_SECONDS * G_USEC_PER_SEC};
    g_queue_push_tail(&pool->kept, kept);
    return pool->kept.length > CACHE_MAX ? g_queue_pop_head(&pool->kept) : NULL;
}

static void drop_old(KxMailPool *pool)
{
    g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func((GDestroyNotify)free_kept);
    gint64 now = g_get_monotonic_time();
    kx_mutex_lock(&pool->lock);
    while (pool->kept.head && ((Kept *)pool->kept.head->data)->until <= now)
        g_ptr_array_add(old, g_queue_pop_head(&pool->kept));
    kx_mutex_unlock(&pool->lock);
}

/* ---- threads ---- */

/* Where questions of that kind are counted; NULL: they are not about DNS. */
static guint *counter_of(KxMailPool *pool, const KxMailTask *task)
{
    if (task->kind == KX_MAIL_DOMAIN)
        return &pool->domains;
    return task->kind == KX_MAIL_TEXTS || task->kind == KX_MAIL_SPF ? &pool->asked : NULL;
}

/* With the lock held. */
static void uncount(KxMailPool *pool, const KxMailTask *task)
{
    guint *counter = counter_of(pool, task);
    if (counter)
        --*counter;
}

static void work(KxMailPool *pool, KxMailTask *task)
{
    g_autofree char *key = kx_mail_route_key(task);
    Setup *setup = pool->setup ? setup_ref(pool->setup) : NULL;
    KxMailSession *session = take_kept(pool, key);
    Kept *surplus = NULL;
    g_ptr_array_add(pool->running, task);
    kx_mutex_unlock(&pool->lock);
    if (setup)
        session = kx_mail_deliver(&setup->tools, task, session);
    else
        kx_mail_task_result(task, 451, "4.3.5 The DNS servers cannot be used");
    setup_unref(setup);
    kx_mutex_lock(&pool->lock);
    g_ptr_array_remove_fast(pool->running, task);
    uncount(pool, task);
    if (session)
        surplus = keep(pool, g_steal_pointer(&key), session);
    g_queue_push_tail(&pool->done, task);
    kx_mutex_unlock(&pool->lock);
    if (surplus)
        free_kept(surplus);
    eventfd_write(pool->done_fd, 1);
    kx_mutex_lock(&pool->lock);
}

/* With the lock held, which is given back meanwhile. */
static void refresh(KxMailPool *pool)
{
    pool->refresh = FALSE;
    pool->refreshing = TRUE;
    Setup *setup = setup_ref(pool->setup);
    kx_mutex_unlock(&pool->lock);
    kx_sts_cache_refresh(pool->sts, setup->tools.resolver, setup->tools.sts_port);
    setup_unref(setup);
    kx_mutex_lock(&pool->lock);
    pool->refreshing = FALSE;
}

static void *run(void *data)
{
    KxMailPool *pool = data;
    kx_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        KxMailTask *task = g_queue_pop_head(&pool->waiting);
        if (task) {
            work(pool, task);
            continue;
        }
        if (pool->refresh) {
            refresh(pool);
            continue;
        }
        pool->idle++;
        kx_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
    }
    pool->threads--;
    kx_cond_signal(&pool->ended);
    kx_mutex_unlock(&pool->lock);
    OPENSSL_thread_stop();
    return NULL;
}

/* With the lock held. */
static void add_thread(KxMailPool *pool)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, run, pool) == 0)
        pool->threads++;
    pthread_attr_destroy(&attributes);
}

/* With the lock held. libunbound cannot be stopped while it waits for a server that is silent:
 * threads are left for mail. */
static gboolean refuse_question(KxMailPool *pool, KxMailTask *task)
{
    guint *counter = counter_of(pool, task);
    if (!counter)
        return FALSE;
    if (*counter < (counter == &pool->domains ? DOMAINS_MAX : DNS_MAX)) {
        ++*counter;
        return FALSE;
    }
    kx_mail_task_result(task, 451, "4.4.3 Too many questions wait for DNS");
    g_queue_push_tail(&pool->done, task);
    eventfd_write(pool->done_fd, 1);
    return TRUE;
}

void kx_mail_pool_add(KxMailPool *pool, KxMailTask *task)
{
    kx_mutex_lock(&pool->lock);
    if (!refuse_question(pool, task)) {
        g_queue_push_tail(&pool->waiting, task);
        if (pool->waiting.length > pool->idle && pool->threads < THREADS_MAX)
            add_thread(pool);
        kx_cond_signal(&pool->work);
    }
    kx_mutex_unlock(&pool->lock);
}

/* One policy a second at most. */
static void refresh_policies(KxMailPool *pool)
{
    if (!kx_sts_cache_is_due(pool->sts))
        return;
    kx_mutex_lock(&pool->lock);
    if (pool->setup && pool->setup->tools.sts && !pool->refreshing && !pool->stopping) {
        pool->refresh = TRUE;
        if (pool->idle == 0 && pool->threads < THREADS_MAX)
            add_thread(pool);
        kx_cond_signal(&pool->work);
    }
    kx_mutex_unlock(&pool->lock);
}

void kx_mail_pool_tick(KxMailPool *pool)
{
    drop_old(pool);
    refresh_policies(pool);
}

int kx_mail_pool_fd(const KxMailPool *pool)
{
    return pool->done_fd;
}

void kx_mail_pool_news(KxMailPool *pool, void (*tell)(gpointer data, KxMailTask *task),
                       gpointer data)
{
    kx_mutex_lock(&pool->lock);
    for (guint i = 0; i < pool->running->len; i++)
        tell(data, pool->running->pdata[i]);
    kx_mutex_unlock(&pool->lock);
}

KxMailTask *kx_mail_pool_done(KxMailPool *pool)
{
    eventfd_t count;
    eventfd_read(pool->done_fd, &count); /* before looking: what comes later signals again */
    kx_mutex_lock(&pool->lock);
    KxMailTask *task = g_queue_pop_head(&pool->done);
    kx_mutex_unlock(&pool->lock);
    return task;
}

/* ---- life ---- */

static SSL_CTX *make_tls(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    kx_trust_load(ctx);
    SSL_CTX_dane_enable(ctx);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ctx;
}

static void wake(gpointer data)
{
    eventfd_write(((KxMailPool *)data)->done_fd, 1);
}

KxStsCache *kx_mail_pool_sts(KxMailPool *pool)
{
    return pool->sts;
}

KxMailPool *kx_mail_pool_new(const char *resolv_conf, const char *root_key)
{
    KxMailPool *pool = g_new0(KxMailPool, 1);
    pool->resolv_conf = g_strdup(resolv_conf);
    pool->root_key = g_strdup(root_key);
    pool->tls = make_tls();
    pool->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pool->sts = kx_sts_cache_new(pool->tls, wake, pool);
    pool->pop3 = kx_pop3_before_new();
    pool->running = g_ptr_array_new();
    kx_mutex_init(&pool->lock);
    kx_cond_init(&pool->work);
    kx_cond_init(&pool->ended);
    g_queue_init(&pool->waiting);
    g_queue_init(&pool->done);
    g_queue_init(&pool->kept);
    return pool;
}

/* With the lock held. */
static void cancel(KxMailPool *pool)
{
    KxMailTask *task;
    for (guint i = 0; i < pool->running->len; i++)
        g_atomic_int_set(&((KxMailTask *)pool->running->pdata[i])->cancelled, 1);
    while ((task = g_queue_pop_head(&pool->waiting))) {
        uncount(pool, task);
        kx_mail_task_free(task);
    }
    while ((task = g_queue_pop_head(&pool->done)))
        kx_mail_task_free(task);
}

void kx_mail_pool_cancel(KxMailPool *pool)
{
    kx_mutex_lock(&pool->lock);
    cancel(pool);
    kx_mutex_unlock(&pool->lock);
}

/* Threads that wait for a server are left behind: the process ends. */
void kx_mail_pool_free(KxMailPool *pool)
{
    Kept *kept;
    kx_mutex_lock(&pool->lock);
    cancel(pool);
    pool->stopping = TRUE;
    pthread_cond_broadcast(&pool->work.cond);
    while (pool->threads > pool->running->len + (pool->refreshing ? 1 : 0))
        kx_cond_wait(&pool->ended, &pool->lock);
    while ((kept = g_queue_pop_head(&pool->kept)))
        free_kept(kept);
    gboolean unused = pool->threads == 0;
    kx_mutex_unlock(&pool->lock);
    if (!unused)
        return;
    setup_unref(pool->setup);
    kx_sts_cache_free(pool->sts);
    kx_pop3_before_free(pool->pop3);
    SSL_CTX_free(pool->tls);
    close(pool->done_fd);
    g_ptr_array_unref(pool->running);
    kx_mutex_clear(&pool->lock);
    g_free(pool->resolv_conf);
    g_free(pool->root_key);
    g_free(pool);
}

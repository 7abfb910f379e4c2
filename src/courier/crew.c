/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/crew.h"

#include <openssl/crypto.h>
#include <pthread.h>

#include "base/lock.h"

enum { STACK = 512 * 1024 /* bytes: a packed message lies there */ };

struct KxCrew {
    KxMailPool *mail;
    guint most;
    KxCrewWork work;
    gpointer data;
    KxMutex lock;
    guint threads;
};

typedef struct {
    KxCrew *crew;
    gpointer job;
} Begun;

static void *run(void *data)
{
    Begun *begun = data;
    KxCrew *crew = begun->crew;
    const KxMailTools *tools = kx_mail_pool_take_tools(crew->mail);
    crew->work(crew->data, begun->job, tools);
    g_free(begun);
    if (tools)
        kx_mail_pool_give_tools(tools);
    OPENSSL_thread_stop();
    kx_mutex_lock(&crew->lock);
    crew->threads--;
    kx_mutex_unlock(&crew->lock);
    return NULL;
}

static gboolean start_thread(KxCrew *crew, gpointer job)
{
    Begun *begun = g_new(Begun, 1);
    *begun = (Begun){crew, job};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    gboolean ok = pthread_create(&thread, &attributes, run, begun) == 0;
    pthread_attr_destroy(&attributes);
    if (!ok)
        g_free(begun);
    return ok;
}

KxCrew *kx_crew_new(KxMailPool *mail, guint most, KxCrewWork work, gpointer data)
{
    KxCrew *crew = g_new0(KxCrew, 1);
    crew->mail = mail;
    crew->most = most;
    crew->work = work;
    crew->data = data;
    kx_mutex_init(&crew->lock);
    return crew;
}

gboolean kx_crew_free(KxCrew *crew)
{
    kx_mutex_lock(&crew->lock);
    gboolean unused = crew->threads == 0;
    kx_mutex_unlock(&crew->lock);
    if (!unused)
        return FALSE;
    kx_mutex_clear(&crew->lock);
    g_free(crew);
    return TRUE;
}

gboolean kx_crew_begin(KxCrew *crew, gpointer job)
{
    kx_mutex_lock(&crew->lock);
    gboolean ok = crew->threads < crew->most && start_thread(crew, job);
    crew->threads += ok;
    kx_mutex_unlock(&crew->lock);
    return ok;
}

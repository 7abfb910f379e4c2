/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the process is there, and the channels of those who ask it. */
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "kerberos/kerberos-private.h"

enum { START_SECONDS = 5 };

KxKerberos *kx_kerberos_new(KxKerberosTell tell, gpointer data)
{
    KxKerberos *kerberos = g_new0(KxKerberos, 1);
    kerberos->tell = tell;
    kerberos->data = data;
    kerberos->fd = -1;
    kx_mutex_init(&kerberos->lock);
    kx_cond_init(&kerberos->changed);
    kerberos->channels = g_array_new(FALSE, FALSE, sizeof(int));
    kerberos->quiet = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return kerberos;
}

static void drop(KxKerberos *kerberos)
{
    if (kerberos->fd >= 0)
        close(kerberos->fd);
    kerberos->fd = -1;
}

void kx_kerberos_free(KxKerberos *kerberos)
{
    if (!kerberos)
        return;
    drop(kerberos);
    g_array_unref(kerberos->channels);
    g_hash_table_unref(kerberos->quiet);
    kx_cond_clear(&kerberos->changed);
    kx_mutex_clear(&kerberos->lock);
    g_free(kerberos);
}

void kx_kerberos_stop(KxKerberos *kerberos)
{
    kx_mutex_lock(&kerberos->lock);
    kerberos->stopped = TRUE;
    for (guint i = 0; i < kerberos->channels->len; i++)
        shutdown(g_array_index(kerberos->channels, int, i), SHUT_RDWR);
    kx_cond_broadcast(&kerberos->changed);
    kx_mutex_unlock(&kerberos->lock);
}

/* ---- what the keeper says ---- */

void kx_kerberos_ready(KxKerberos *kerberos, int fd)
{
    kx_mutex_lock(&kerberos->lock);
    drop(kerberos);
    kerberos->fd = fd;
    kx_cond_broadcast(&kerberos->changed);
    kx_mutex_unlock(&kerberos->lock);
}

void kx_kerberos_ended(KxKerberos *kerberos)
{
    kx_mutex_lock(&kerberos->lock);
    drop(kerberos);
    kerberos->wanted = FALSE;
    kx_cond_broadcast(&kerberos->changed);
    kx_mutex_unlock(&kerberos->lock);
}

/* ---- asking ---- */

/* With the lock held. FALSE: it did not come. */
static gboolean await(KxKerberos *kerberos)
{
    gint64 until = g_get_monotonic_time() + START_SECONDS * G_USEC_PER_SEC;
    while (kerberos->fd < 0 && !kerberos->stopped && g_get_monotonic_time() < until) {
        if (!kerberos->wanted)
            kerberos->tell(kerberos->data);
        kerberos->wanted = TRUE;
        kx_cond_wait_until(&kerberos->changed, &kerberos->lock, until);
        if (!kerberos->wanted)
            return FALSE; /* it ended at once, and would again */
    }
    return kerberos->fd >= 0 && !kerberos->stopped;
}

int kx_kerberos_open(KxKerberos *kerberos, KxMessageType type, const void *question)
{
    int ends[2];
    if (!kx_channel_pair(ends, NULL))
        return -1;
    kx_mutex_lock(&kerberos->lock);
    int process = await(kerberos) ? dup(kerberos->fd) : -1;
    if (process >= 0)
        g_array_append_val(kerberos->channels, ends[0]);
    kx_mutex_unlock(&kerberos->lock);
    gboolean sent = process >= 0 && kx_channel_send(process, type, 0, question, ends[1]);
    close(ends[1]);
    if (sent) {
        close(process);
        return ends[0];
    }
    if (process >= 0) {
        close(process);
        kx_kerberos_close(kerberos, ends[0]);
    } else {
        close(ends[0]);
    }
    return -1;
}

void kx_kerberos_close(KxKerberos *kerberos, int channel)
{
    kx_mutex_lock(&kerberos->lock);
    for (guint i = 0; i < kerberos->channels->len; i++)
        if (g_array_index(kerberos->channels, int, i) == channel) {
            g_array_remove_index_fast(kerberos->channels, i);
            break;
        }
    close(channel);
    kx_mutex_unlock(&kerberos->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the renewal of certificates needs of the other roles: edges that show a certificate, and the
 * keeper's programs that change DNS. */
#include "base/error.h"
#include "ipc/channel.h"
#include "server/core-private.h"

enum { ANSWER_SECONDS = 150 }; /* longer than the keeper lets a program run */

static void tell_edges(gpointer data, const KxMsgChallenge *message)
{
    KxCoreProcess *process = data;
    kx_workers_broadcast(process->workers, KX_MSG_CHALLENGE, message);
}

static gboolean run_hook(gpointer data, KxHook hook, const char *host, const char *digest,
                         GError **error)
{
    KxCoreProcess *process = data;
    gint64 until = g_get_monotonic_time() + (gint64)ANSWER_SECONDS * G_USEC_PER_SEC;
    kx_mutex_lock(&process->dns_hook.lock);
    process->dns_hook.running = TRUE;
    process->dns_hook.good = FALSE;
    g_clear_pointer(&process->dns_hook.text, g_free);
    kx_channel_send(process->keeper_fd, KX_MSG_HOOK, 0, &(KxMsgHook){hook, host, digest}, -1);
    while (process->dns_hook.running && !process->dns_hook.stopping &&
           g_get_monotonic_time() < until)
        kx_cond_wait_until(&process->dns_hook.ended, &process->dns_hook.lock, until);
    gboolean good = process->dns_hook.good;
    process->dns_hook.running = FALSE;
    if (!good)
        kx_fail(error, KX_ERR_FAILED, "the record cannot be put into DNS: %s",
                process->dns_hook.text ? process->dns_hook.text : "the program does not end");
    kx_mutex_unlock(&process->dns_hook.lock);
    return good;
}

void kx_core_dns_hook_ended(KxCoreProcess *process, const KxMsgHookEnded *message)
{
    kx_mutex_lock(&process->dns_hook.lock);
    if (process->dns_hook.running) {
        process->dns_hook.running = FALSE;
        process->dns_hook.good = message->good != 0;
        process->dns_hook.text = g_strdup(message->text);
        kx_cond_broadcast(&process->dns_hook.ended);
    }
    kx_mutex_unlock(&process->dns_hook.lock);
}

static gboolean service_runs(gpointer data, KxServiceId id)
{
    KxCoreProcess *process = data;
    kx_mutex_lock(&process->lock);
    gboolean runs = process->services[id].running && process->services[id].listening > 0;
    kx_mutex_unlock(&process->lock);
    return runs;
}

void kx_core_renewal_start(KxCoreProcess *process)
{
    KxRenewalTools tools = {{tell_edges, run_hook, service_runs, process},
                            process->hooks.certificates_changed};
    process->hooks.renewal = kx_renewal_start(&process->core, &tools);
    kx_http_add(process->core.http, &kx_proofs_app, kx_renewal_proofs(process->hooks.renewal));
}

void kx_core_renewal_stop(KxCoreProcess *process)
{
    kx_mutex_lock(&process->dns_hook.lock);
    process->dns_hook.stopping = TRUE;
    kx_cond_broadcast(&process->dns_hook.ended);
    kx_mutex_unlock(&process->dns_hook.lock);
    kx_renewal_stop(process->hooks.renewal);
}

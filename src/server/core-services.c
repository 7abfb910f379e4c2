/* SPDX-License-Identifier: Apache-2.0 */
/* Services: which listen where (SVC-01 to 03, 20 to 24), changed live. */
#include "base/error.h"
#include "core/client-certificate.h"
#include "ipc/channel.h"
#include "server/core-private.h"
#include "settings/checks.h"

/* `services`: a bit for each. */
static void end_asking(KxCoreProcess *process, guint services)
{
    kx_channel_send(process->keeper_fd, KX_MSG_LISTEN_END, 0, &(KxMsgListenEnd){services}, -1);
}

/* Where a service shall listen, as text; with `ask` the keeper is asked for it. */
static char *wanted_listen(KxCoreProcess *process, KxServiceId id, KxSettings *settings,
                           gboolean ask)
{
    guint offset = (guint)kx_settings_int(settings, KX_SET_SERVER_PORT_OFFSET);
    GString *all = g_string_new(NULL);
    const char *const *entry =
        kx_settings_list(settings, kx_setting_of_service(id, KX_SERVICE_ROW_LISTEN));
    for (; entry && *entry; entry++) {
        g_autofree char *address = NULL;
        guint16 port = 0;
        if (!kx_listen_parse(*entry, &address, &port, NULL))
            continue; /* the table of settings lets no such entry in */
        KxMsgListen wish = {id, address ? address : "*", port + offset};
        g_string_append_printf(all, "%s%s:%u", all->len ? ", " : "", wish.address, wish.port);
        if (ask)
            kx_channel_send(process->keeper_fd, KX_MSG_LISTEN, 0, &wish, -1);
    }
    return g_string_free(all, FALSE);
}

/* With the lock held. */
static void ask(KxCoreProcess *process, KxServiceId id, KxSettings *settings)
{
    KxServiceState *state = &process->services[id];
    g_clear_pointer(&state->error, g_free);
    state->listening = 0;
    g_free(state->listen);
    state->listen = wanted_listen(process, id, settings, TRUE);
}

/* With the lock held. */
static void withdraw(KxCoreProcess *process, KxServiceId id)
{
    process->services[id].listening = 0;
    g_clear_pointer(&process->services[id].error, g_free);
    kx_channel_send(process->keeper_fd, KX_MSG_UNLISTEN, 0, &(KxMsgUnlisten){id}, -1);
}

void kx_core_services_start(KxCoreProcess *process)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    kx_mutex_lock(&process->lock);
    for (guint id = 0; id < KX_SERVICE_COUNT; id++) {
        const char *startup =
            kx_settings_text(settings, kx_setting_of_service(id, KX_SERVICE_ROW_STARTUP));
        process->services[id].running = process->inherited.known
                                            ? (process->inherited.running >> id & 1)
                                            : g_str_equal(startup, "automatic");
        if (process->services[id].running)
            ask(process, id, settings);
        else
            process->services[id].listen = wanted_listen(process, id, settings, FALSE);
    }
    process->started_services = TRUE;
    end_asking(process, (1U << KX_SERVICE_COUNT) - 1);
    kx_mutex_unlock(&process->lock);
}

void kx_core_services_settings(KxCoreProcess *process, KxSettings *settings)
{
    guint asked = 0;
    kx_mutex_lock(&process->lock);
    for (guint id = 0; id < KX_SERVICE_COUNT && process->started_services; id++) {
        KxServiceState *state = &process->services[id];
        g_autofree char *listen = wanted_listen(process, id, settings, FALSE);
        if (g_strcmp0(listen, state->listen) == 0)
            continue;
        if (!state->running) {
            g_free(state->listen);
            state->listen = g_steal_pointer(&listen);
            continue;
        }
        ask(process, id, settings); /* addresses that stay are not interrupted */
        asked |= 1U << id;
    }
    if (asked)
        end_asking(process, asked);
    kx_mutex_unlock(&process->lock);
    kx_core_send_access(process);
}

void kx_core_service_listening(KxCoreProcess *process, const KxMsgListening *message)
{
    if (message->service >= KX_SERVICE_COUNT)
        return;
    const KxService *service = kx_service(message->service);
    kx_mutex_lock(&process->lock);
    KxServiceState *state = &process->services[message->service];
    gboolean failed = message->error[0] != '\0';
    if (failed) {
        g_free(state->error);
        state->error =
            g_strdup_printf("%s:%u: %s", message->address, message->port, message->error);
    } else {
        state->listening++;
        if (message->service == KX_SERVICE_SMTP)
            kx_scheduler_listening(process->core.scheduler);
    }
    kx_mutex_unlock(&process->lock);
    if (failed)
        kx_log(process->core.logger, KX_LOG_ERROR, "Service %s cannot be started on %s:%u: %s",
               service->title, message->address, message->port, message->error);
    else
        kx_log(process->core.logger, KX_LOG_DEBUG, "Service %s listens on %s:%u", service->title,
               message->address, message->port);
}

gboolean kx_core_service_action(gpointer data, KxServiceId id, KxServiceAction action,
                                GError **error)
{
    KxCoreProcess *process = data;
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    kx_mutex_lock(&process->lock);
    KxServiceState *state = &process->services[id];
    gboolean ok = TRUE;
    static const char *const WORDS[] = {
        [KX_SERVICE_START] = "start", [KX_SERVICE_STOP] = "stop", [KX_SERVICE_RESTART] = "restart"};
    kx_debug(process->core.logger, KX_DEBUG_SERVICE_MANAGER, "Service %s: %s",
             kx_service(id)->title, WORDS[action]);
    if (action == KX_SERVICE_STOP || action == KX_SERVICE_RESTART)
        withdraw(process, id);
    else if (state->running && state->listening > 0 && !state->error)
        ok = kx_fail(error, KX_ERR_IN_USE, "%s is running already", kx_service(id)->name);
    if (ok) {
        state->running = action != KX_SERVICE_STOP;
        if (state->running) {
            ask(process, id, settings);
            end_asking(process, 1U << id);
        }
    }
    kx_mutex_unlock(&process->lock);
    return ok;
}

#define THIS_HOST "127.0.0.0/8,::1"
#define NOBODY    "255.255.255.255" /* no client has this address */

static char *group_networks(KxDirectory *directory, const char *name)
{
    if (!*name)
        return g_strdup("");
    g_autofree char *networks = kx_ip_group_networks(directory, name);
    /* a group without entries lets nobody in */
    return g_strdup(*networks ? networks : NOBODY);
}

static void send_sign_in(KxCoreProcess *process, KxSettings *settings)
{
    process->provided = kx_auth_provides(process->core.directory);
    g_auto(GStrv) offered = kx_sasl_offered_methods(process->core.directory, settings);
    g_autofree char *methods = g_strjoinv(" ", offered);
    g_autofree char *exempt = group_networks(process->core.directory,
                                             kx_settings_text(settings, KX_SET_AUTH_POLICY_EXEMPT));
    gboolean asks = g_strv_contains((const char *const *)offered, "EXTERNAL");
    g_autoptr(GBytes) authorities = asks ? kx_client_authorities(settings) : NULL;
    size_t len = 0;
    const char *names = authorities ? g_bytes_get_data(authorities, &len) : "";
    kx_workers_broadcast(process->workers, KX_MSG_SIGN_IN,
                         &(KxMsgSignIn){methods, exempt, {names, len}});
}

static void send_proxies(KxCoreProcess *process, KxSettings *settings)
{
    static const KxSettingId GROUPS[KX_PROXY_KINDS] = {
        [KX_PROXY_HEADER] = KX_SET_SERVER_PROXY_GROUP, [KX_PROXY_XCLIENT] = KX_SET_SMTP_XCLIENT};
    for (guint kind = 0; kind < KX_PROXY_KINDS; kind++) {
        g_autofree char *networks =
            group_networks(process->core.directory, kx_settings_text(settings, GROUPS[kind]));
        kx_workers_broadcast(process->workers, KX_MSG_PROXIES, &(KxMsgProxies){kind, networks});
    }
}

/* After passwords were imported, or the last of them was made our own; a first token was made. */
void kx_core_check_sign_in(KxCoreProcess *process)
{
    kx_mutex_lock(&process->telling);
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    if (process->provided != kx_auth_provides(process->core.directory))
        send_sign_in(process, settings);
    kx_mutex_unlock(&process->telling);
}

void kx_core_send_access(KxCoreProcess *process)
{
    kx_mutex_lock(&process->telling);
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    send_sign_in(process, settings); /* before the first client is let in */
    send_proxies(process, settings);
    for (guint id = 0; id < KX_SERVICE_COUNT; id++) {
        const char *group =
            kx_settings_text(settings, kx_setting_of_service(id, KX_SERVICE_ROW_ACCESS_GROUP));
        gboolean local = id == KX_SERVICE_ADMIN && !kx_settings_bool(settings, KX_SET_ADMIN_REMOTE);
        g_autofree char *networks =
            local ? g_strdup(THIS_HOST) : group_networks(process->core.directory, group);
        KxMsgServiceAccess access = {
            .service = id,
            .max_connections = (guint32)kx_settings_int(
                settings, kx_setting_of_service(id, KX_SERVICE_ROW_MAX_CONNECTIONS)),
            .networks = networks,
        };
        kx_workers_broadcast(process->workers, KX_MSG_SERVICE_ACCESS, &access);
    }
    kx_mutex_unlock(&process->telling);
}

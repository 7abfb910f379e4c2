/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core role's process: opens what the data directory holds, serves the edges with worker threads and the
 * command line with a control thread; its main thread only listens to the keeper.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "flow/queue.h"
#include "imap/imap.h"
#include "ipc/channel.h"
#include "log/log-settings.h"
#include "pop3/pop3.h"
#include "server/core-private.h"
#include "server/roles.h"
#include "server/sandbox.h"
#include "smtp/smtp.h"

G_STATIC_ASSERT((int)KX_EDGE_LOG_SECURITY == (int)KX_LOG_SECURITY);
G_STATIC_ASSERT((int)KX_EDGE_LOG_WARNING == (int)KX_LOG_WARNING);
G_STATIC_ASSERT((int)KX_EDGE_LOG_ERROR == (int)KX_LOG_ERROR);
G_STATIC_ASSERT((int)KX_EDGE_LOG_DEBUG == (int)KX_LOG_DEBUG);

static const KxHandler *const handlers[KX_PROTOCOL_COUNT] = {
    [KX_PROTOCOL_SMTP] = &kx_smtp_handler,
    [KX_PROTOCOL_IMAP] = &kx_imap_handler,
    [KX_PROTOCOL_POP3] = &kx_pop3_handler,
};

/* ---- settings ---- */

static void send_settings(KxCoreProcess *process, KxSettings *settings)
{
    g_autoptr(GBytes) edge = kx_settings_pack(settings, KX_SETTING_EDGE);
    size_t len;
    const void *bytes = g_bytes_get_data(edge, &len);
    kx_workers_broadcast(process->workers, KX_MSG_SETTINGS, &(KxMsgSettings){{bytes, len}});
}

static void send_courier_settings(KxCoreProcess *process, KxSettings *settings)
{
    int fd = g_atomic_int_get(&process->courier);
    if (fd < 0)
        return;
    g_autoptr(GBytes) packed = kx_settings_pack(settings, KX_SETTING_COURIER);
    size_t len;
    const void *bytes = g_bytes_get_data(packed, &len);
    kx_channel_send(fd, KX_MSG_SETTINGS, 0, &(KxMsgSettings){{bytes, len}}, -1);
}

static void settings_changed(gpointer data, KxSettings *settings)
{
    KxCoreProcess *process = data;
    kx_log_apply_settings(process->core.logger, settings);
    if (!process->workers)
        return;
    send_settings(process, settings);
    send_courier_settings(process, settings);
    kx_core_services_settings(process, settings);
}

/* ---- peers ---- */

static void write_peer_log(KxCoreProcess *process, const KxMsgLog *line)
{
    if (line->log < KX_LOG_COUNT)
        kx_log(process->core.logger, line->log, "%s", line->text);
}

static void edge_message(gpointer data, guint edge, const KxMessage *message)
{
    if (message->type == KX_MSG_LOG)
        write_peer_log(data, &message->LOG);
}

static void courier_message(gpointer data, KxLink *link, KxMessage *message)
{
    if (message->type == KX_MSG_LOG)
        write_peer_log(data, &message->LOG);
}

static void courier_closed(gpointer data, KxLink *link, const GError *error)
{
    KxCoreProcess *process = data;
    g_atomic_int_set(&process->courier, -1);
    g_clear_pointer(&process->courier_link, kx_link_free);
}

static const KxLinkCallbacks courier_callbacks = {courier_message, courier_closed};

static void add_peer(KxCoreProcess *process, KxMessage *message)
{
    const KxMsgPeer *peer = &message->PEER;
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    if (peer->role == KX_ROLE_EDGE && peer->index < KX_EDGES_MAX) {
        kx_workers_add_edge(process->workers, peer->index, message->fd);
        message->fd = -1;
        send_settings(process, settings);
        kx_core_send_access(process, settings);
    } else if (peer->role == KX_ROLE_COURIER) {
        if (process->courier_link)
            courier_closed(process, process->courier_link, NULL);
        int fd = message->fd;
        message->fd = -1;
        process->courier_link =
            kx_link_new(process->base, fd, KX_ROLE_CORE, KX_ROLE_COURIER, &courier_callbacks, process);
        g_atomic_int_set(&process->courier, fd);
        send_courier_settings(process, settings);
    }
}

static void role_state(KxCoreProcess *process, const KxMsgRoleState *state)
{
    KxRoleInfo info = {state->pid, state->state, state->restarts, state->landlock, state->seccomp, TRUE};
    g_mutex_lock(&process->lock);
    if (state->role == KX_ROLE_CORE)
        process->core_info = info;
    else if (state->role == KX_ROLE_COURIER)
        process->courier_info = info;
    else if (state->role == KX_ROLE_EDGE && state->index < KX_EDGES_MAX)
        process->edges[state->index] = info;
    g_mutex_unlock(&process->lock);
}

static void keeper_message(gpointer data, KxLink *link, KxMessage *message)
{
    KxCoreProcess *process = data;
    switch (message->type) {
    case KX_MSG_PEER:
        add_peer(process, message);
        break;
    case KX_MSG_LISTENING:
        kx_core_service_listening(process, &message->LISTENING);
        break;
    case KX_MSG_ROLE_STATE:
        role_state(process, &message->ROLE_STATE);
        break;
    case KX_MSG_LOG:
        write_peer_log(process, &message->LOG);
        break;
    case KX_MSG_STOP:
        process->stopping = TRUE;
        event_base_loopbreak(process->base);
        break;
    default:
        break;
    }
}

static void keeper_closed(gpointer data, KxLink *link, const GError *error)
{
    KxCoreProcess *process = data;
    event_base_loopbreak(process->base);
}

static const KxLinkCallbacks keeper_callbacks = {keeper_message, keeper_closed};

/* ---- hooks of administration ---- */

static void certificates_changed(gpointer data)
{
    KxCoreProcess *process = data;
    kx_channel_send(process->keeper_fd, KX_MSG_CERTIFICATES_CHANGED, 0, &(KxMsgCertificatesChanged){}, -1);
}

static void access_changed(gpointer data)
{
    KxCoreProcess *process = data;
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    kx_core_send_access(process, settings);
}

/* ---- life ---- */

static void on_tick(evutil_socket_t fd, short what, void *data)
{
    KxCoreProcess *process = data;
    kx_logger_tick(process->core.logger);
    kx_store_tick(process->core.store);
}

/* The key that seals tickets is the first thing the keeper says. */
static gboolean receive_key(guint8 *key, GError **error)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    if (kx_channel_receive(KX_FD_KEEPER, KX_ROLE_KEEPER, KX_ROLE_CORE, buffer, &message, error) != KX_RECEIVED ||
        message.type != KX_MSG_SECRET || message.SECRET.key.len != KX_TICKET_KEY)
        return error && *error ? FALSE : kx_fail(error, KX_ERR_PROTOCOL, "the keeper sent no key");
    memcpy(key, message.SECRET.key.data, KX_TICKET_KEY);
    explicit_bzero(buffer, KX_MESSAGE_MAX);
    return TRUE;
}

static gboolean open_data(KxCoreProcess *process, GError **error)
{
    KxCore *core = &process->core;
    KxLoggerOptions options = {
        .directory = "store/logs", .external = kx_core_log_sink, .external_data = process};
    if (!(core->logger = kx_logger_open(&options, error)) ||
        !(core->directory = kx_directory_open(core->logger, error)))
        return FALSE;
    g_autoptr(KxSettings) settings = kx_directory_settings(core->directory);
    kx_log_apply_settings(process->core.logger, settings);
    if (!(core->store = kx_store_open(core->logger, error)))
        return FALSE;
    kx_store_recover(core->store);
    core->maildrops = kx_exclusive_new();
    core->pop3_logins = kx_recent_logins_new();
    core->queue = kx_queue_open(core->store, core->directory, core->logger, error);
    if (core->queue)
        kx_queue_start(core->queue);
    return core->queue != NULL;
}

static void close_data(KxCoreProcess *process)
{
    KxCore *core = &process->core;
    g_clear_pointer(&core->queue, kx_queue_close);
    g_clear_pointer(&core->store, kx_store_close);
    g_clear_pointer(&core->maildrops, kx_exclusive_free);
    g_clear_pointer(&core->pop3_logins, kx_recent_logins_free);
    if (core->logger && process->stopping)
        kx_log(core->logger, KX_LOG_DEBUG, "Server stopped");
    g_clear_pointer(&core->directory, kx_directory_close);
    g_clear_pointer(&core->logger, kx_logger_close);
}

static void run(KxCoreProcess *process, const KxSandbox *sandbox)
{
    kx_log(process->core.logger, KX_LOG_DEBUG, "Server started, version %s, process %d%s", KX_VERSION, getpid(),
           sandbox->landlock ? "" : ", without Landlock: this kernel has none");
    process->control = kx_control_start(KX_FD_CONTROL, &process->core, &process->hooks);
    kx_link_send(process->keeper, KX_MSG_ROLE_READY, 0,
                 &(KxMsgRoleReady){sandbox->landlock, sandbox->seccomp}, -1);
    kx_core_services_start(process);
    struct timeval second = {1, 0};
    event_add(process->tick, &second);
    event_base_dispatch(process->base);
    kx_control_stop(process->control);
    kx_workers_free(process->workers);
    process->workers = NULL;
}

static void map_counts(KxCoreProcess *process)
{
    process->counts = mmap(NULL, sizeof *process->counts, PROT_READ, MAP_SHARED, KX_FD_CORE_COUNTS, 0);
    g_assert(process->counts != MAP_FAILED);
    close(KX_FD_CORE_COUNTS);
}

int kx_role_core_main(void)
{
    KxCoreProcess *process = g_new0(KxCoreProcess, 1);
    g_autoptr(GError) error = NULL;
    KxSandbox sandbox;
    guint8 key[KX_TICKET_KEY];
    process->courier = -1;
    process->keeper_fd = KX_FD_KEEPER;
    process->started = g_get_real_time() / G_USEC_PER_SEC;
    g_mutex_init(&process->lock);
    map_counts(process);
    if (!receive_key(key, &error) || !kx_sandbox_enter(KX_ROLE_CORE, &sandbox, &error) ||
        !open_data(process, &error)) {
        g_printerr("keryx core: %s\n", error->message);
        if (process->core.logger)
            kx_log(process->core.logger, KX_LOG_ERROR, "The server cannot start: %s", error->message);
        return 1;
    }
    process->base = event_base_new();
    process->hooks = (KxServerHooks){kx_core_status, kx_core_service_action, certificates_changed,
                                     access_changed, process};
    process->workers = kx_workers_new(&process->core, handlers, key, edge_message, process);
    kx_directory_on_settings(process->core.directory, settings_changed, process);
    process->keeper =
        kx_link_new(process->base, KX_FD_KEEPER, KX_ROLE_CORE, KX_ROLE_KEEPER, &keeper_callbacks, process);
    process->tick = event_new(process->base, -1, EV_PERSIST, on_tick, process);
    run(process, &sandbox);
    close_data(process);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core role's process: opens what the data directory holds, serves the edges with worker
 * threads and the command line with a control thread; its main thread only listens to the keeper.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/certificate-page.h"
#include "base/error.h"
#include "flow/queue.h"
#include "http/http.h"
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

enum { STORE_LOCK_TRIES = 200, STORE_LOCK_PAUSE = 50000 /* microseconds */ };

static const KxHandler *const handlers[KX_PROTOCOL_COUNT] = {
    [KX_PROTOCOL_SMTP] = &kx_smtp_handler,
    [KX_PROTOCOL_IMAP] = &kx_imap_handler,
    [KX_PROTOCOL_POP3] = &kx_pop3_handler,
    [KX_PROTOCOL_HTTP] = &kx_http_handler,
};

/* ---- settings ---- */

static void send_settings(KxCoreProcess *process)
{
    kx_mutex_lock(&process->telling);
    g_autoptr(KxSettings) settings = kx_directory_settings(process->core.directory);
    g_autoptr(GBytes) edge = kx_settings_pack(settings, KX_SETTING_EDGE);
    size_t len;
    const void *bytes = g_bytes_get_data(edge, &len);
    kx_workers_broadcast(process->workers, KX_MSG_SETTINGS, &(KxMsgSettings){{bytes, len}});
    kx_mutex_unlock(&process->telling);
}

static void send_courier_settings(KxCoreProcess *process, KxSettings *settings)
{
    g_autoptr(GBytes) packed = kx_settings_pack(settings, KX_SETTING_COURIER);
    size_t len;
    const void *bytes = g_bytes_get_data(packed, &len);
    kx_core_tell_courier(process, KX_MSG_SETTINGS, &(KxMsgSettings){{bytes, len}});
}

static void apply_search_settings(KxCoreProcess *process, KxSettings *settings)
{
    kx_search_set_automatic(
        process->core.search,
        g_str_equal(kx_settings_text(settings, KX_SET_SEARCH_INDEX), "automatic"));
}

static void settings_changed(gpointer data, KxSettings *settings)
{
    KxCoreProcess *process = data;
    kx_log_apply_settings(process->core.logger, settings);
    apply_search_settings(process, settings);
    kx_queue_settings_changed(process->core.queue);
    kx_caretaker_settings_changed(process->core.caretaker, settings);
    if (!process->workers)
        return;
    send_settings(process);
    send_courier_settings(process, settings);
    kx_core_services_settings(process, settings);
    if (process->hooks.renewal)
        kx_renewal_settings_changed(process->hooks.renewal, settings);
    kx_workers_poke(process->workers);
}

/* ---- peers ---- */

/* The audit logs are the core's own: nobody else writes there. */
static void write_peer_log(KxCoreProcess *process, const KxMsgLog *line)
{
    static const guint open_to_peers =
        1U << KX_LOG_SECURITY | 1U << KX_LOG_WARNING | 1U << KX_LOG_ERROR | 1U << KX_LOG_DEBUG;
    if (line->log < KX_LOG_COUNT && (open_to_peers >> line->log & 1))
        kx_log(process->core.logger, line->log, "%s", line->text);
}

static void edge_message(gpointer data, guint edge, const KxMessage *message)
{
    if (message->type == KX_MSG_LOG)
        write_peer_log(data, &message->LOG);
}

static void keep_policy(KxCoreProcess *process, const KxMsgStsPolicy *policy)
{
    g_autoptr(GError) error = NULL;
    if (!kx_sts_store_put(process->core.sts, policy, &error))
        kx_log(process->core.logger, KX_LOG_ERROR, "the MTA-STS policy of %s cannot be kept: %s",
               policy->domain, error->message);
}

/* Before any mail: what is known holds from the first message on. */
static void send_policies(KxCoreProcess *process, const KxQueueCourier *courier)
{
    g_autoptr(GError) error = NULL;
    if (!kx_sts_store_send(process->core.sts, courier, &error))
        kx_log(process->core.logger, KX_LOG_ERROR, "MTA-STS policies cannot be read: %s",
               error->message);
}

static void courier_message(gpointer data, KxLink *link, KxMessage *message)
{
    KxCoreProcess *process = data;
    if (message->type == KX_MSG_LOG)
        write_peer_log(process, &message->LOG);
    else if (message->type == KX_MSG_STS_POLICY)
        keep_policy(process, &message->STS_POLICY);
    else if (message->type == KX_MSG_TLS_NOTE)
        kx_tls_reports_note(process->core.tls_reports, &message->TLS_NOTE);
    else if (!kx_asks_message(process->core.asks, message))
        kx_queue_courier_message(process->core.queue, message);
}

static void set_courier(KxCoreProcess *process, int fd)
{
    kx_mutex_lock(&process->courier_lock);
    process->courier = fd;
    kx_mutex_unlock(&process->courier_lock);
}

static void courier_closed(gpointer data, KxLink *link, const GError *error)
{
    KxCoreProcess *process = data;
    set_courier(process, -1);
    kx_queue_set_courier(process->core.queue, NULL);
    kx_asks_set_courier(process->core.asks, NULL);
    kx_fetcher_set_courier(process->core.fetcher, NULL);
    kx_mapping_set_courier(process->core.mapping, NULL);
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
        send_settings(process);
        kx_core_send_access(process);
    } else if (peer->role == KX_ROLE_COURIER) {
        if (process->courier_link)
            courier_closed(process, process->courier_link, NULL);
        int fd = message->fd;
        message->fd = -1;
        process->courier_link = kx_link_new(process->base, fd, KX_ROLE_CORE, KX_ROLE_COURIER,
                                            &courier_callbacks, process);
        set_courier(process, fd);
        send_courier_settings(process, settings);
        KxQueueCourier courier = {kx_core_send_courier, process};
        send_policies(process, &courier);
        kx_queue_set_courier(process->core.queue, &courier);
        kx_asks_set_courier(process->core.asks, &courier);
        kx_fetcher_set_courier(process->core.fetcher, &courier);
        kx_mapping_set_courier(process->core.mapping, &courier);
    } else if (peer->role == KX_ROLE_CONVERT) {
        kx_convert_ready(process->core.convert, peer->index, message->fd);
        message->fd = -1;
    } else if (peer->role == KX_ROLE_KERBEROS) {
        kx_kerberos_ready(process->core.kerberos, message->fd);
        message->fd = -1;
    }
}

static void role_state(KxCoreProcess *process, const KxMsgRoleState *state)
{
    KxRoleInfo info = {state->pid,      state->state,   state->restarts,
                       state->landlock, state->seccomp, TRUE};
    kx_mutex_lock(&process->lock);
    if (state->role == KX_ROLE_CORE)
        process->core_info = info;
    else if (state->role == KX_ROLE_COURIER)
        process->courier_info = info;
    else if (state->role == KX_ROLE_EDGE && state->index < KX_EDGES_MAX)
        process->edges[state->index] = info;
    else if (state->role == KX_ROLE_CONVERT && state->index < KX_CONVERTERS_MAX)
        process->converters[state->index] = state->pid > 0 ? info : (KxRoleInfo){0};
    else if (state->role == KX_ROLE_KERBEROS)
        process->kerberos_info = state->pid > 0 ? info : (KxRoleInfo){0};
    if (state->role == KX_ROLE_KERBEROS && state->pid > 0)
        process->kerberos_pid = state->pid;
    kx_mutex_unlock(&process->lock);
    if (state->role == KX_ROLE_CONVERT && state->pid == 0)
        kx_convert_ended(process->core.convert, state->index);
    if (state->role == KX_ROLE_KERBEROS && state->pid == 0)
        kx_kerberos_ended(process->core.kerberos);
}

static void hook_ended(KxCoreProcess *process, const KxMsgHookEnded *message)
{
    if (message->hook == KX_HOOK_LINE_UP || message->hook == KX_HOOK_LINE_DOWN)
        kx_line_hook_ended(process->core.line, message);
    else
        kx_core_dns_hook_ended(process, message);
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
    case KX_MSG_HOOK_ENDED:
        hook_ended(process, &message->HOOK_ENDED);
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
    kx_channel_send(process->keeper_fd, KX_MSG_CERTIFICATES_CHANGED, 0,
                    &(KxMsgCertificatesChanged){}, -1);
}

static void access_changed(gpointer data)
{
    kx_core_send_access(data);
}

static void end_sessions(gpointer data)
{
    KxCoreProcess *process = data;
    kx_workers_poke(process->workers);
}

/* Of all roles this one alone may connect to the sockets of this machine. */
static gboolean is_role(gpointer data, guint pid)
{
    KxCoreProcess *process = data;
    kx_mutex_lock(&process->lock);
    gboolean is = pid != 0 && pid == process->kerberos_pid;
    kx_mutex_unlock(&process->lock);
    return is;
}

static void tell_converter(gpointer data, guint index, KxConverterAction action)
{
    KxCoreProcess *process = data;
    kx_channel_send(process->keeper_fd, KX_MSG_CONVERTER, 0, &(KxMsgConverter){index, action}, -1);
}

static void want_kerberos(gpointer data)
{
    KxCoreProcess *process = data;
    kx_channel_send(process->keeper_fd, KX_MSG_KERBEROS_WANTED, 0, &(KxMsgKerberosWanted){}, -1);
}

static void want_pam(gpointer data, int channel)
{
    KxCoreProcess *process = data;
    kx_channel_send(process->keeper_fd, KX_MSG_PAM_WANTED, 0, &(KxMsgPamWanted){}, channel);
}

static void tell_hook(gpointer data, KxHook hook)
{
    KxCoreProcess *process = data;
    kx_channel_send(process->keeper_fd, KX_MSG_HOOK, 0, &(KxMsgHook){hook, "", ""}, -1);
}

/* ---- life ---- */

static void on_tick(evutil_socket_t fd, short what, void *data)
{
    KxCoreProcess *process = data;
    kx_logger_tick(process->core.logger);
    kx_store_tick(process->core.store);
    kx_convert_tick(process->core.convert);
    kx_core_check_sign_in(process);
}

static gboolean receive_first(KxMessageType type, char *buffer, KxMessage *ret_message,
                              GError **error)
{
    g_autoptr(GError) why = NULL;
    KxReceived got =
        kx_channel_receive(KX_FD_KEEPER, KX_ROLE_KEEPER, KX_ROLE_CORE, buffer, ret_message, &why);
    if (got == KX_RECEIVED && ret_message->type == type)
        return TRUE;
    return kx_fail(error, KX_ERR_PROTOCOL, "the keeper sent no %s%s%s", kx_message_name(type),
                   why ? ": " : "", why ? why->message : "");
}

/* The key that seals tickets and what a former core was running are the first things the keeper
 * says. */
static gboolean receive_inheritance(KxCoreProcess *process, guint8 *key, GError **error)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    if (!receive_first(KX_MSG_SECRET, buffer, &message, error))
        return FALSE;
    if (message.SECRET.key.len != KX_TICKET_KEY)
        return kx_fail(error, KX_ERR_PROTOCOL, "the keeper sent a bad key");
    memcpy(key, message.SECRET.key.data, KX_TICKET_KEY);
    explicit_bzero(buffer, KX_MESSAGE_MAX);
    if (!receive_first(KX_MSG_SERVICES, buffer, &message, error))
        return FALSE;
    process->inherited.known = message.SERVICES.known;
    process->inherited.running = message.SERVICES.running;
    return TRUE;
}

/* The keeper's lock says that a server runs; this one that nobody else works on the store: a keeper
 * that was killed may leave a core that takes a moment to die. Held for the life of the process. */
static gboolean hold_store(GError **error)
{
    int fd = open("store", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return kx_error_errno(error, "cannot open the directory store");
    for (int i = 0; i < STORE_LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return TRUE;
        g_usleep(STORE_LOCK_PAUSE);
    }
    close(fd);
    return kx_fail(error, KX_ERR_IN_USE,
                   "another process works on the store of this data directory");
}

static gboolean extract_text(gpointer data, const char *type, const char *file_name,
                             GBytes *content, char **ret_text, GError **error)
{
    return kx_convert_text(data, type, file_name, content, ret_text, error);
}

static gboolean open_data(KxCoreProcess *process, GError **error)
{
    KxCore *core = &process->core;
    KxLoggerOptions options = {
        .directory = "store/logs", .external = kx_core_log_sink, .external_data = process};
    if (!hold_store(error))
        return FALSE;
    if (!(core->logger = kx_logger_open(&options, error)) ||
        !(core->directory = kx_directory_open(core->logger, error)))
        return FALSE;
    g_autoptr(KxSettings) settings = kx_directory_settings(core->directory);
    kx_log_apply_settings(process->core.logger, settings);
    if (!kx_core_open_store(core, error))
        return FALSE;
    kx_store_recover(core->store);
    core->convert = kx_convert_new(core->logger, tell_converter, process);
    core->kerberos = kx_kerberos_new(want_kerberos, process);
    kx_directory_set_kerberos(core->directory, core->kerberos);
    core->pam = kx_pam_new(want_pam, process);
    kx_directory_set_pam(core->directory, core->pam);
    if (!(core->search =
              kx_search_open(core->store, core->logger, extract_text, core->convert, error)))
        return FALSE;
    apply_search_settings(process, settings);
    core->http = kx_http_new();
    process->hooks = (KxServerHooks){kx_core_status,
                                     kx_core_service_action,
                                     certificates_changed,
                                     access_changed,
                                     end_sessions,
                                     is_role,
                                     process,
                                     NULL};
    process->api = kx_api_new(core, &process->hooks);
    kx_http_add(core->http, &kx_api_app, process->api);
    kx_http_add(core->http, &kx_certificate_app, NULL);
    core->maildrops = kx_exclusive_new();
    core->pop3_logins = kx_recent_logins_new();
    core->lockout = kx_lockout_new(core->directory, core->logger);
    core->limits = kx_client_limits_new();
    core->queue = kx_queue_open(core->store, core->directory, core->logger, error);
    if (!core->queue)
        return FALSE;
    core->sts = kx_sts_store_open(error);
    if (!core->sts)
        return FALSE;
    core->asks = kx_asks_new();
    core->verifier = kx_verify_new(core->directory, core->asks, core->logger);
    kx_queue_start(core->queue);
    core->tls_reports = kx_tls_reports_start(core->directory, core->store, core->queue, core->asks,
                                             core->logger, error);
    if (!core->tls_reports)
        return FALSE;
    core->fetcher = kx_fetcher_new(core->store, core->directory, core->queue, core->logger, error);
    if (!core->fetcher)
        return FALSE;
    core->mapping = kx_mapping_start(core->directory, core->logger);
    kx_mapping_on_gone(core->mapping, end_sessions, process);
    core->oidc = kx_oidc_new(core->directory, core->asks, core->logger);
    core->line = kx_line_new(tell_hook, process, core->logger);
    core->urgent = kx_urgent_start(core->directory, core->queue, core->line, core->logger);
    core->scheduler = kx_scheduler_start(&(KxScheduleTools){
        core->directory, core->queue, core->asks, core->fetcher, core->line, core->logger});
    core->caretaker = kx_caretaker_start(core->store, core->directory, core->queue, core->logger);
    return TRUE;
}

static void close_data(KxCoreProcess *process)
{
    KxCore *core = &process->core;
    g_clear_pointer(&core->scheduler, kx_scheduler_stop);
    g_clear_pointer(&core->urgent, kx_urgent_stop);
    g_clear_pointer(&core->tls_reports, kx_tls_reports_stop);
    g_clear_pointer(&core->line, kx_line_free);
    g_clear_pointer(&core->fetcher, kx_fetcher_free);
    g_clear_pointer(&core->mapping, kx_mapping_free);
    if (core->queue)
        kx_queue_stop(core->queue);
    g_clear_pointer(&core->caretaker, kx_caretaker_stop);
    g_clear_pointer(&core->queue, kx_queue_close);
    g_clear_pointer(&core->verifier, kx_verify_free);
    g_clear_pointer(&core->oidc, kx_oidc_free);
    g_clear_pointer(&core->asks, kx_asks_free);
    g_clear_pointer(&core->sts, kx_sts_store_close);
    g_clear_pointer(&core->search, kx_search_close);
    g_clear_pointer(&core->convert, kx_convert_free);
    kx_directory_set_kerberos(core->directory, NULL);
    g_clear_pointer(&core->kerberos, kx_kerberos_free);
    kx_directory_set_pam(core->directory, NULL);
    g_clear_pointer(&core->pam, kx_pam_free);
    g_clear_pointer(&core->store, kx_store_close);
    g_clear_pointer(&core->http, kx_http_free);
    g_clear_pointer(&process->api, kx_api_free);
    g_clear_pointer(&core->maildrops, kx_exclusive_free);
    g_clear_pointer(&core->pop3_logins, kx_recent_logins_free);
    g_clear_pointer(&core->lockout, kx_lockout_free);
    g_clear_pointer(&core->limits, kx_client_limits_free);
    if (core->logger && process->stopping)
        kx_log(core->logger, KX_LOG_DEBUG, "Server stopped");
    g_clear_pointer(&core->directory, kx_directory_close);
    g_clear_pointer(&core->logger, kx_logger_close);
}

static void run(KxCoreProcess *process, const KxSandbox *sandbox)
{
    kx_log(process->core.logger, KX_LOG_DEBUG, "Server started, version %s, process %d%s",
           KX_VERSION, getpid(),
           sandbox->landlock ? "" : ", without Landlock: this kernel has none");
    kx_core_renewal_start(process);
    process->control = kx_control_start(KX_FD_CONTROL, &process->core, &process->hooks);
    kx_link_send(process->keeper, KX_MSG_ROLE_READY, 0,
                 &(KxMsgRoleReady){sandbox->landlock, sandbox->seccomp}, -1);
    kx_core_services_start(process);
    struct timeval second = {1, 0};
    event_add(process->tick, &second);
    event_base_dispatch(process->base);
    kx_convert_stop(process->core.convert); /* nobody is held up by it */
    kx_asks_stop(process->core.asks);
    kx_fetcher_stop(process->core.fetcher); /* nor by it */
    kx_mapping_stop(process->core.mapping);
    kx_kerberos_stop(process->core.kerberos);
    kx_pam_stop(process->core.pam);
    kx_line_stop(process->core.line);
    kx_core_renewal_stop(process);
    kx_control_stop(process->control);
    kx_workers_free(process->workers);
    process->workers = NULL;
    g_clear_pointer(&process->hooks.renewal, kx_renewal_free);
}

static void map_counts(KxCoreProcess *process)
{
    process->counts =
        mmap(NULL, sizeof *process->counts, PROT_READ, MAP_SHARED, KX_FD_CORE_COUNTS, 0);
    g_assert(process->counts != MAP_FAILED);
    close(KX_FD_CORE_COUNTS);
}

static void process_free(KxCoreProcess *process)
{
    for (guint id = 0; id < KX_SERVICE_COUNT; id++) {
        g_free(process->services[id].error);
        g_free(process->services[id].listen);
    }
    kx_link_free(process->courier_link);
    kx_link_free(process->keeper);
    event_free(process->tick);
    event_base_free(process->base);
    munmap((void *)process->counts, sizeof *process->counts);
    kx_cond_clear(&process->dns_hook.ended);
    kx_mutex_clear(&process->dns_hook.lock);
    g_free(process->dns_hook.text);
    kx_mutex_clear(&process->telling);
    kx_mutex_clear(&process->courier_lock);
    kx_mutex_clear(&process->lock);
    g_free(process);
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
    kx_mutex_init(&process->lock);
    kx_mutex_init(&process->telling);
    kx_mutex_init(&process->courier_lock);
    kx_mutex_init(&process->dns_hook.lock);
    kx_cond_init(&process->dns_hook.ended);
    map_counts(process);
    if (!receive_inheritance(process, key, &error) ||
        !kx_sandbox_enter(KX_ROLE_CORE, &sandbox, &error) || !open_data(process, &error)) {
        g_printerr("keryx core: %s\n", error->message);
        if (process->core.logger)
            kx_log(process->core.logger, KX_LOG_ERROR, "The server cannot start: %s",
                   error->message);
        return 1;
    }
    process->base = event_base_new();
    process->workers = kx_workers_new(&process->core, handlers, key, edge_message, process);
    kx_directory_on_settings(process->core.directory, settings_changed, process);
    process->keeper = kx_link_new(process->base, KX_FD_KEEPER, KX_ROLE_CORE, KX_ROLE_KEEPER,
                                  &keeper_callbacks, process);
    process->tick = event_new(process->base, -1, EV_PERSIST, on_tick, process);
    explicit_bzero(key, sizeof key);
    run(process, &sandbox);
    close_data(process);
    process_free(process);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/edge.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ip-range.h"
#include "net/edge-private.h"

enum {
    ACCEPT_BATCH = 8,
    ACCEPT_PAUSE_MS = 200,
    REFUSED_LINES = 20,     /* in the Security log, each second */
    STOP_SECONDS = 8,       /* for content that is on its way when the server stops */
    STOP_LAST_SECONDS = 2,  /* for last words */
    CORE_WAIT_SECONDS = 90, /* without a core for so long, the role gives up and is started anew */
};

typedef struct {
    KxEdge *edge;
    KxServiceId service;
    int fd;
    struct event *readable;
} KxListener;

static void listener_free(gpointer data)
{
    KxListener *listener = data;
    event_free(listener->readable);
    close(listener->fd);
    g_free(listener);
}

/* ---- accepting ---- */

static guint connections(KxEdge *edge, KxServiceId service)
{
    guint sum = 0;
    for (guint i = 0; i < KX_EDGES_MAX; i++)
        sum += (guint)g_atomic_int_get((gint *)&edge->counts->count[i][service]);
    return sum;
}

static void log_refused(KxConn *conn, const char *why)
{
    KxEdge *edge = conn->edge;
    gint64 second = g_get_monotonic_time() / G_USEC_PER_SEC;
    if (second != edge->refused.second) {
        if (edge->refused.more > 0)
            kx_conn_log(conn, KX_EDGE_LOG_SECURITY, "%u more connections were refused",
                        edge->refused.more);
        edge->refused.second = second;
        edge->refused.lines = edge->refused.more = 0;
    }
    if (edge->refused.lines == REFUSED_LINES) {
        edge->refused.more++;
        return;
    }
    edge->refused.lines++;
    kx_conn_log(conn, KX_EDGE_LOG_SECURITY, "%s connection from %s refused: %s",
                kx_service(conn->service)->title, conn->remote_ip, why);
}

/* Why the service is not for this client, or NULL. */
static const char *reason_to_refuse(const KxConn *conn)
{
    KxEdge *edge = conn->edge;
    guint32 max = edge->access[conn->service].max_connections;
    const GArray *networks = edge->access[conn->service].networks;
    if (networks && !kx_ip_ranges_contain(networks, conn->remote_ip))
        return "the address is not in the group that may use the service";
    if (max > 0 && connections(edge, conn->service) > max)
        return "too many connections";
    return NULL;
}

gboolean kx_edge_admits(KxConn *conn)
{
    const char *why = reason_to_refuse(conn);
    if (why)
        log_refused(conn, why);
    return !why;
}

void kx_edge_begin(KxConn *conn)
{
    conn->trusted = kx_conn_is_proxy(conn, KX_PROXY_XCLIENT) != FALSE;
    if (kx_edge_admits(conn))
        kx_conn_begin(conn);
    else
        kx_conn_free(conn);
}

static void welcome(KxConn *conn)
{
    if (kx_conn_is_proxy(conn, KX_PROXY_HEADER))
        kx_conn_await_proxy(conn);
    else
        kx_edge_begin(conn);
}

static void watch_listeners(KxEdge *edge)
{
    for (guint i = 0; i < edge->listeners->len; i++) {
        KxListener *listener = edge->listeners->pdata[i];
        if (edge->access[listener->service].known)
            event_add(listener->readable, NULL);
    }
}

/* Out of descriptors or memory: the waiting client would wake us again and again. */
static void pause_accepting(KxEdge *edge)
{
    for (guint i = 0; i < edge->listeners->len; i++)
        event_del(((KxListener *)edge->listeners->pdata[i])->readable);
    struct timeval pause = {0, ACCEPT_PAUSE_MS * 1000};
    event_add(edge->accept_timer, &pause);
}

static void on_accept_timer(evutil_socket_t fd, short what, void *data)
{
    watch_listeners(data);
}

static void on_accept(evutil_socket_t fd, short what, void *data)
{
    KxListener *listener = data;
    KxEdge *edge = listener->edge;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0)
            welcome(kx_conn_new(edge, listener->service, client));
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(edge);
        if (client < 0)
            return;
    }
}

static void add_listener(KxEdge *edge, KxMessage *message)
{
    if (message->LISTENER.service >= KX_SERVICE_COUNT)
        return;
    KxListener *listener = g_new0(KxListener, 1);
    listener->edge = edge;
    listener->service = message->LISTENER.service;
    listener->fd = message->fd;
    message->fd = -1;
    evutil_make_socket_nonblocking(listener->fd);
    listener->readable =
        event_new(edge->base, listener->fd, EV_READ | EV_PERSIST, on_accept, listener);
    g_ptr_array_add(edge->listeners, listener);
    if (edge->access[listener->service].known)
        event_add(listener->readable, NULL);
}

static void remove_listeners(KxEdge *edge, KxServiceId service)
{
    for (guint i = edge->listeners->len; i > 0; i--)
        if (((KxListener *)edge->listeners->pdata[i - 1])->service == service)
            g_ptr_array_remove_index(edge->listeners, i - 1);
}

/* ---- the core's channel ---- */

/* Connections may be freed while they are visited: visit a copy of the ids. */
static void for_each_conn(KxEdge *edge, void (*func)(KxConn *))
{
    guint n;
    g_autofree gpointer *ids = g_hash_table_get_keys_as_array(edge->conns, &n);
    for (guint i = 0; i < n; i++) {
        KxConn *conn = g_hash_table_lookup(edge->conns, ids[i]);
        if (conn)
            func(conn);
    }
}

static void use_tls_profile(KxEdge *edge)
{
    gboolean modern = g_str_equal(kx_settings_text(edge->settings, KX_SET_TLS_PROFILE), "modern");
    if (edge->tls)
        kx_tls_set_profile(edge->tls, modern ? KX_TLS_MODERN : KX_TLS_INTERMEDIATE);
}

static void take_settings(KxEdge *edge, KxSlice values)
{
    g_autoptr(GError) error = NULL;
    KxSettings *settings = kx_settings_unpack(values.data, values.len, &error);
    if (!settings)
        return;
    kx_settings_unref(edge->settings);
    edge->settings = settings;
    use_tls_profile(edge);
    edge->debug_topics = 0;
    edge->debug_tls = FALSE;
    KxSettingId id;
    if (!kx_setting_find("log.debug", &id))
        return;
    for (const char *const *topic = kx_settings_list(settings, id); topic && *topic; topic++) {
        edge->debug_tls = edge->debug_tls || g_str_equal(*topic, "tls");
        for (guint i = 0; i < KX_PROTOCOL_COUNT; i++) {
            g_autofree char *own = g_strconcat(edge->protocols[i]->name, "-server", NULL);
            if (g_str_equal(*topic, own))
                edge->debug_topics |= 1U << i;
        }
    }
}

static void take_access(KxEdge *edge, const KxMsgServiceAccess *access)
{
    if (access->service >= KX_SERVICE_COUNT)
        return;
    g_clear_pointer(&edge->access[access->service].networks, g_array_unref);
    if (access->networks[0] != '\0')
        edge->access[access->service].networks = kx_ip_ranges_parse(access->networks);
    edge->access[access->service].max_connections = access->max_connections;
    edge->access[access->service].known = TRUE;
    watch_listeners(edge);
}

static void take_challenge(KxEdge *edge, const KxMsgChallenge *challenge)
{
    g_autoptr(GError) error = NULL;
    if (!kx_tls_challenges_take(edge->challenges, challenge, &error))
        g_printerr("keryx edge: challenge for %s: %s\n", challenge->host, error->message);
}

static void core_message(gpointer data, KxLink *link, KxMessage *message)
{
    KxEdge *edge = data;
    if (message->type == KX_MSG_SETTINGS) {
        take_settings(edge, message->SETTINGS.values);
        return;
    }
    if (message->type == KX_MSG_PROXIES) {
        kx_edge_take_proxies(edge, &message->PROXIES);
        return;
    }
    if (message->type == KX_MSG_SIGN_IN) {
        kx_edge_take_sign_in(edge, &message->SIGN_IN);
        return;
    }
    if (message->type == KX_MSG_CHALLENGE) {
        take_challenge(edge, &message->CHALLENGE);
        return;
    }
    if (message->type == KX_MSG_SERVICE_ACCESS) {
        take_access(edge, &message->SERVICE_ACCESS);
        return;
    }
    KxConn *conn = g_hash_table_lookup(edge->conns, GUINT_TO_POINTER(message->session));
    if (conn)
        kx_conn_core_message(conn, message);
    else
        kx_conn_core_orphan(edge, message);
}

static void core_closed(gpointer data, KxLink *link, const GError *error)
{
    KxEdge *edge = data;
    if (error)
        g_printerr("keryx edge: %s\n", error->message);
    g_clear_pointer(&edge->core, kx_link_free);
    struct timeval tv = {CORE_WAIT_SECONDS, 0};
    if (!edge->stopping)
        event_add(edge->stop_timer, &tv);
    for_each_conn(edge, kx_conn_core_lost);
}

static const KxLinkCallbacks core_callbacks = {core_message, core_closed};

static void new_core(KxEdge *edge, KxMessage *message)
{
    if (edge->core)
        core_closed(edge, edge->core, NULL);
    edge->core =
        kx_link_new(edge->base, message->fd, KX_ROLE_EDGE, KX_ROLE_CORE, &core_callbacks, edge);
    message->fd = -1;
    edge->core_epoch++;
    kx_tls_challenges_clear(edge->challenges);
    if (!edge->stopping)
        event_del(edge->stop_timer);
    for_each_conn(edge, kx_conn_core_back);
}

/* ---- the keeper's channel ---- */

static void take_certificate(KxEdge *edge, const KxMsgCertificate *cert)
{
    if (cert->first || !edge->tls_coming) {
        kx_tls_set_free(edge->tls_coming);
        edge->tls_coming = kx_tls_set_new(edge->challenges);
    }
    g_autoptr(GError) error = NULL;
    const KxTlsCertificate certificate = {cert->chain, cert->key, cert->ocsp, cert->active != 0};
    if (!kx_tls_set_add(edge->tls_coming, &certificate, &error))
        g_printerr("keryx edge: certificate %s: %s\n", cert->name, error->message);
    if (!cert->last)
        return;
    g_autoptr(KxTlsSet) coming = g_steal_pointer(&edge->tls_coming);
    if (kx_tls_set_is_empty(coming))
        return; /* better the old certificates than none */
    if (edge->have_ticket_keys)
        kx_tls_set_ticket_keys(coming, edge->ticket_keys, sizeof edge->ticket_keys);
    kx_tls_set_free(edge->tls);
    edge->tls = g_steal_pointer(&coming);
    use_tls_profile(edge);
}

static void take_secret(KxEdge *edge, const KxMsgSecret *secret)
{
    if (secret->purpose != KX_SECRET_TLS_TICKETS || secret->key.len != sizeof edge->ticket_keys)
        return;
    memcpy(edge->ticket_keys, secret->key.data, sizeof edge->ticket_keys);
    edge->have_ticket_keys = TRUE;
    if (edge->tls)
        kx_tls_set_ticket_keys(edge->tls, edge->ticket_keys, sizeof edge->ticket_keys);
}

static void on_stop_timer(evutil_socket_t fd, short what, void *data)
{
    KxEdge *edge = data;
    if (!edge->stopping || edge->stopping_now) {
        event_base_loopbreak(edge->base);
        return;
    }
    edge->stopping_now = TRUE;
    struct timeval tv = {STOP_LAST_SECONDS, 0};
    event_add(edge->stop_timer, &tv);
    for_each_conn(edge, kx_conn_work);
}

/* Polls for the last client to leave. */
static void on_stop_poll(evutil_socket_t fd, short what, void *data)
{
    KxEdge *edge = data;
    if (g_hash_table_size(edge->conns) == 0)
        event_base_loopbreak(edge->base);
}

static void stop(KxEdge *edge)
{
    if (edge->stopping)
        return;
    edge->stopping = TRUE;
    g_ptr_array_set_size(edge->listeners, 0);
    struct timeval tv = {STOP_SECONDS, 0};
    event_add(edge->stop_timer, &tv);
    edge->stop_poll = event_new(edge->base, -1, EV_PERSIST, on_stop_poll, edge);
    struct timeval often = {0, 20000};
    event_add(edge->stop_poll, &often);
    for_each_conn(edge, kx_conn_work);
}

static void keeper_message(gpointer data, KxLink *link, KxMessage *message)
{
    KxEdge *edge = data;
    switch (message->type) {
    case KX_MSG_PEER:
        if (message->PEER.role == KX_ROLE_CORE)
            new_core(edge, message);
        break;
    case KX_MSG_LISTENER:
        add_listener(edge, message);
        break;
    case KX_MSG_UNLISTEN:
        remove_listeners(edge, message->UNLISTEN.service);
        break;
    case KX_MSG_CERTIFICATE:
        take_certificate(edge, &message->CERTIFICATE);
        break;
    case KX_MSG_SECRET:
        take_secret(edge, &message->SECRET);
        break;
    case KX_MSG_STOP:
        stop(edge);
        break;
    default:
        break;
    }
}

static void keeper_closed(gpointer data, KxLink *link, const GError *error)
{
    /* Without a keeper nobody watches over us. */
    KxEdge *edge = data;
    g_clear_pointer(&edge->keeper, kx_link_free);
    event_base_loopbreak(edge->base);
}

static const KxLinkCallbacks keeper_callbacks = {keeper_message, keeper_closed};

/* ---- life ---- */

KxEdge *kx_edge_new(struct event_base *base, guint index, int keeper,
                    const KxProtocol *const *protocols, KxEdgeCounts *counts)
{
    g_assert(index < KX_EDGES_MAX);
    KxEdge *edge = g_new0(KxEdge, 1);
    edge->base = base;
    edge->index = index;
    edge->protocols = protocols;
    edge->counts = counts;
    edge->settings = kx_settings_new_defaults();
    edge->challenges = kx_tls_challenges_new();
    edge->conns = g_hash_table_new(NULL, NULL);
    edge->listeners = g_ptr_array_new_with_free_func(listener_free);
    edge->stop_timer = event_new(base, -1, 0, on_stop_timer, edge);
    edge->accept_timer = event_new(base, -1, 0, on_accept_timer, edge);
    edge->keeper = kx_link_new(base, keeper, KX_ROLE_EDGE, KX_ROLE_KEEPER, &keeper_callbacks, edge);
    memset(counts->count[index], 0, sizeof counts->count[index]);
    return edge;
}

void kx_edge_free(KxEdge *edge)
{
    if (!edge)
        return;
    for_each_conn(edge, kx_conn_free);
    g_ptr_array_unref(edge->listeners);
    kx_link_free(edge->core);
    kx_link_free(edge->keeper);
    kx_tls_set_free(edge->tls);
    kx_tls_set_free(edge->tls_coming);
    kx_tls_challenges_free(edge->challenges);
    event_free(edge->stop_timer);
    event_free(edge->accept_timer);
    if (edge->stop_poll)
        event_free(edge->stop_poll);
    for (guint i = 0; i < KX_SERVICE_COUNT; i++)
        g_clear_pointer(&edge->access[i].networks, g_array_unref);
    g_hash_table_unref(edge->conns);
    kx_edge_clear_sign_in(edge);
    for (guint kind = 0; kind < KX_PROXY_KINDS; kind++)
        g_clear_pointer(&edge->proxies[kind], g_array_unref);
    kx_settings_unref(edge->settings);
    explicit_bzero(edge->ticket_keys, sizeof edge->ticket_keys);
    g_free(edge);
}

void kx_edge_ready(KxEdge *edge, guint landlock, guint seccomp)
{
    kx_link_send(edge->keeper, KX_MSG_ROLE_READY, 0, &(KxMsgRoleReady){landlock, seccomp}, -1);
}

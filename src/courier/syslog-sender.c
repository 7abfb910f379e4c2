/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/syslog-sender.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "courier/trust.h"

enum {
    TARGETS_MAX = 64,
    WAITING_MAX = 1024 * 1024, /* bytes of lines that wait for a server */
    PAUSE_FIRST = 1,           /* seconds between attempts */
    PAUSE_MOST = 60,
    CONNECT_SECONDS = 20,
};

typedef enum { UDP, TCP, TLS } Transport; /* as KxSyslogTransport of log/log.h */

/* One server. Lines are in `waiting` until there is a connection that takes them. */
typedef struct {
    KxSyslogSender *sender;
    char *server;
    guint port;
    Transport transport;
    struct evbuffer *waiting; /* TCP and TLS: framed lines; UDP: each after its length */
    struct bufferevent *stream;
    gboolean connected;
    int datagram; /* connected UDP socket, or -1 */
    gboolean resolving;
    struct event *retry;
    guint pause;
    gboolean failing; /* said so */
    guint64 dropped;
} Target;

struct KxSyslogSender {
    struct event_base *base;
    struct evdns_base *dns;
    SSL_CTX *tls;
    int journal;
    KxSyslogReport report;
    gpointer data;
    GPtrArray *targets;
};

static const char *const transport_names[] = {"udp", "tcp", "tls"};

static void connect_target(Target *target);

/* ---- failures ---- */

static void close_target(Target *target)
{
    if (target->stream)
        bufferevent_free(target->stream);
    target->stream = NULL;
    target->connected = FALSE;
    if (target->datagram >= 0)
        close(target->datagram);
    target->datagram = -1;
}

static void failed(Target *target, const char *why)
{
    close_target(target);
    if (!target->failing) {
        target->failing = TRUE;
        g_autofree char *text =
            g_strdup_printf("syslog server %s:%u (%s) cannot be reached: %s", target->server,
                            target->port, transport_names[target->transport], why);
        target->sender->report(target->sender->data, text);
    }
    struct timeval tv = {target->pause, 0};
    target->pause = MIN(target->pause * 2, (guint)PAUSE_MOST);
    event_add(target->retry, &tv);
}

static void works(Target *target)
{
    target->pause = PAUSE_FIRST;
    if (!target->failing)
        return;
    target->failing = FALSE;
    g_autofree char *text = g_strdup_printf(
        "syslog server %s:%u (%s) is reached again; %" G_GUINT64_FORMAT
        " lines were dropped meanwhile",
        target->server, target->port, transport_names[target->transport], target->dropped);
    target->dropped = 0;
    target->sender->report(target->sender->data, text);
}

/* ---- TCP and TLS ---- */

static void push_stream(Target *target)
{
    if (target->connected)
        bufferevent_write_buffer(target->stream, target->waiting);
}

static void on_stream_event(struct bufferevent *stream, short what, void *data)
{
    Target *target = data;
    if (what & BEV_EVENT_CONNECTED) {
        target->connected = TRUE;
        works(target);
        push_stream(target);
        return;
    }
    int dns = bufferevent_socket_get_dns_error(stream);
    unsigned long tls = target->transport == TLS ? bufferevent_get_openssl_error(stream) : 0;
    const char *why = dns                        ? evutil_gai_strerror(dns)
                      : tls                      ? ERR_reason_error_string(tls)
                      : what & BEV_EVENT_TIMEOUT ? "timed out"
                      : what & BEV_EVENT_EOF     ? "it closed the connection"
                                                 : g_strerror(EVUTIL_SOCKET_ERROR());
    failed(target, why ? why : "TLS failed");
}

/* A syslog server sends nothing; what it sends is thrown away. */
static void on_stream_read(struct bufferevent *stream, void *data)
{
    struct evbuffer *input = bufferevent_get_input(stream);
    evbuffer_drain(input, evbuffer_get_length(input));
}

static SSL *make_tls(Target *target)
{
    SSL *ssl = SSL_new(target->sender->tls);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM *verify = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, target->server) != 1) {
        SSL_set1_host(ssl, target->server);
        SSL_set_tlsext_host_name(ssl, target->server);
    }
    return ssl;
}

static void connect_stream(Target *target)
{
    struct event_base *base = target->sender->base;
    if (target->transport == TLS)
        target->stream = bufferevent_openssl_socket_new(
            base, -1, make_tls(target), BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
    else
        target->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    struct timeval limit = {CONNECT_SECONDS, 0};
    bufferevent_setcb(target->stream, on_stream_read, NULL, on_stream_event, target);
    bufferevent_set_timeouts(target->stream, NULL, &limit);
    bufferevent_enable(target->stream, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect_hostname(target->stream, target->sender->dns, AF_UNSPEC,
                                            target->server, (int)target->port) < 0)
        failed(target, g_strerror(errno));
}

/* ---- UDP ---- */

static void push_datagrams(Target *target)
{
    guint32 len;
    while (target->datagram >= 0 &&
           evbuffer_copyout(target->waiting, &len, sizeof len) == sizeof len) {
        evbuffer_drain(target->waiting, sizeof len);
        g_autofree char *bytes = g_malloc(len);
        evbuffer_remove(target->waiting, bytes, len);
        if (send(target->datagram, bytes, len, MSG_NOSIGNAL) < 0 && errno != ECONNREFUSED)
            target->dropped++;
    }
}

static void on_resolved(int rc, struct evutil_addrinfo *found, void *data)
{
    Target *target = data;
    target->resolving = FALSE;
    if (rc != 0 || !found) {
        failed(target, evutil_gai_strerror(rc));
        return;
    }
    target->datagram = socket(found->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int connected =
        target->datagram < 0 ? -1 : connect(target->datagram, found->ai_addr, found->ai_addrlen);
    evutil_freeaddrinfo(found);
    if (connected < 0) {
        failed(target, g_strerror(errno));
        return;
    }
    works(target);
    push_datagrams(target);
}

static void connect_datagram(Target *target)
{
    struct evutil_addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};
    char port[8];
    g_snprintf(port, sizeof port, "%u", target->port);
    target->resolving = TRUE;
    evdns_getaddrinfo(target->sender->dns, target->server, port, &hints, on_resolved, target);
}

/* ---- targets ---- */

static void connect_target(Target *target)
{
    if (target->transport == UDP)
        connect_datagram(target);
    else
        connect_stream(target);
}

static void on_retry(evutil_socket_t fd, short what, void *data)
{
    connect_target(data);
}

static void target_free(gpointer data)
{
    Target *target = data;
    close_target(target);
    evbuffer_free(target->waiting);
    event_free(target->retry);
    g_free(target->server);
    g_free(target);
}

static Target *find_target(KxSyslogSender *sender, const KxMsgSyslog *line)
{
    for (guint i = 0; i < sender->targets->len; i++) {
        Target *target = sender->targets->pdata[i];
        if (target->port == line->port && target->transport == line->transport &&
            g_str_equal(target->server, line->server))
            return target;
    }
    if (sender->targets->len == TARGETS_MAX) {
        Target *oldest = sender->targets->pdata[0];
        if (oldest->resolving)
            return NULL;
        g_ptr_array_remove_index(sender->targets, 0);
    }
    Target *target = g_new0(Target, 1);
    target->sender = sender;
    target->server = g_strdup(line->server);
    target->port = line->port;
    target->transport = line->transport;
    target->waiting = evbuffer_new();
    target->datagram = -1;
    target->pause = PAUSE_FIRST;
    target->retry = event_new(sender->base, -1, 0, on_retry, target);
    g_ptr_array_add(sender->targets, target);
    return target;
}

void kx_syslog_sender_send(KxSyslogSender *sender, const KxMsgSyslog *line)
{
    if (line->transport == KX_SYSLOG_TO_JOURNAL) {
        /* A full journal loses lines of logs, not the server its pace. */
        if (write(sender->journal, line->payload.data, line->payload.len) < 0)
            return;
        return;
    }
    Target *target = line->transport <= TLS ? find_target(sender, line) : NULL;
    if (!target)
        return;
    size_t held =
        evbuffer_get_length(target->waiting) +
        (target->stream ? evbuffer_get_length(bufferevent_get_output(target->stream)) : 0);
    if (held + line->payload.len > WAITING_MAX) {
        target->dropped++;
        return;
    }
    if (target->transport == UDP) {
        guint32 len = (guint32)line->payload.len;
        evbuffer_add(target->waiting, &len, sizeof len);
    }
    evbuffer_add(target->waiting, line->payload.data, line->payload.len);
    if (target->connected)
        push_stream(target);
    else if (target->datagram >= 0)
        push_datagrams(target);
    else if (!target->stream && !target->resolving &&
             !event_pending(target->retry, EV_TIMEOUT, NULL))
        connect_target(target);
}

/* ---- life ---- */

KxSyslogSender *kx_syslog_sender_new(struct event_base *base, int journal, KxSyslogReport report,
                                     gpointer data)
{
    KxSyslogSender *sender = g_new0(KxSyslogSender, 1);
    sender->base = base;
    sender->dns =
        evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!sender->dns) /* no resolver configured: addresses and the hosts file still work */
        sender->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    sender->tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(sender->tls, TLS1_2_VERSION);
    kx_trust_load(sender->tls);
    sender->journal = journal;
    sender->report = report;
    sender->data = data;
    sender->targets = g_ptr_array_new_with_free_func(target_free);
    return sender;
}

void kx_syslog_sender_free(KxSyslogSender *sender)
{
    if (!sender)
        return;
    evdns_base_free(sender->dns, 1);
    g_ptr_array_unref(sender->targets);
    SSL_CTX_free(sender->tls);
    g_free(sender);
}

static gboolean all_sent(KxSyslogSender *sender)
{
    for (guint i = 0; i < sender->targets->len; i++) {
        Target *target = sender->targets->pdata[i];
        if (target->failing)
            continue; /* waiting would not help */
        if (evbuffer_get_length(target->waiting) > 0 ||
            (target->stream && evbuffer_get_length(bufferevent_get_output(target->stream)) > 0))
            return FALSE;
    }
    return TRUE;
}

void kx_syslog_sender_finish(KxSyslogSender *sender, guint seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    while (!all_sent(sender) && g_get_monotonic_time() < deadline) {
        struct timeval tv = {0, 50000};
        event_base_loopexit(sender->base, &tv);
        event_base_dispatch(sender->base);
    }
}

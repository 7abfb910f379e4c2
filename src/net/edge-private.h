/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the edge: the process's state and a connection's. */
#pragma once

#include <event2/event.h>

#include "base/buf.h"
#include "ipc/link.h"
#include "net/deflate.h"
#include "net/edge.h"
#include "net/tls.h"

enum { KX_IP_TEXT = 48 };

struct KxEdge {
    struct event_base *base;
    guint index;
    const KxProtocol *const *protocols;
    KxEdgeCounts *counts;
    KxLink *keeper;
    KxLink *core;     /* NULL while there is none */
    guint core_epoch; /* counts the cores seen */
    KxTlsChallenges *challenges;
    KxTlsSet *tls;        /* NULL until the first certificate */
    KxTlsSet *tls_coming; /* being received */
    char ticket_keys[KX_TLS_TICKET_KEYS];
    gboolean have_ticket_keys;
    KxSettings *settings;
    guint debug_topics; /* bit per KxProtocolId: dialogue goes to the Debug log */
    gboolean debug_tls; /* connections and handshakes do */
    GHashTable *conns;  /* id -> KxConn */
    guint32 next_id;
    GPtrArray *listeners; /* KxListener */
    struct {
        gboolean known;          /* nobody is let in before the core has said who may */
        guint32 max_connections; /* 0: no limit */
        GArray *networks;        /* KxIpRange; NULL: no limit */
    } access[KX_SERVICE_COUNT];
    GArray *proxies[KX_PROXY_KINDS]; /* KxIpRange, of those that are trusted; NULL: none */
    struct {                         /* as the core has said */
        char **methods;              /* of KxSaslMechanism */
        GArray *exempt;              /* KxIpRange; NULL: nobody */
        KxTlsNames *authorities;     /* of certificates of clients; NULL: none is asked for */
    } sign_in;
    struct { /* so that a flood of connections does not become a flood of lines */
        gint64 second;
        guint lines, more;
    } refused;
    struct event *accept_timer; /* accepts again after the system ran out of descriptors */
    struct event *stop_timer;
    struct event *stop_poll; /* NULL unless stopping */
    gboolean stopping;
    gboolean stopping_now; /* no more waiting for content that is on its way */
};

struct KxConn {
    KxEdge *edge;
    guint32 id;
    KxServiceId service;
    const KxProtocol *protocol;
    int fd;
    SSL *ssl;           /* NULL outside TLS */
    KxDeflate *deflate; /* NULL unless compressing */
    struct event *readable, *writable, *timer;
    KxBuf in;        /* unread input, clear */
    KxBuf wire;      /* compressed input not expanded yet */
    KxBuf out;       /* to be sent (compressed already) */
    GBytes *ticket;  /* rebuilds the session in a new core */
    KxBuf pending;   /* packed request that waits for a core or for SESSION_READY */
    guint epoch;     /* the core that knows this session; 0: none */
    guint timeout;   /* seconds, 0: none */
    gint64 deadline; /* monotonic microseconds */
    guint remote_port;
    char local_ip[KX_IP_TEXT], remote_ip[KX_IP_TEXT];
    char tls_text[96];
    unsigned waiting : 1;       /* a request is outstanding */
    unsigned answered_some : 1; /* part of its answer went to the client */
    unsigned want_more : 1;     /* the core waits for MORE */
    unsigned want_drained : 1;  /* and for DRAINED */
    unsigned opening : 1;       /* SESSION_OPEN was sent */
    unsigned handshaking : 1;
    unsigned start_tls : 1; /* when the output is sent */
    unsigned closing : 1;   /* when the output is sent */
    unsigned lingering : 1; /* our side is shut, the client's words are thrown away */
    unsigned dead : 1;      /* to be freed when the callback returns */
    unsigned input_ended : 1;
    unsigned busy : 1;    /* inside a callback of the loop */
    unsigned greeted : 1; /* the protocol's open() was called */
    unsigned loopback : 1;
    unsigned trusted : 1; /* it may say for whom it speaks */
    unsigned proxied : 1; /* the header of a proxy has to come first */
    max_align_t state[];
};

/* ---- conn.c ---- */

KxConn *kx_conn_new(KxEdge *edge, KxServiceId service, int fd);
void kx_conn_free(KxConn *conn);
void kx_conn_begin(KxConn *conn); /* starts TLS or greets */
/* NULL: as before. */
void kx_conn_set_addresses(KxConn *conn, const struct sockaddr_storage *from,
                           const struct sockaddr_storage *to);

/* Runs what is due after something happened: input to the protocol, output to the client, death.
 * The connection may be gone afterwards. */
void kx_conn_work(KxConn *conn);

/* ---- edge.c ---- */

void kx_edge_begin(KxConn *conn);      /* lets the client in, or not; the connection may be gone */
gboolean kx_edge_admits(KxConn *conn); /* is the service for this client? Logs if not */

/* ---- proxied.c ---- */

void kx_edge_take_proxies(KxEdge *edge, const KxMsgProxies *proxies);
gboolean kx_conn_is_proxy(const KxConn *conn, KxProxyKind kind); /* it comes from such a one */
void kx_conn_await_proxy(KxConn *conn);
/* Something of the header has come. TRUE: all of it; the addresses are the client's now. */
gboolean kx_conn_read_proxy(KxConn *conn);

/* ---- sign-in.c ---- */

void kx_edge_take_sign_in(KxEdge *edge, const KxMsgSignIn *rules);
void kx_edge_clear_sign_in(KxEdge *edge);

/* ---- conn-io.c: socket, TLS and compression ---- */

void kx_conn_io_read(KxConn *conn);  /* fills in->in as far as there is room */
void kx_conn_io_flush(KxConn *conn); /* sends what can be sent */
void kx_conn_io_handshake(KxConn *conn);

/* ---- conn-core.c: the session's side towards the core ---- */

void kx_conn_core_message(KxConn *conn, const KxMessage *message);
void kx_conn_core_lost(KxConn *conn);
void kx_conn_core_back(KxConn *conn);
void kx_conn_core_close(KxConn *conn);
void kx_conn_core_forget(KxConn *conn); /* drops the pending request */
void kx_conn_core_orphan(KxEdge *edge,
                         const KxMessage *message); /* for a connection that is gone */
void kx_conn_core_drained(KxConn *conn); /* the client has read: ask for more if the core waits */

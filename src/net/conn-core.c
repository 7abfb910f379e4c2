/* SPDX-License-Identifier: Apache-2.0 */
#include "net/edge-private.h"

/* The core may send the next window when less than this is left to be read by the client. */
enum { LOW_WATER = 64 * 1024 };

static void send_open(KxConn *conn)
{
    size_t len = 0;
    const void *ticket = conn->ticket ? g_bytes_get_data(conn->ticket, &len) : NULL;
    KxMsgSessionOpen open = {
        .service = conn->service,
        .secure = conn->ssl != NULL,
        .local_ip = conn->local_ip,
        .remote_ip = conn->remote_ip,
        .ticket = {ticket, len},
    };
    conn->opening = TRUE;
    kx_link_send(conn->edge->core, KX_MSG_SESSION_OPEN, conn->id, &open, -1);
}

static gboolean session_is_known(const KxConn *conn)
{
    return conn->edge->core && conn->epoch == conn->edge->core_epoch;
}

static void send_close(KxEdge *edge, guint32 session)
{
    kx_link_send(edge->core, KX_MSG_SESSION_CLOSE, session, &(KxMsgSessionClose){}, -1);
}

/* A request may hold a password. */
void kx_conn_core_forget(KxConn *conn)
{
    kx_buf_clear_secret(&conn->pending);
}

/* Sends the pending request, or first whatever it needs. */
static void send_pending(KxConn *conn)
{
    KxEdge *edge = conn->edge;
    if (!edge->core || conn->pending.len == 0 || conn->opening)
        return;
    if (!session_is_known(conn)) {
        send_open(conn);
        return;
    }
    kx_link_send_bytes(edge->core, conn->pending.data, conn->pending.len);
    kx_conn_core_forget(conn);
}

void kx_conn_request(KxConn *conn, KxMessageType type, const void *body)
{
    g_assert(!conn->waiting);
    char bytes[KX_MESSAGE_MAX];
    size_t len = kx_message_pack(type, conn->id, body, bytes, sizeof bytes);
    if (len == 0) { /* over a field's limit: no protocol lets that through */
        conn->dead = TRUE;
        return;
    }
    conn->waiting = TRUE;
    conn->answered_some = FALSE;
    conn->want_more = FALSE;
    if (session_is_known(conn)) {
        kx_link_send_bytes(conn->edge->core, bytes, len);
    } else {
        kx_buf_append(&conn->pending, bytes, len);
        send_pending(conn);
    }
    explicit_bzero(bytes, len);
}

static void set_ticket(KxConn *conn, KxSlice ticket)
{
    if (ticket.len == 0)
        return;
    g_clear_pointer(&conn->ticket, g_bytes_unref);
    conn->ticket = g_bytes_new(ticket.data, ticket.len);
}

static void session_ready(KxConn *conn, guint state)
{
    if (!conn->opening) { /* closed meanwhile */
        send_close(conn->edge, conn->id);
        return;
    }
    conn->opening = FALSE;
    conn->epoch = conn->edge->core_epoch;
    if (state == KX_SESSION_REFUSED || (state == KX_SESSION_NEW && conn->ticket)) {
        conn->waiting = FALSE;
        conn->protocol->core_lost(conn);
        kx_conn_close(conn);
        return;
    }
    send_pending(conn);
}

void kx_conn_core_orphan(KxEdge *edge, const KxMessage *message)
{
    if (message->type == KX_MSG_SESSION_READY)
        send_close(edge, message->session);
}

static void answer(KxConn *conn, const KxMessage *message)
{
    conn->waiting = FALSE;
    conn->want_more = FALSE;
    if (conn->closing || conn->dead)
        return;
    conn->protocol->reply(conn, message);
}

/* For the Debug log, the first and the last line of an answer: the dialogue can be followed, and
 * what is in the messages stays out. */
static void debug_answer(KxConn *conn, const KxMsgReply *body)
{
    const char *data = body->data.data;
    size_t len = body->data.len;
    if (len > 0 && !conn->answered_some) {
        const char *end = memchr(data, '\r', len);
        kx_conn_debug(conn, '>', data, end ? (size_t)(end - data) : len);
    }
    if (conn->protocol->private_answers)
        return;
    while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
        len--;
    if (len == 0 || body->flags & (KX_REPLY_PARTIAL | KX_REPLY_MORE))
        return;
    const char *feed = memrchr(data, '\n', len);
    const char *last = feed ? feed + 1 : data;
    if (feed || conn->answered_some)
        kx_conn_debug(conn, '>', last, len - (size_t)(last - data));
}

static void reply(KxConn *conn, const KxMessage *message)
{
    const KxMsgReply *body = &message->REPLY;
    set_ticket(conn, body->ticket);
    debug_answer(conn, body);
    if (body->data.len > 0) {
        kx_conn_write(conn, body->data.data, body->data.len);
        conn->answered_some = TRUE;
    }
    if (body->flags & KX_REPLY_PARTIAL)
        return;
    if (body->flags & KX_REPLY_MORE) {
        conn->want_more = TRUE;
        return;
    }
    if (body->flags & KX_REPLY_CLOSE) {
        kx_conn_close(conn);
        conn->waiting = FALSE;
    } else {
        answer(conn, message);
    }
}

void kx_conn_core_message(KxConn *conn, const KxMessage *message)
{
    conn->busy = TRUE;
    switch (message->type) {
    case KX_MSG_SESSION_READY:
        session_ready(conn, message->SESSION_READY.state);
        break;
    case KX_MSG_REPLY:
        reply(conn, message);
        break;
    case KX_MSG_PUSH:
        set_ticket(conn, message->PUSH.ticket);
        kx_conn_write(conn, message->PUSH.data.data, message->PUSH.data.len);
        if (message->PUSH.flags & KX_REPLY_CLOSE)
            kx_conn_close(conn);
        if (message->PUSH.flags & KX_REPLY_ASK)
            conn->want_drained = TRUE;
        break;
    case KX_MSG_SASL_REPLY:
        set_ticket(conn, message->SASL_REPLY.ticket);
        answer(conn, message);
        break;
    default:
        answer(conn, message);
        break;
    }
    conn->busy = FALSE;
    kx_conn_work(conn);
}

void kx_conn_core_lost(KxConn *conn)
{
    conn->opening = FALSE;
    conn->want_drained = FALSE;
    conn->epoch = 0;
    if (!conn->waiting || conn->pending.len > 0)
        return; /* nothing was on its way */
    conn->waiting = FALSE;
    if (conn->answered_some || conn->want_more) {
        conn->dead = TRUE;
    } else {
        conn->busy = TRUE;
        conn->protocol->core_lost(conn);
        conn->busy = FALSE;
    }
    kx_conn_work(conn);
}

void kx_conn_core_back(KxConn *conn)
{
    if (conn->pending.len > 0) {
        send_pending(conn);
    } else if (conn->protocol->core_back && !conn->waiting && conn->greeted && !conn->closing) {
        conn->busy = TRUE;
        conn->protocol->core_back(conn);
        conn->busy = FALSE;
        kx_conn_work(conn);
    }
}

void kx_conn_core_close(KxConn *conn)
{
    /* While the session is being opened the close could overtake it in the core: it follows
     * SESSION_READY. */
    if (session_is_known(conn))
        send_close(conn->edge, conn->id);
    conn->opening = FALSE;
    conn->epoch = 0;
}

void kx_conn_core_drained(KxConn *conn)
{
    if (conn->want_drained && conn->out.len < LOW_WATER && session_is_known(conn)) {
        conn->want_drained = FALSE;
        kx_link_send(conn->edge->core, KX_MSG_DRAINED, conn->id, &(KxMsgDrained){}, -1);
    }
    if (!conn->want_more || conn->out.len >= LOW_WATER || !conn->edge->core)
        return;
    conn->want_more = FALSE;
    kx_link_send(conn->edge->core, KX_MSG_MORE, conn->id, &(KxMsgMore){}, -1);
}

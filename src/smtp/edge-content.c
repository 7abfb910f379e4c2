/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving the content of a message. It collects in `chunk`, goes to the core a chunk at a time,
 * and the rest with the request to deliver, so that a small message costs one request.
 */
#include "ipc/message.h"
#include "smtp/edge-private.h"

static const struct {
    guint flaw;
    guint code;
    const char *text;
} FLAWS[] = {
    {KX_CONTENT_BARE_LF, 550, "5.6.11 The message has a bare LF: its lines must end in CRLF"},
    {KX_CONTENT_BARE_CR, 550, "5.6.11 The message has a bare CR: its lines must end in CRLF"},
    {KX_CONTENT_NUL, 550, "5.6.11 The message has a NUL character"},
    {KX_CONTENT_LONG_LINE, 554, "5.6.0 The message has a line longer than 1 MiB"},
};

void kx_edge_content_begin(KxSmtpEdge *edge, KxEdgeMode mode)
{
    edge->mode = mode;
    if (!edge->chunking) {
        edge->check = KX_CONTENT_CHECK_INIT;
        kx_buf_init(&edge->chunk, KX_CHUNK_MAX);
        edge->received = 0;
    }
    edge->chunking = mode == KX_EDGE_BDAT;
    edge->content_since = g_get_monotonic_time();
}

void kx_edge_content_refuse(KxSmtpEdge *edge, guint code, const char *text)
{
    if (edge->refusal)
        return;
    edge->refusal = code;
    edge->refusal_text = g_strdup(text);
    kx_buf_free(&edge->chunk);
}

/* ---- the end ---- */

static void say_refusal(KxConn *conn)
{
    const KxSmtpEdge *edge = kx_conn_state(conn);
    kx_edge_say(conn, edge->refusal, edge->refusal_text);
}

static void content_end(KxConn *conn, KxSmtpEdge *edge)
{
    edge->mode = KX_EDGE_COMMAND;
    if (edge->refusal)
        kx_edge_reset(conn, say_refusal);
    else
        kx_edge_ask(conn, KX_ASK_MESSAGE);
}

static void note_flaws(KxSmtpEdge *edge)
{
    if (edge->mail && (edge->mail->flags & KX_SMTP_BINARYMIME))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(FLAWS); i++) {
        if (edge->check.flaws & FLAWS[i].flaw)
            kx_edge_content_refuse(edge, FLAWS[i].code, FLAWS[i].text);
    }
}

void kx_edge_content_chunk_end(KxConn *conn)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    edge->mode = KX_EDGE_COMMAND;
    if (edge->bdat_last) {
        kx_content_watch_end(&edge->check);
        note_flaws(edge);
    }
    if (edge->bdat_last || edge->refusal)
        content_end(conn, edge);
    else
        kx_edge_line(conn, "250 2.0.0 %" G_GUINT64_FORMAT " octets received", edge->bdat_size);
}

void kx_edge_content_url(KxConn *conn, const char *url, gboolean last)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    kx_edge_content_begin(edge, KX_EDGE_BDAT);
    edge->mode = KX_EDGE_COMMAND;
    edge->bdat_last = last;
    kx_content_watch_end(&edge->check); /* what was sent so far stands by itself */
    note_flaws(edge);
    if (edge->refusal) {
        content_end(conn, edge);
        return;
    }
    edge->url = g_strdup(url);
    kx_edge_ask(conn, KX_ASK_BURL);
}

/* ---- pieces ---- */

/* `len` more bytes of content have come. */
static void count(KxConn *conn, KxSmtpEdge *edge, size_t len)
{
    guint64 most = (guint64)kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_MAX_SIZE);
    edge->received += len;
    if (most > 0 && edge->received > most)
        kx_edge_content_refuse(edge, 552, "5.3.4 Message size exceeds the limit");
    note_flaws(edge);
    if (edge->refusal) {
        edge->swallowed += len;
        kx_buf_reset(&edge->chunk);
    }
}

/* Whoever sends a byte a minute, or refused content without end, holds a connection for nothing. */
static gboolean enough(KxConn *conn, KxSmtpEdge *edge)
{
    gint64 seconds = (g_get_monotonic_time() - edge->content_since) / G_USEC_PER_SEC;
    gint64 patience = kx_settings_int(kx_conn_settings(conn), KX_SET_SMTP_TIMEOUT);
    if (seconds > patience + (gint64)(edge->received / KX_SMTP_RATE_MIN)) {
        kx_edge_goodbye(conn, "4.4.2", "Content comes too slowly");
        return TRUE;
    }
    if (edge->swallowed > KX_SMTP_SWALLOW_MAX) {
        say_refusal(conn);
        kx_edge_close(conn);
        return TRUE;
    }
    return FALSE;
}

static void data_input(KxConn *conn, KxSmtpEdge *edge, const char *bytes, size_t len)
{
    gboolean end;
    size_t before = edge->chunk.len;
    size_t used =
        kx_content_unstuff(&edge->check, bytes, len, &edge->chunk, KX_CHUNK_MAX - before, &end);
    kx_conn_consume(conn, used);
    count(conn, edge, edge->chunk.len - before);
    if (end)
        content_end(conn, edge);
}

static void bdat_input(KxConn *conn, KxSmtpEdge *edge, const char *bytes, size_t len)
{
    size_t n = (size_t)MIN((guint64)MIN(len, KX_CHUNK_MAX - edge->chunk.len), edge->bdat_left);
    if (!edge->refusal) {
        kx_content_watch(&edge->check, bytes, n);
        kx_buf_append(&edge->chunk, bytes, n);
    }
    kx_conn_consume(conn, n);
    edge->bdat_left -= n;
    count(conn, edge, n);
    if (edge->bdat_left == 0)
        kx_edge_content_chunk_end(conn);
}

void kx_edge_content_input(KxConn *conn, const char *bytes, size_t len)
{
    KxSmtpEdge *edge = kx_conn_state(conn);
    if (enough(conn, edge))
        return;
    if (!edge->refusal && KX_CHUNK_MAX - edge->chunk.len < 3)
        kx_edge_ask(conn, KX_ASK_SPOOL);
    else if (edge->mode == KX_EDGE_DATA)
        data_input(conn, edge, bytes, len);
    else
        bdat_input(conn, edge, bytes, len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to an SMTP server, as its client: bytes out, replies in, TLS. Everything waits, and
 * nothing waits for longer than it is told to.
 *
 * Errors: KX_ERR_IO (connection, timeout), KX_ERR_PROTOCOL (no SMTP reply, or one too long); the
 * connection is of no use afterwards.
 *
 * Threads: a connection belongs to one thread at a time.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

#include "courier/resolver.h"
#include "ipc/message.h"

typedef struct KxSmtpConn KxSmtpConn;

/* RFC 5321 section 4.5.3.2, in seconds. */
enum {
    KX_SMTP_CONNECT = 30,
    KX_SMTP_GREETING = 300,
    KX_SMTP_COMMAND = 300,
    KX_SMTP_REUSED = 10, /* not of the RFC: the first reply on a connection that was idle */
    KX_SMTP_DATA_INIT = 120,
    KX_SMTP_DATA_BLOCK = 180,
    KX_SMTP_DATA_END = 600,
};

typedef struct {
    guint code;    /* 0: nothing was read */
    GString *text; /* of all lines without the codes, joined by LF; owned */
} KxSmtpReply;

/* `source` are the addresses to connect from, one of each kind, separated by a comma; NULL: any;
 * `seconds` the most that any wait takes, 0: as long as is asked for. */
KxSmtpConn *kx_smtp_conn_open(const KxHostAddress *address, guint port, const char *source,
                              guint seconds, GError **error);
void kx_smtp_conn_free(KxSmtpConn *conn);

/* What the other side has to show. */
typedef struct {
    const char *host;      /* its name: sent as SNI, and one a certificate may have */
    const char *names[2];  /* further names, up to the first NULL */
    gboolean verify;       /* the certificate must be good; otherwise whether it is is only noted */
    const GPtrArray *tlsa; /* KxTlsa that say which certificates are good (RFC 7672), instead of the
                              authorities; NULL: none */
} KxSmtpTls;

/* How many of the records are of a kind that mail uses (RFC 7672 section 3.1); the others count for
 * nothing. */
guint kx_tlsa_usable(const GPtrArray *tlsa);

gboolean kx_smtp_conn_start_tls(KxSmtpConn *conn, SSL_CTX *ctx, const KxSmtpTls *want,
                                GError **error);
/* X509_V_OK, or what is wrong with the certificate, also after a failure. */
long kx_smtp_conn_verdict(const KxSmtpConn *conn);
/* Whose certificate the server showed, who issued it, and until when it is good; the caller's;
 * NULL: it showed none. */
char *kx_smtp_conn_certificate(const KxSmtpConn *conn);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384"; NULL: in the clear. */
const char *kx_smtp_conn_tls(const KxSmtpConn *conn);
const char *kx_smtp_conn_ip(const KxSmtpConn *conn);
const char *kx_smtp_conn_source(const KxSmtpConn *conn); /* the address here */

/* For a library that asks for it; it reads and writes through the functions here all the same. */
int kx_smtp_conn_fd(const KxSmtpConn *conn);

/* What is written is sent at the next flush or read, or when there is much of it. */
gboolean kx_smtp_conn_write(KxSmtpConn *conn, const void *bytes, size_t len, GError **error);
gboolean kx_smtp_conn_printf(KxSmtpConn *conn, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
gboolean kx_smtp_conn_flush(KxSmtpConn *conn, GError **error);

/* Replaces what the reply held; the whole reply must come in time. */
gboolean kx_smtp_conn_read(KxSmtpConn *conn, guint seconds, KxSmtpReply *reply, GError **error);

/* For protocols with other replies (POP3, IMAP): what has come and was not consumed yet; waiting
 * until there is more of it, for which there must be room (KX_SMTP_ROOM); dropping it from the
 * front. */
enum { KX_SMTP_ROOM = 64 * 1024 };
KxSlice kx_smtp_conn_peek(const KxSmtpConn *conn);
gboolean kx_smtp_conn_fill(KxSmtpConn *conn, guint seconds, GError **error);
void kx_smtp_conn_consume(KxSmtpConn *conn, size_t len);

void kx_smtp_reply_clear(KxSmtpReply *reply);
/* The enhanced status code at its beginning (RFC 3463), or one made of the first digit; then the
 * text in one line, without control characters. */
char *kx_smtp_reply_status(const KxSmtpReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSmtpConn, kx_smtp_conn_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSmtpReply, kx_smtp_reply_clear)

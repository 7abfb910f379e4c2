/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's connection in the edge role: socket, TLS, compression, buffers and timers. The edge
 * half of a protocol (KxProtocol) frames the client's bytes, keeps the dialogue before sign-in, and
 * passes requests to the core: one at a time for each connection, the next when the last is
 * answered.
 *
 * The edge is one event loop, one thread. All callbacks come from the loop and must not block. A
 * connection is closed by kx_conn_close(), or by the loop when the client is gone; close() of the
 * protocol is called once and the connection is freed after the callback in progress returns.
 *
 * If the core restarts, connections stay. A request that was outstanding gets core_lost() (unless
 * part of its answer has gone out already: then the connection is closed, because the client could
 * not make sense of a second answer). The next request opens the session anew with the last ticket,
 * unseen by the protocol; requests made while there is no core wait for it.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"
#include "ipc/service.h"
#include "settings/settings.h"

typedef struct KxConn KxConn;

typedef struct KxProtocol {
    const char *name;
    size_t state_size; /* of kx_conn_state(), zeroed at open */
    size_t input_max;  /* unread input kept before reading from the client pauses */
    gboolean
        private_answers; /* answers may hold secrets: the Debug log gets their first line only */

    void (*open)(KxConn *conn); /* ready to talk (implicit TLS is done): greet */
    void (*input)(
        KxConn *conn); /* unread input is there and no request is outstanding; also called again
                          after each answer while there is input. Consume what can be framed. */
    void (*reply)(KxConn *conn, const KxMessage *message); /* the answer to the request: REPLY
                                    without PARTIAL or MORE (its data has been written to the client
                                    already), SASL_REPLY, SMTP_VERDICT */
    void (*core_lost)(KxConn *conn); /* the request will not be answered: say so to the client */
    void (*core_back)(
        KxConn *conn); /* a new core is there and no request is outstanding; may be NULL */
    void (*secured)(KxConn *conn); /* STARTTLS has finished: forget what was said before */
    void (*timeout)(
        KxConn *conn); /* the timeout passed without input: say goodbye, kx_conn_close() */
    void (*shutdown)(KxConn *conn); /* the server stops and no request is outstanding: say goodbye,
                                       kx_conn_close() */
    gboolean (*receiving)(KxConn *conn); /* in the middle of a message's content, which a stop of
                                    the server lets arrive; may be NULL */
    void (*close)(KxConn *conn);         /* free what the state owns; may be NULL */
} KxProtocol;

void *kx_conn_state(KxConn *conn);
const KxService *kx_conn_service(KxConn *conn);
const char *kx_conn_remote_ip(KxConn *conn);

/* The other side is a proxy that the administrator trusts to say for whom it speaks, and has not
 * said so yet. */
gboolean kx_conn_speaks_for_others(KxConn *conn);
/* From here on it is a client at `from` that came to `to`; NULL: as before. The session in the core
 * ends, and no request may be outstanding. FALSE: the service is not for that client. */
struct sockaddr_storage;
gboolean kx_conn_change_client(KxConn *conn, const struct sockaddr_storage *from,
                               const struct sockaddr_storage *to);
gboolean kx_conn_is_loopback(KxConn *conn);       /* the client is on this host */
gboolean kx_conn_is_secure(KxConn *conn);         /* inside TLS */
const char *kx_conn_tls(KxConn *conn);            /* "TLSv1.3 TLS_AES_256_GCM_SHA384", or "" */
const KxSettings *kx_conn_settings(KxConn *conn); /* current; borrowed until the callback returns */

/* Unread input, contiguous; valid until the next call on the connection. */
const char *kx_conn_input(KxConn *conn, size_t *ret_len);
void kx_conn_consume(KxConn *conn, size_t len);

void kx_conn_write(KxConn *conn, const void *bytes, size_t len);
void kx_conn_puts(KxConn *conn, const char *text);
void kx_conn_printf(KxConn *conn, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Starts the TLS handshake when the output so far is sent. Input that came before is thrown away
 * (RFC 3207 section 4.2). secured() follows, or the connection is closed. */
void kx_conn_start_tls(KxConn *conn);

/* Compresses from here on (RFC 4978), after what was written so far. FALSE if active already. */
gboolean kx_conn_start_deflate(KxConn *conn);

/* Ends compression after what was written so far; what the client has sent up to now was
 * compressed, what it sends from here on is not. */
void kx_conn_stop_deflate(KxConn *conn);

/* Ends the session in the core, with its ticket; the next request opens another, which knows
 * nothing of this one. No request may be outstanding. */
void kx_conn_forget_session(KxConn *conn);

/* Closes when the output is sent; input is ignored from here on. */
void kx_conn_close(KxConn *conn);

/* Seconds until timeout(), from now and again from each piece of input consumed (not merely
 * received: a client that sends its command byte by byte gets no more time than others). 0: none.
 */
void kx_conn_set_timeout(KxConn *conn, guint seconds);

/* Sends a request to the core (COMMAND, SPOOL, SASL, SMTP_*). None may be outstanding. input()
 * pauses until the answer. `body` is copied. */
void kx_conn_request(KxConn *conn, KxMessageType type, const void *body);

/* The same for SASL: `mechanism` as kx_conn_find_mechanism() gives it begins an exchange, empty
 * goes on with it. */
void kx_conn_request_sasl(KxConn *conn, const char *mechanism, gboolean initial, KxSlice data);

/* Whether this client may sign in now, by auth.policy: with a method that sends the password, or
 * with any at all. `loopback`: clients on this host are let off, if the settings say so. */
typedef enum { KX_SIGN_IN_NO, KX_SIGN_IN_SECURELY, KX_SIGN_IN_ANYHOW } KxSignInRight;
KxSignInRight kx_conn_may_sign_in(KxConn *conn, gboolean loopback);
/* The mechanisms offered to a client with that right, each after `before` and with a blank where
 * there are more; free it. */
char *kx_conn_mechanisms(KxConn *conn, KxSignInRight right, const char *before);
/* One of them, or NULL. Static. */
const char *kx_conn_find_mechanism(KxConn *conn, KxSignInRight right, const char *name, size_t len);

/* Notes in the Security log that a client has asked for a mechanism that it is not offered. */
void kx_conn_log_mechanism(KxConn *conn, const char *service, const char *name, size_t len);

/* A line for a log of the core (KxLogId of log/log-list.h); values from outside must be escaped
 * already. */
void kx_conn_log(KxConn *conn, guint log, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* A line of the dialogue for the Debug log, if the protocol's topic is switched on. `direction` is
 * '<' (from the client) or '>'. The caller leaves out secrets. */
void kx_conn_debug(KxConn *conn, char direction, const char *bytes, size_t len);

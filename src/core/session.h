/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's session in the core role. Worker threads receive messages from the edges, one complete
 * request each, and call the protocol's handler, which may block on disk, and reads top to bottom.
 *
 * Threads: a handler runs with the session to itself (no other handler call of the same session at
 * the same time). kx_session_poke() may be called from any thread, under any lock.
 *
 * Output goes back in pieces under a credit window: a handler writes as it likes for a bounded
 * answer; for a long one (FETCH) it sets a cursor and returns. The cursor's step is called as long
 * as the client takes the output; it writes until kx_session_full() and returns KX_STEP_MORE, or
 * finishes.
 *
 * A session survives the core: kx_session_set_state() hands out what is needed to rebuild it; it
 * travels sealed (encrypted, authenticated, bound to session and service) to the edge with the next
 * answer and comes back to resume() after a restart.
 */
#pragma once

#include "core/core.h"
#include "directory/issued.h"
#include "ipc/message.h"
#include "ipc/service.h"

typedef struct KxSession KxSession;

typedef enum { KX_STEP_DONE, KX_STEP_MORE } KxStep;
typedef KxStep (*KxCursorStep)(KxSession *session, gpointer cursor);

typedef struct KxHandler {
    const char *name;    /* "IMAP": as in log lines */
    const char *goodbye; /* last words to a session that nobody may have any more */
    gboolean master;     /* the master password opens its sessions (AUTH-12) */
    KxScope scope;       /* what an application password or token for it must have */
    void (*message)(KxSession *session,
                    const KxMessage *message); /* COMMAND, SPOOL, SMTP_*; answer by
                writing and kx_session_reply() or kx_session_verdict(), or set a cursor */
    void (*signed_in)(
        KxSession *session); /* SASL succeeded: kx_session_user() is set; may be NULL */
    gboolean (*resume)(KxSession *session, const void *state,
                       size_t len);     /* rebuild; FALSE: cannot */
    void (*notify)(KxSession *session); /* after a poke, with no request in progress; may be NULL */
    void (*close)(KxSession *session);  /* free kx_session_data(); may be NULL */
} KxHandler;

KxCore *kx_session_core(KxSession *session);
const KxService *kx_session_service(KxSession *session);
const KxUser *kx_session_user(KxSession *session); /* NULL before sign-in */
const char *kx_session_login(KxSession *session);  /* "user@domain", or NULL */
const char *kx_session_remote_ip(KxSession *session);
const char *kx_session_local_ip(KxSession *session); /* the address the client came to */
gboolean kx_session_is_secure(KxSession *session);
gboolean kx_session_auth_failed(
    KxSession *session); /* a sign-in on this connection failed (SMTP-12) */
/* The SASL mechanisms of a connection like this one, with blanks between; free it. */
char *kx_session_mechanisms(KxSession *session);
KxActor kx_session_actor(KxSession *session); /* for the Operations log; borrowed strings */
KxSettings *kx_session_settings(
    KxSession *session); /* the snapshot taken at the start of this message; borrowed */

gpointer kx_session_data(KxSession *session);
void kx_session_set_data(KxSession *session, gpointer data);

void kx_session_write(KxSession *session, const void *bytes, size_t len);
void kx_session_puts(KxSession *session, const char *text);
void kx_session_printf(KxSession *session, const char *format, ...) G_GNUC_PRINTF(2, 3);
gboolean kx_session_full(KxSession *session); /* a step should stop here */

/* Sends what has been written, in the middle of long work. */
void kx_session_write_now(KxSession *session);

/* The request is answered. `flags`: 0 or KX_REPLY_CLOSE. Exactly once per request, at its end. */
void kx_session_reply(KxSession *session, guint flags, guint code);
void kx_session_verdict(KxSession *session, guint code,
                        const char *text); /* SMTP_VERDICT instead */

/* The rest of the answer comes from `step`, which ends by kx_session_reply() and KX_STEP_DONE.
 * `destroy` is called once, also if the client goes away. Instead of replying, the last step may
 * set another cursor and return KX_STEP_DONE. */
void kx_session_set_cursor(KxSession *session, KxCursorStep step, gpointer cursor,
                           GDestroyNotify destroy);

void kx_session_set_state(KxSession *session, const void *state, size_t len); /* at most 3 KiB */

/* Calls notify() soon, from another thread, if the session is not busy with a request. Output
 * written there is pushed to the client. */
void kx_session_poke(KxSession *session);

/* Bytes that may still be pushed before the client has read; without end while a request is in
 * progress. Handlers that push a lot ask before. */
size_t kx_session_push_room(KxSession *session);

/* Ends the session from the core's side after `text` (may be NULL) is sent. */
void kx_session_kick(KxSession *session, const char *text);

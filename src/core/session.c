/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include "core/session-private.h"
#include "ipc/channel.h"

/* Bytes of output on the way to one client before the core waits for it. */
enum { WINDOW = 256 * 1024 };

/* Bytes pushed to a client that may not have read any of them: after so many the edge is asked to
 * say when it has, and more than so many there never are. */
enum { PUSH_ASK = 64 * 1024, PUSH_MAX = 1024 * 1024 };

/* After so long a cursor goes to the end of the queue, so that long searches do not keep all
 * workers. */
enum { TURN_US = 100 * 1000 };

KxSession *kx_session_new(KxEdgeChannel *channel, guint32 id, const KxMsgSessionOpen *open)
{
    KxSession *session = g_new0(KxSession, 1);
    session->refs = 1;
    session->channel = kx_edge_channel_ref(channel);
    session->id = id;
    session->service_id = open->service;
    session->handler = channel->workers->handlers[kx_service(open->service)->protocol];
    session->since = g_get_real_time() / G_USEC_PER_SEC;
    session->secure = open->secure != 0;
    session->local_ip = g_strdup(open->local_ip);
    session->remote_ip = g_strdup(open->remote_ip);
    kx_mutex_init(&session->lock);
    kx_buf_init(&session->out, KX_CHUNK_MAX);
    return session;
}

KxSession *kx_session_ref(KxSession *session)
{
    g_atomic_int_inc(&session->refs);
    return session;
}

void kx_session_unref(KxSession *session)
{
    if (!g_atomic_int_dec_and_test(&session->refs))
        return;
    kx_user_free(session->user);
    kx_sasl_free(session->sasl);
    g_free(session->login);
    g_free(session->local_ip);
    g_free(session->remote_ip);
    g_clear_pointer(&session->state, g_bytes_unref);
    kx_buf_free(&session->out);
    kx_mutex_clear(&session->lock);
    kx_edge_channel_unref(session->channel);
    g_free(session);
}

void kx_session_end(KxSession *session)
{
    if (session->closed)
        return;
    session->closed = TRUE;
    if (session->login)
        kx_debug(kx_session_core(session)->logger, KX_DEBUG_QUOTA_LOGIN,
                 "%s ends a session over %s from %s after %" G_GINT64_FORMAT " s", session->login,
                 session->handler->name, session->remote_ip,
                 g_get_real_time() / G_USEC_PER_SEC - session->since);
    kx_session_drop_cursor(session);
    if (session->handler->close)
        session->handler->close(session);
    session->data = NULL;
}

/* ---- who and what ---- */

KxCore *kx_session_core(KxSession *session)
{
    return session->channel->workers->core;
}

const KxService *kx_session_service(KxSession *session)
{
    return kx_service(session->service_id);
}

const KxUser *kx_session_user(KxSession *session)
{
    return session->user;
}

const char *kx_session_login(KxSession *session)
{
    return session->login;
}

void kx_session_set_user(KxSession *session, KxUser *user, gint64 issued)
{
    kx_user_free(session->user);
    g_free(session->login);
    session->user = user;
    session->issued = issued;
    session->login = g_strdup_printf("%s@%s", user->name, user->domain);
    session->state_changed = TRUE; /* a first ticket, even without a state */
}

const char *kx_session_remote_ip(KxSession *session)
{
    return session->remote_ip;
}

const char *kx_session_local_ip(KxSession *session)
{
    return session->local_ip;
}

gboolean kx_session_is_secure(KxSession *session)
{
    return session->secure;
}

gboolean kx_session_auth_failed(KxSession *session)
{
    return session->auth_failed;
}

KxActor kx_session_actor(KxSession *session)
{
    return (KxActor){session->handler->name, session->login, session->remote_ip};
}

KxSettings *kx_session_settings(KxSession *session)
{
    return session->settings;
}

gpointer kx_session_data(KxSession *session)
{
    return session->data;
}

void kx_session_set_data(KxSession *session, gpointer data)
{
    session->data = data;
}

void kx_session_set_state(KxSession *session, const void *state, size_t len)
{
    g_assert(len <= KX_TICKET_STATE_MAX);
    g_autoptr(GBytes) fresh = g_bytes_new(state, len);
    if (session->state && g_bytes_equal(session->state, fresh))
        return;
    g_clear_pointer(&session->state, g_bytes_unref);
    session->state = g_steal_pointer(&fresh);
    session->state_changed = TRUE;
}

/* ---- output ---- */

void kx_session_send(KxSession *session, KxMessageType type, const void *body)
{
    kx_channel_send(session->channel->fd, type, session->id, body, -1);
}

size_t kx_session_ticket(KxSession *session, char out[static KX_TICKET_MAX])
{
    if (!session->state_changed || !session->login)
        return 0;
    session->state_changed = FALSE;
    size_t len = 0;
    const void *state = session->state ? g_bytes_get_data(session->state, &len) : NULL;
    KxTicketBinding binding = {session->channel->index, session->id, session->service_id};
    const KxTicketOwner owner = {session->login, session->issued};
    return kx_ticket_seal(session->channel->workers->key, &binding, &owner, state, len, out);
}

/* From time to time the edge is asked to say when the client has read. */
static void push(KxSession *session, guint flags, KxSlice data, KxSlice seal)
{
    session->pushed += data.len;
    if (!session->asked && session->pushed >= PUSH_ASK) {
        session->asked = TRUE;
        flags |= KX_REPLY_ASK;
    }
    kx_session_send(session, KX_MSG_PUSH, &(KxMsgPush){flags, data, seal});
}

size_t kx_session_push_room(KxSession *session)
{
    size_t used = session->pushed + session->out.len;
    return session->requested ? G_MAXSIZE : used < PUSH_MAX ? PUSH_MAX - used : 0;
}

void kx_session_flush(KxSession *session, guint flags, guint code)
{
    char ticket[KX_TICKET_MAX];
    size_t ticket_len = flags & KX_REPLY_PARTIAL ? 0 : kx_session_ticket(session, ticket);
    KxSlice data = {session->out.data, session->out.len};
    KxSlice seal = {ticket, ticket_len};
    if (session->pushing) {
        if (data.len > 0 || seal.len > 0 || flags & KX_REPLY_CLOSE)
            push(session, flags & KX_REPLY_CLOSE, data, seal);
    } else {
        kx_session_send(session, KX_MSG_REPLY, &(KxMsgReply){flags, code, data, seal});
    }
    session->sent += data.len;
    kx_buf_reset(&session->out);
}

void kx_session_write(KxSession *session, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        size_t piece = MIN(len, KX_CHUNK_MAX - session->out.len);
        kx_buf_append(&session->out, at, piece);
        at += piece;
        len -= piece;
        if (session->out.len == KX_CHUNK_MAX)
            kx_session_flush(session, KX_REPLY_PARTIAL, 0);
    }
}

void kx_session_write_now(KxSession *session)
{
    if (session->requested && session->out.len > 0)
        kx_session_flush(session, KX_REPLY_PARTIAL, 0);
}

void kx_session_puts(KxSession *session, const char *text)
{
    kx_session_write(session, text, strlen(text));
}

void kx_session_printf(KxSession *session, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    kx_session_puts(session, text);
}

gboolean kx_session_full(KxSession *session)
{
    return session->sent + session->out.len >= WINDOW;
}

void kx_session_reply(KxSession *session, guint flags, guint code)
{
    g_return_if_fail(session->requested);
    session->requested = FALSE;
    kx_session_flush(session, flags, code);
}

void kx_session_verdict(KxSession *session, guint code, const char *text)
{
    g_return_if_fail(session->requested);
    session->requested = FALSE;
    kx_session_send(session, KX_MSG_SMTP_VERDICT, &(KxMsgSmtpVerdict){code, text});
}

void kx_session_kick(KxSession *session, const char *text)
{
    if (text)
        kx_session_puts(session, text);
    if (session->requested)
        kx_session_reply(session, KX_REPLY_CLOSE, 0);
    else
        kx_session_flush(session, KX_REPLY_CLOSE, 0);
}

/* ---- cursors ---- */

void kx_session_set_cursor(KxSession *session, KxCursorStep step, gpointer cursor,
                           GDestroyNotify destroy)
{
    g_assert(!session->step);
    session->step = step;
    session->cursor = cursor;
    session->cursor_free = destroy;
}

void kx_session_drop_cursor(KxSession *session)
{
    gpointer cursor = g_steal_pointer(&session->cursor);
    if (session->step && session->cursor_free)
        session->cursor_free(cursor);
    session->step = NULL;
    session->cursor_free = NULL;
}

/* The cursor is out of the session while it works, so that its last step may set another. */
static void run_step(KxSession *session)
{
    KxCursorStep step = g_steal_pointer(&session->step);
    gpointer cursor = g_steal_pointer(&session->cursor);
    GDestroyNotify destroy = g_steal_pointer(&session->cursor_free);
    if (step(session, cursor) == KX_STEP_MORE)
        kx_session_set_cursor(session, step, cursor, destroy);
    else if (destroy)
        destroy(cursor);
}

void kx_session_run_cursor(KxSession *session)
{
    gint64 turn_ends = g_get_monotonic_time() + TURN_US;
    while (session->step) {
        if (g_atomic_int_get(&session->closing)) {
            kx_session_drop_cursor(session);
            return;
        }
        run_step(session);
        if (!session->step)
            return;
        if (kx_session_full(session) || g_get_monotonic_time() > turn_ends) {
            kx_session_flush(session, KX_REPLY_MORE, 0);
            return;
        }
    }
}

/* ---- notifications ---- */

void kx_session_poke(KxSession *session)
{
    if (g_atomic_int_compare_and_exchange(&session->poked, 0, 1))
        kx_poked_push(&session->channel->workers->poked, kx_session_ref(session));
}

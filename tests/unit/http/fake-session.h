/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session without an edge: what core/session.h offers to the HTTP handler. What goes to the
 * client stands in `out`. Included by one test only.
 */
#pragma once

#include "http/http-private.h"
#include "http/wire.h"

struct KxSession {
    KxCore core;
    gpointer data;
    GString *out;
    gboolean replied;
    guint flags, code;
    KxCursorStep step;
    gpointer cursor;
    GDestroyNotify cursor_free;
};

static KxSession *fake_new(void)
{
    KxSession *session = g_new0(KxSession, 1);
    session->core.http = kx_http_new();
    session->out = g_string_new(NULL);
    return session;
}

static void fake_free(KxSession *session)
{
    kx_http_handler.close(session);
    kx_http_free(session->core.http);
    g_string_free(session->out, TRUE);
    g_free(session);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSession, fake_free)

/* One message and its answer; returns its code. */
static guint ask(KxSession *session, KxMessage message)
{
    g_string_truncate(session->out, 0);
    session->replied = FALSE;
    kx_http_handler.message(session, &message);
    while (session->step) {
        KxCursorStep step = g_steal_pointer(&session->step);
        if (step(session, session->cursor) == KX_STEP_MORE)
            session->step = step;
        else
            session->cursor_free(session->cursor);
    }
    g_assert_true(session->replied);
    return session->code;
}

KxCore *kx_session_core(KxSession *session)
{
    return &session->core;
}

const KxService *kx_session_service(KxSession *session)
{
    return kx_service(KX_SERVICE_ADMIN);
}

gboolean kx_session_is_secure(KxSession *session)
{
    return TRUE;
}

gpointer kx_session_data(KxSession *session)
{
    return session->data;
}

void kx_session_set_data(KxSession *session, gpointer data)
{
    session->data = data;
}

void kx_session_write(KxSession *session, const void *bytes, size_t len)
{
    g_string_append_len(session->out, bytes, (gssize)len);
}

void kx_session_puts(KxSession *session, const char *text)
{
    g_string_append(session->out, text);
}

void kx_session_printf(KxSession *session, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(session->out, format, args);
    va_end(args);
}

void kx_session_reply(KxSession *session, guint flags, guint code)
{
    g_assert_false(session->replied);
    session->replied = TRUE;
    session->flags = flags;
    session->code = code;
}

void kx_session_kick(KxSession *session, const char *text)
{
    kx_session_puts(session, text ? text : "kicked");
    kx_session_reply(session, KX_REPLY_CLOSE, 0);
}

void kx_session_set_cursor(KxSession *session, KxCursorStep step, gpointer cursor,
                           GDestroyNotify destroy)
{
    session->step = step;
    session->cursor = cursor;
    session->cursor_free = destroy;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session without an edge: what core/session.h offers to the SMTP handler, over a real directory,
 * store and queue. Included by one test only.
 */
#pragma once

#include "../flow/flow-test.h"
#include "smtp/smtp.h"

struct KxSession {
    KxCore core;
    KxSettings *settings;
    KxService service;
    KxUser *user;
    char *login;
    gboolean auth_failed;
    gpointer data;
    /* the answer */
    gboolean replied;
    guint code;
    char *text;
};

static KxSession *fake_new(Fixture *f, const char *login)
{
    KxSession *session = g_new0(KxSession, 1);
    session->core = (KxCore){.logger = f->logger,
                             .directory = f->directory,
                             .store = f->store,
                             .queue = f->queue,
                             .limits = kx_client_limits_new()};
    session->settings = kx_directory_settings(f->directory);
    session->service =
        (KxService){.name = "smtp", .protocol = KX_PROTOCOL_SMTP, .submission = login != NULL};
    session->login = g_strdup(login);
    session->user = login ? kx_user_get(f->directory, login, NULL) : NULL;
    return session;
}

static void fake_free(KxSession *session)
{
    kx_smtp_handler.close(session);
    kx_client_limits_free(session->core.limits);
    kx_settings_unref(session->settings);
    kx_user_free(session->user);
    g_free(session->login);
    g_free(session->text);
    g_free(session);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxSession, fake_free)

/* One request; returns the code of its verdict, 1 for a plain reply. */
static guint ask(KxSession *session, KxMessage message)
{
    g_clear_pointer(&session->text, g_free);
    session->code = G_MAXUINT;
    session->replied = FALSE;
    kx_smtp_handler.message(session, &message);
    g_assert_true(session->replied);
    return session->code;
}

KxCore *kx_session_core(KxSession *session)
{
    return &session->core;
}

const KxService *kx_session_service(KxSession *session)
{
    return &session->service;
}

const KxUser *kx_session_user(KxSession *session)
{
    return session->user;
}

const char *kx_session_login(KxSession *session)
{
    return session->login;
}

const char *kx_session_local_ip(KxSession *session)
{
    return "192.0.2.1";
}

const char *kx_session_remote_ip(KxSession *session)
{
    return "192.0.2.7";
}

gboolean kx_session_auth_failed(KxSession *session)
{
    return session->auth_failed;
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

void kx_session_verdict(KxSession *session, guint code, const char *text)
{
    g_assert_false(session->replied);
    session->replied = TRUE;
    session->code = code;
    session->text = g_strdup(text);
}

void kx_session_reply(KxSession *session, guint flags, guint code)
{
    kx_session_verdict(session, 1, "");
}

void kx_session_kick(KxSession *session, const char *text)
{
    kx_session_verdict(session, 421, "kicked");
}

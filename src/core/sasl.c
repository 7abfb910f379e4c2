/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SASL in the core: PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login), for every protocol
 * alike. The edge offers them inside TLS only and passes the exchange on as opaque blobs.
 */
#include <glib.h>

#include "base/text.h"
#include "core/session-private.h"
#include "directory/sign-ins.h"
#include "log/log-security.h"

typedef enum { NEXT_CONTINUE, NEXT_CHECK, NEXT_MALFORMED } Next;

struct KxSasl {
    const struct Mechanism *mechanism;
    guint round;
    char *name;
    char *password;
};

/* One client response; may set `challenge` for the next. */
typedef Next (*Respond)(struct KxSasl *sasl, KxSlice response, const char **ret_challenge);

typedef struct Mechanism {
    const char *name;
    const char *greeting; /* first challenge when there was no initial response */
    Respond respond;
} Mechanism;

static gboolean clean(KxSlice slice, size_t max)
{
    return slice.len <= max && !memchr(slice.data, 0, slice.len) &&
           g_utf8_validate(slice.data, (gssize)slice.len, NULL);
}

/* authzid NUL authcid NUL password */
static Next respond_plain(struct KxSasl *sasl, KxSlice response, const char **ret_challenge)
{
    const char *end = response.data + response.len;
    const char *first = memchr(response.data, 0, response.len);
    const char *second = first ? memchr(first + 1, 0, (size_t)(end - first - 1)) : NULL;
    if (!second)
        return NEXT_MALFORMED;
    KxSlice authzid = {response.data, (size_t)(first - response.data)};
    KxSlice name = {first + 1, (size_t)(second - first - 1)};
    KxSlice password = {second + 1, (size_t)(end - second - 1)};
    if (name.len == 0 || !clean(name, 400) || !clean(password, 1024) || !clean(authzid, 400))
        return NEXT_MALFORMED;
    /* Acting for somebody else is not offered; naming oneself is no such thing. */
    if (authzid.len > 0 &&
        (authzid.len != name.len || memcmp(authzid.data, name.data, name.len) != 0))
        return NEXT_MALFORMED;
    sasl->name = g_strndup(name.data, name.len);
    sasl->password = g_strndup(password.data, password.len);
    return NEXT_CHECK;
}

static Next respond_login(struct KxSasl *sasl, KxSlice response, const char **ret_challenge)
{
    if (!clean(response, 1024))
        return NEXT_MALFORMED;
    if (sasl->round++ == 0) {
        sasl->name = g_strndup(response.data, response.len);
        *ret_challenge = "Password:";
        return NEXT_CONTINUE;
    }
    sasl->password = g_strndup(response.data, response.len);
    return NEXT_CHECK;
}

static const Mechanism mechanisms[] = {
    {"PLAIN", "", respond_plain},
    {"LOGIN", "Username:", respond_login},
};

void kx_sasl_free(struct KxSasl *sasl)
{
    if (!sasl)
        return;
    if (sasl->password)
        explicit_bzero(sasl->password, strlen(sasl->password));
    g_free(sasl->password);
    g_free(sasl->name);
    g_free(sasl);
}

static void answer(KxSession *session, KxSaslStatus status, const char *challenge)
{
    char ticket[KX_TICKET_MAX];
    size_t len = status == KX_SASL_OK ? kx_session_ticket(session, ticket) : 0;
    session->requested = FALSE;
    kx_session_send(session, KX_MSG_SASL_REPLY,
                    &(KxMsgSaslReply){.status = status,
                                      .data = KX_SLICE_STR(challenge),
                                      .user = session->login,
                                      .ticket = {ticket, len}});
    if (status != KX_SASL_CONTINUE)
        g_clear_pointer(&session->sasl, kx_sasl_free);
}

static void refuse(KxSession *session, KxLoginFailure failure, const char *method,
                   const char *reason)
{
    KxLogger *logger = kx_session_core(session)->logger;
    session->auth_failed = TRUE;
    kx_log_failed_login(logger, session->handler->name, session->remote_ip, failure, method);
    if (reason) {
        g_autofree char *name = kx_escape_for_log(session->sasl->name, -1, 200);
        kx_log(logger, KX_LOG_WARNING, "%s login of %s from %s failed: %s", session->handler->name,
               name, session->remote_ip, reason);
    }
    answer(session, KX_SASL_FAILED, "");
}

static void check(KxSession *session)
{
    KxCore *core = kx_session_core(session);
    KxUser *user = NULL;
    const char *reason = NULL;
    KxAuthResult result =
        kx_auth_password(core->directory, session->sasl->name, session->sasl->password,
                         session->local_ip, &user, &reason);
    if (result == KX_AUTH_BUSY) {
        kx_log_failed_login(core->logger, session->handler->name, session->remote_ip,
                            KX_LOGIN_ERROR, session->sasl->mechanism->name);
        answer(session, KX_SASL_BUSY, "");
        return;
    }
    if (result != KX_AUTH_OK) {
        refuse(session, KX_LOGIN_REFUSED, session->sasl->mechanism->name, reason);
        return;
    }
    kx_session_set_user(session, user);
    kx_sign_ins_note(core->directory, user, session->handler->name, session->remote_ip);
    kx_debug(core->logger, KX_DEBUG_USER_AUTHENTICATION, "%s signed in over %s from %s",
             session->login, session->handler->name, session->remote_ip);
    kx_debug(core->logger, KX_DEBUG_QUOTA_LOGIN, "%s begins a session over %s from %s",
             session->login, session->handler->name, session->remote_ip);
    if (session->handler->signed_in)
        session->handler->signed_in(session);
    answer(session, KX_SASL_OK, "");
}

static const Mechanism *find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(mechanisms); i++)
        if (g_ascii_strcasecmp(mechanisms[i].name, name) == 0)
            return &mechanisms[i];
    return NULL;
}

void kx_sasl_step(KxSession *session, const KxMsgSasl *message)
{
    gboolean first = message->mechanism[0] != '\0';
    if (first) {
        g_clear_pointer(&session->sasl, kx_sasl_free);
        session->sasl = g_new0(struct KxSasl, 1);
        session->sasl->mechanism = find(message->mechanism);
        if (!session->sasl->mechanism || session->user) {
            refuse(session, KX_LOGIN_METHOD_UNKNOWN, message->mechanism, NULL);
            return;
        }
        if (!message->initial) {
            answer(session, KX_SASL_CONTINUE, session->sasl->mechanism->greeting);
            return;
        }
    }
    if (!session->sasl) {
        answer(session, KX_SASL_FAILED, "");
        return;
    }
    const char *challenge = "";
    switch (session->sasl->mechanism->respond(session->sasl, message->data, &challenge)) {
    case NEXT_CONTINUE:
        answer(session, KX_SASL_CONTINUE, challenge);
        break;
    case NEXT_CHECK:
        check(session);
        break;
    case NEXT_MALFORMED:
        refuse(session, KX_LOGIN_MISSING_PARAMETER, NULL, NULL);
        break;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SASL in the core (RFC 4422), for every protocol alike. The edge offers mechanisms as it was told
 * and passes the exchange on as opaque blobs, the first with what binds it to the TLS channel.
 */
#include <glib.h>

#include "base/ip-range.h"
#include "base/text.h"
#include "core/sasl-private.h"
#include "directory/auth-client.h"
#include "directory/sign-ins.h"
#include "log/log-security.h"

/* So long whoever has signed in from somewhere is served first there. */
enum { KNOWN_SECONDS = 30 * 24 * 3600 };

static const KxSaslSteps STEPS[] = {
    {"EXTERNAL", "", NULL, kx_sasl_external},
    {"SCRAM-SHA-256-PLUS", "", NULL, kx_sasl_scram},
    {"SCRAM-SHA-1-PLUS", "", NULL, kx_sasl_scram},
    {"SCRAM-SHA-256", "", NULL, kx_sasl_scram},
    {"SCRAM-SHA-1", "", NULL, kx_sasl_scram},
    {"GSSAPI", "", NULL, kx_sasl_gssapi, kx_sasl_ask_gss},
    {"GSS-SPNEGO", "", NULL, kx_sasl_gss_spnego, kx_sasl_ask_gss},
    {"NTLM", "", NULL, kx_sasl_ntlm, kx_sasl_ask_gss},
    {"DIGEST-MD5", NULL, kx_sasl_digest_challenge, kx_sasl_digest_md5},
    {"CRAM-MD5", NULL, kx_sasl_cram_challenge, kx_sasl_cram_md5},
    {"APOP", "", NULL, kx_sasl_apop},
    {"PLAIN", "", NULL, kx_sasl_plain},
    {"LOGIN", "Username:", NULL, kx_sasl_login},
    {"OAUTHBEARER", "", NULL, kx_sasl_oauthbearer, kx_sasl_oauth_ask},
    {"XOAUTH2", "", NULL, kx_sasl_xoauth2, kx_sasl_oauth_ask},
};

/* ---- an exchange ---- */

static const KxSaslSteps *find_steps(const KxSaslMechanism *mechanism)
{
    for (guint i = 0; i < G_N_ELEMENTS(STEPS); i++)
        if (g_str_equal(STEPS[i].name, mechanism->name))
            return &STEPS[i];
    return NULL;
}

static GBytes *copy_slice(KxSlice slice)
{
    return slice.len > 0 ? g_bytes_new(slice.data, slice.len) : NULL;
}

static KxSasl *sasl_new(KxSession *session, const KxMsgSasl *message)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(kx_session_core(session)->directory);
    KxSasl *sasl = g_new0(KxSasl, 1);
    sasl->mechanism = kx_sasl_find(message->mechanism, strlen(message->mechanism));
    if (sasl->mechanism &&
        g_strv_contains(kx_settings_list(settings, KX_SET_AUTH_METHODS), sasl->mechanism->method))
        sasl->steps = find_steps(sasl->mechanism);
    sasl->bindings = (KxSaslBindings){.exporter = copy_slice(message->exporter),
                                      .end_point = copy_slice(message->end_point),
                                      .unique = copy_slice(message->unique)};
    sasl->certificate = copy_slice(message->certificate);
    sasl->chain = copy_slice(message->chain);
    return sasl;
}

void kx_sasl_free(KxSasl *sasl)
{
    if (!sasl)
        return;
    if (sasl->password)
        explicit_bzero(sasl->password, strlen(sasl->password));
    if (sasl->state)
        sasl->state_free(sasl->state);
    kx_user_free(sasl->user);
    g_clear_pointer(&sasl->bindings.exporter, g_bytes_unref);
    g_clear_pointer(&sasl->bindings.end_point, g_bytes_unref);
    g_clear_pointer(&sasl->bindings.unique, g_bytes_unref);
    g_clear_pointer(&sasl->certificate, g_bytes_unref);
    g_clear_pointer(&sasl->chain, g_bytes_unref);
    g_free(sasl->challenge);
    g_clear_pointer(&sasl->token, g_bytes_unref);
    g_free(sasl->lane);
    g_free(sasl->password);
    g_free(sasl->name);
    g_free(sasl);
}

/* ---- answers ---- */

static void answer_bytes(KxSession *session, KxSaslStatus status, KxSlice challenge)
{
    char ticket[KX_TICKET_MAX];
    size_t len = status == KX_SASL_OK ? kx_session_ticket(session, ticket) : 0;
    session->requested = FALSE;
    kx_session_send(
        session, KX_MSG_SASL_REPLY,
        &(KxMsgSaslReply){
            .status = status, .data = challenge, .user = session->login, .ticket = {ticket, len}});
    if (status != KX_SASL_CONTINUE)
        g_clear_pointer(&session->sasl, kx_sasl_free);
}

static void answer(KxSession *session, KxSaslStatus status, const char *challenge)
{
    answer_bytes(session, status, KX_SLICE_STR(challenge));
}

static KxLockoutWho who_of(KxSession *session)
{
    return (KxLockoutWho){session->sasl->name, session->remote_ip, session->local_ip};
}

gboolean kx_sasl_is_locked(KxSession *session, KxSasl *sasl)
{
    KxLockoutWho who = who_of(session);
    sasl->uncounted = kx_lockout_is_locked(kx_session_core(session)->lockout, &who);
    if (sasl->uncounted)
        sasl->reason = "locked out after too many failed logins";
    return sasl->uncounted;
}

static void tell_failure(KxSession *session, KxLoginFailure failure, const char *method,
                         const char *reason)
{
    KxLogger *logger = kx_session_core(session)->logger;
    kx_log_failed_login(logger, session->handler->name, session->remote_ip, failure, method);
    if (reason) {
        g_autofree char *name = kx_escape_for_log(session->sasl->name, -1, 200);
        kx_log(logger, KX_LOG_WARNING, "%s login of %s from %s failed: %s", session->handler->name,
               name, session->remote_ip, reason);
    }
}

static void note_failure(KxSession *session, KxLoginFailure failure, const char *method,
                         const char *reason)
{
    session->auth_failed = TRUE;
    tell_failure(session, failure, method, reason);
}

static void refuse(KxSession *session, KxLoginFailure failure, const char *method)
{
    note_failure(session, failure, method, NULL);
    answer(session, KX_SASL_FAILED, "");
}

/* He, or somebody in his place. */
static void let_in(KxSession *session, KxUser *user)
{
    KxCore *core = kx_session_core(session);
    const char *method = session->sasl->mechanism->name;
    kx_session_set_user(session, user, session->sasl->issued);
    kx_debug(core->logger, KX_DEBUG_USER_AUTHENTICATION, "%s signed in over %s from %s with %s",
             session->login, session->handler->name, session->remote_ip, method);
    kx_debug(core->logger, KX_DEBUG_QUOTA_LOGIN, "%s begins a session over %s from %s",
             session->login, session->handler->name, session->remote_ip);
    if (session->handler->signed_in)
        session->handler->signed_in(session);
    answer(session, KX_SASL_OK, "");
}

/* Whose account it is, and the network he comes from; free it. */
static char *pair_of(const char *account, const char *network)
{
    return g_strconcat(account, " ", network, NULL);
}

static void note_known(KxSession *session, const KxUser *user)
{
    g_autofree char *account = g_strdup_printf("%s@%s", user->name, user->domain);
    g_autofree char *network = kx_ip_network(session->remote_ip);
    g_autofree char *pair = pair_of(account, network);
    kx_recent_logins_add(session->channel->workers->known, pair);
}

static void accept_user(KxSession *session, KxUser *user)
{
    KxCore *core = kx_session_core(session);
    KxLockoutWho who = who_of(session);
    kx_lockout_succeeded(core->lockout, &who);
    kx_sign_ins_note(core->directory, user, session->handler->name, session->remote_ip);
    note_known(session, user);
    let_in(session, user);
}

static void note_refusal(KxSession *session)
{
    const KxSasl *sasl = session->sasl;
    KxLockoutWho who = who_of(session);
    if (!sasl->uncounted)
        kx_lockout_failed(kx_session_core(session)->lockout, &who);
    note_failure(session, KX_LOGIN_REFUSED, sasl->mechanism->name, sasl->reason);
}

static void refuse_user(KxSession *session)
{
    note_refusal(session);
    answer(session, KX_SASL_FAILED, "");
}

/* Somebody opens another's mailbox; he has not signed in, so no statistics say that. */
static gboolean try_master(KxSession *session)
{
    KxCore *core = kx_session_core(session);
    const KxSasl *sasl = session->sasl;
    if (!session->handler->master)
        return FALSE;
    KxUser *user = kx_auth_master(core->directory, sasl->name, sasl->password, session->remote_ip,
                                  session->local_ip);
    if (!user)
        return FALSE;
    kx_log(core->logger, KX_LOG_SECURITY, "%s opened the mailbox of %s@%s with the master password",
           session->remote_ip, user->name, user->domain);
    let_in(session, user);
    return TRUE;
}

static KxAuthClient client_of(KxSession *session)
{
    return (KxAuthClient){
        .login = session->sasl->name,
        .password = session->sasl->password,
        .local_ip = session->local_ip,
        .ip = session->remote_ip,
        .service = session->handler->name,
        .scope = session->handler->scope,
    };
}

/* It is nobody's fault, so it counts for nothing. */
static void put_off(KxSession *session, const char *reason)
{
    tell_failure(session, KX_LOGIN_ERROR, session->sasl->mechanism->name, reason);
    answer(session, KX_SASL_BUSY, "");
}

static void check_now(KxSession *session)
{
    KxCore *core = kx_session_core(session);
    KxUser *user = NULL;
    const KxAuthClient client = client_of(session);
    KxAuthResult result = kx_auth_client(core->directory, &client, &user, &session->sasl->issued,
                                         &session->sasl->reason);
    if (result == KX_AUTH_OK)
        accept_user(session, user);
    else if (result == KX_AUTH_BUSY)
        put_off(session, NULL);
    else
        refuse_user(session);
}

static void check_in_turn(KxSession *session, KxCheckers *checkers, const char *lane)
{
    KxWorkers *workers = session->channel->workers;
    g_autofree char *account =
        kx_auth_account(workers->core->directory, session->sasl->name, session->local_ip);
    g_autofree char *network = kx_ip_network(session->remote_ip);
    g_autofree char *pair = pair_of(account, network);
    const KxCheckFor who = {lane, network, account,
                            kx_recent_logins_has(workers->known, pair, KNOWN_SECONDS)};
    session->checking = kx_checkers_add(checkers, kx_session_ref(session), &who);
    if (!session->checking) {
        kx_session_unref(session);
        put_off(session, NULL);
    }
}

static void check_password(KxSession *session)
{
    KxWorkers *workers = session->channel->workers;
    const KxAuthClient client = client_of(session);
    if (kx_sasl_is_locked(session, session->sasl)) {
        refuse_user(session);
        return;
    }
    if (try_master(session))
        return;
    g_autofree char *asked = kx_auth_client_asks(workers->core->directory, &client);
    if (asked)
        check_in_turn(session, workers->askers, asked);
    else if (kx_auth_client_hashes(workers->core->directory, &client))
        check_in_turn(session, workers->checkers, "");
    else
        check_now(session);
}

/* ---- a step ---- */

static void challenge(KxSession *session)
{
    const KxSasl *sasl = session->sasl;
    size_t len = 0;
    const char *token = sasl->token ? g_bytes_get_data(sasl->token, &len) : NULL;
    if (sasl->challenge)
        answer(session, KX_SASL_CONTINUE, sasl->challenge);
    else
        answer_bytes(session, KX_SASL_CONTINUE, (KxSlice){token, len});
}

static void go_on(KxSession *session, KxSaslNext next)
{
    KxSasl *sasl = session->sasl;
    switch (next) {
    case KX_SASL_NEXT_CONTINUE:
        challenge(session);
        break;
    case KX_SASL_NEXT_CHECK:
        check_password(session);
        break;
    case KX_SASL_NEXT_ASK:
        check_in_turn(session, session->channel->workers->askers, sasl->lane);
        break;
    case KX_SASL_NEXT_LATER:
        put_off(session, sasl->reason);
        break;
    case KX_SASL_NEXT_ACCEPT:
        accept_user(session, g_steal_pointer(&sasl->user));
        break;
    case KX_SASL_NEXT_REFUSE:
        refuse_user(session);
        break;
    case KX_SASL_NEXT_TELL:
        note_refusal(session); /* now: the client may go away instead of answering */
        answer(session, KX_SASL_CONTINUE, sasl->challenge);
        break;
    case KX_SASL_NEXT_OVER:
        answer(session, KX_SASL_FAILED, "");
        break;
    case KX_SASL_NEXT_MALFORMED:
        refuse(session, KX_LOGIN_MISSING_PARAMETER, NULL);
        break;
    }
}

void kx_sasl_check(KxSession *session)
{
    KxSasl *sasl = session->sasl;
    if (!sasl->uncounted && kx_sasl_is_locked(session, sasl)) /* while it waited */
        refuse_user(session);
    else if (sasl->steps->ask)
        go_on(session, sasl->steps->ask(session, sasl));
    else
        check_now(session);
}

/* The first challenge. */
static const char *greeting(KxSession *session)
{
    KxSasl *sasl = session->sasl;
    if (sasl->steps->greeting)
        return sasl->steps->greeting;
    sasl->state = sasl->steps->greet(session);
    sasl->state_free = g_free;
    return sasl->state;
}

void kx_sasl_step(KxSession *session, const KxMsgSasl *message)
{
    if (message->mechanism[0] != '\0') {
        g_clear_pointer(&session->sasl, kx_sasl_free);
        session->sasl = sasl_new(session, message);
        if (!session->sasl->steps || session->user) {
            refuse(session, KX_LOGIN_METHOD_UNKNOWN, message->mechanism);
            return;
        }
        if (!message->initial) {
            answer(session, KX_SASL_CONTINUE, greeting(session));
            return;
        }
    }
    if (!session->sasl) {
        answer(session, KX_SASL_FAILED, "");
        return;
    }
    g_clear_pointer(&session->sasl->challenge, g_free);
    g_clear_pointer(&session->sasl->token, g_bytes_unref);
    go_on(session, session->sasl->steps->respond(session, session->sasl, message->data));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: tokens (RFC 6750), sessions, and what keeps other web sites from using the latter. */
#include <string.h>

#include "admin/api-private.h"
#include "base/ip-range.h"
#include "base/text.h"
#include "directory/auth-outside.h"
#include "directory/issued.h"
#include "log/log-config.h"
#include "log/log-security.h"

enum { WAITING_MAX = 4 };

void kx_api_actor_clear(KxApiActor *actor)
{
    g_clear_pointer(&actor->login, g_free);
    g_clear_pointer(&actor->domain, g_free);
    g_clear_pointer(&actor->csrf, g_free);
}

static gboolean refuse(KxHttpResponse *response, guint status, const char *detail)
{
    if (status == 401)
        kx_http_response_field(response, "WWW-Authenticate", "Bearer realm=\"administration\"");
    if (status == 503)
        kx_http_response_field(response, "Retry-After", "1");
    kx_http_response_problem(response, status, detail);
    return FALSE;
}

/* ---- other web sites ---- */

/* A browser says where a request comes from; other programs do not. */
static gboolean is_same_origin(const KxHttpRequest *request)
{
    const char *origin = kx_http_request_field(request, "origin");
    const char *host = kx_http_request_field(request, "host");
    return !origin || (host && g_str_has_prefix(origin, "https://") &&
                       g_ascii_strcasecmp(origin + strlen("https://"), host) == 0);
}

static gboolean check_csrf(const KxHttpRequest *request, const char *csrf, KxHttpResponse *response)
{
    const char *shown = kx_http_request_field(request, "x-csrf-token");
    if (request->method == KX_HTTP_GET)
        return TRUE;
    if (!is_same_origin(request))
        return refuse(response, 403, "The request comes from another web site");
    if (g_strcmp0(shown, csrf) != 0)
        return refuse(response, 403,
                      "X-CSRF-Token is missing or wrong; GET session tells what it must be");
    return TRUE;
}

/* ---- who asks ---- */

static char *domain_of(const char *login)
{
    return g_strdup(strrchr(login, '@') + 1);
}

gboolean kx_api_is_here(const KxHttpRequest *request)
{
    return kx_ip_is_loopback(kx_session_remote_ip(request->session));
}

/* Those who administer a domain only may come from fewer places (TOOL-15). */
static gboolean check_place(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    KxDirectory *directory = api->core->directory;
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    const char *group = kx_settings_text(settings, KX_SET_ADMIN_DOMAIN_ACCESS_GROUP);
    if (!kx_settings_bool(settings, KX_SET_ADMIN_DOMAIN_REMOTE) && !kx_api_is_here(request))
        return refuse(response, 403, "Domains are administered from the server itself only");
    return *group == '\0' ||
           kx_ip_group_contains(directory, group, kx_session_remote_ip(request->session)) ||
           refuse(response, 403, "Domains are not administered from this address");
}

/* Rights are looked up anew each time. */
static gboolean take_rights(KxApi *api, const KxHttpRequest *request, KxApiActor *actor,
                            KxHttpResponse *response)
{
    actor->rights = kx_rights_get(api->core->directory, actor->login);
    if (actor->rights.web_admin)
        actor->domain = domain_of(actor->login);
    if (actor->rights.admin != KX_LEVEL_NONE)
        return TRUE;
    return actor->rights.web_admin
               ? check_place(api, request, response)
               : refuse(response, 403,
                        "The account has no rights to administer the server or a domain");
}

static gboolean take_token(KxApi *api, const KxHttpRequest *request, const char *authorization,
                           KxApiActor *actor, KxHttpResponse *response)
{
    static const char scheme[] = "Bearer ";
    g_autoptr(KxUser) user = NULL;
    const char *reason;
    if (g_ascii_strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return refuse(response, 401, "Sign in with a token (Authorization: Bearer) or a session");
    const KxIssuedUse use = {.kind = KX_ISSUED_TOKEN,
                             .secret = authorization + strlen(scheme),
                             .scope = KX_SCOPE_ADMIN,
                             .service = "HTTP",
                             .ip = kx_session_remote_ip(request->session)};
    user = kx_issued_use(api->core->directory, &use, NULL, &actor->read_only, &reason);
    if (!user)
        return refuse(response, 401,
                      "The token is unknown, not for the administration, or its time is over");
    actor->login = g_strdup_printf("%s@%s", user->name, user->domain);
    return TRUE;
}

static gboolean take_cookie(KxApi *api, const KxHttpRequest *request, KxApiActor *actor,
                            KxHttpResponse *response)
{
    g_autofree char *cookie = kx_http_request_cookie(request, KX_API_COOKIE);
    actor->login = cookie ? kx_api_session_use(api->sessions, cookie, &actor->csrf) : NULL;
    if (!actor->login)
        return refuse(response, 401, cookie ? "The session is over" : "Sign in first");
    return check_csrf(request, actor->csrf, response);
}

gboolean kx_api_actor(KxApi *api, const KxHttpRequest *request, KxApiActor *ret_actor,
                      KxHttpResponse *response)
{
    const char *authorization = kx_http_request_field(request, "authorization");
    return (authorization ? take_token(api, request, authorization, ret_actor, response)
                          : take_cookie(api, request, ret_actor, response)) &&
           take_rights(api, request, ret_actor, response);
}

/* ---- the resource "session" ---- */

static void respond_actor(const KxApiActor *actor, KxHttpResponse *response)
{
    static const char *const levels[] = {"none", "read", "full"};
    json_auto_t *json = json_pack("{s:s, s:s, s:s?, s:b, s:s?}", "user", actor->login, "admin",
                                  levels[actor->rights.admin], "domain", actor->domain, "read-only",
                                  actor->read_only, "csrf", actor->csrf);
    kx_api_respond_json(response, 200, json);
}

/* As for all protocols (core/sasl.c): the same answer and the same lines whatever was wrong. */
static gboolean fail_login(KxApi *api, const KxHttpRequest *request, const char *name,
                           const char *reason, KxHttpResponse *response)
{
    const char *ip = kx_session_remote_ip(request->session);
    g_autofree char *shown = kx_escape_for_log(name, -1, 200);
    kx_log_failed_login(api->core->logger, "HTTP", ip, KX_LOGIN_REFUSED, "PLAIN");
    kx_log(api->core->logger, KX_LOG_WARNING, "HTTP login of %s from %s failed: %s", shown, ip,
           reason);
    kx_api_throttle_failed(api->throttle, ip);
    response->later = TRUE;
    return refuse(response, 401, "Wrong name or password");
}

/* FALSE: too many failed from there. */
static gboolean may_try(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(api->core->directory);
    guint seconds =
        kx_api_throttle_check(api->throttle, kx_session_remote_ip(request->session),
                              (guint)kx_settings_int(settings, KX_SET_ADMIN_FAILED_SIGN_INS));
    if (seconds == 0)
        return TRUE;
    kx_http_response_field(response, "Retry-After", "%u", seconds);
    return refuse(response, 429, "Too many sign-ins from this address failed; wait a moment");
}

gboolean kx_api_may_wait(KxApi *api)
{
    return g_atomic_int_add(&api->waiting, 1) < WAITING_MAX;
}

void kx_api_waited(KxApi *api)
{
    g_atomic_int_add(&api->waiting, -1);
}

static KxAuthResult ask_password(KxApi *api, const KxHttpRequest *request, const char *name,
                                 const char *password, KxUser **ret_user, const char **ret_reason)
{
    KxDirectory *directory = api->core->directory;
    const char *ip = kx_session_remote_ip(request->session);
    const char *local_ip = kx_session_local_ip(request->session);
    g_autofree char *asked = kx_outside_asks(directory, name, password, local_ip);
    if (!asked)
        return kx_auth_password(directory, name, password, local_ip, ip, ret_user, ret_reason);
    KxAuthResult result = KX_AUTH_BUSY;
    if (kx_api_may_wait(api))
        result = kx_auth_password(directory, name, password, local_ip, ip, ret_user, ret_reason);
    kx_api_waited(api);
    return result;
}

/* Who has the password is told that a code is missing: that alone is no failure. */
static gboolean check_code(KxApi *api, const KxHttpRequest *request, const KxApiProof *proof,
                           const KxUser *user, const KxLockoutWho *who, KxHttpResponse *response)
{
    if (*user->second_factor == '\0')
        return TRUE;
    if (!proof->code)
        return refuse(response, 401, "The account has a second factor: show a \"code\" of it too");
    if (kx_api_code_take(api->codes, user, proof->code))
        return TRUE;
    kx_lockout_failed(api->core->lockout, who);
    return fail_login(api, request, proof->name, "wrong code of the second factor", response);
}

static char *check_password(KxApi *api, const KxHttpRequest *request, const KxApiProof *proof,
                            KxHttpResponse *response)
{
    g_autoptr(KxUser) user = NULL;
    const char *reason = NULL, *ip = kx_session_remote_ip(request->session), *name = proof->name;
    KxLockoutWho who = {name, ip, kx_session_local_ip(request->session)};
    if (kx_lockout_is_locked(api->core->lockout, &who)) {
        fail_login(api, request, name, "locked out after too many failed logins", response);
        return NULL;
    }
    switch (ask_password(api, request, name, proof->password, &user, &reason)) {
    case KX_AUTH_BUSY:
        kx_log_failed_login(api->core->logger, "HTTP", ip, KX_LOGIN_ERROR, "PLAIN");
        refuse(response, 503, "Too many sign-ins at once, please try again");
        return NULL;
    case KX_AUTH_FAILED:
        kx_lockout_failed(api->core->lockout, &who);
        fail_login(api, request, name, reason, response);
        return NULL;
    case KX_AUTH_OK:
        break;
    }
    if (!check_code(api, request, proof, user, &who, response))
        return NULL;
    kx_lockout_succeeded(api->core->lockout, &who);
    return g_strdup_printf("%s@%s", user->name, user->domain);
}

gboolean kx_api_proof_read(const json_t *body, guint n, KxApiProof *ret_proof)
{
    const json_t *code = json_object_get(body, "code");
    *ret_proof =
        (KxApiProof){json_string_value(json_object_get(body, "user")),
                     json_string_value(json_object_get(body, "password")), json_string_value(code)};
    return ret_proof->name && ret_proof->password && (!code || ret_proof->code) &&
           json_object_size(body) == n + (code != NULL);
}

char *kx_api_take_password(KxApi *api, const KxHttpRequest *request, const KxApiProof *proof,
                           KxHttpResponse *response)
{
    if (!is_same_origin(request)) {
        refuse(response, 403, "The request comes from another web site");
        return NULL;
    }
    return may_try(api, request, response) ? check_password(api, request, proof, response) : NULL;
}

/* By what is in the body: a name and a password. */
static char *take_body(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    json_auto_t *body = kx_api_body(request, response);
    KxApiProof proof;
    if (!body)
        return NULL;
    if (json_object_size(body) == 0) {
        kx_api_offer_ticket(api, response);
        refuse(response, 401, "Show \"user\" and \"password\"");
        return NULL;
    }
    if (!kx_api_proof_read(body, 2, &proof)) {
        refuse(response, 400,
               "Signing in takes \"user\" and \"password\", both texts, and \"code\" of a second "
               "factor");
        return NULL;
    }
    return kx_api_take_password(api, request, &proof, response);
}

static char *take_ticket(KxApi *api, const KxHttpRequest *request, const char *ticket,
                         KxHttpResponse *response)
{
    if (is_same_origin(request))
        return kx_api_take_ticket(api, request, ticket, response);
    refuse(response, 403, "The request comes from another web site");
    return NULL;
}

/* A ticket shows that somebody has the password, or had it; and who must have a second factor has
 * one. */
static gboolean check_factor(KxApi *api, const KxApiActor *actor, gboolean by_ticket,
                             KxHttpResponse *response)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(api->core->directory);
    g_autoptr(KxUser) user = kx_user_get(api->core->directory, actor->login, NULL);
    gboolean has = user && *user->second_factor != '\0';
    if (has && by_ticket)
        return refuse(response, 401,
                      "The account has a second factor: sign in with password and code");
    return has || g_str_equal(kx_settings_text(settings, KX_SET_ADMIN_SECOND_FACTOR), "optional") ||
           refuse(response, 403,
                  "The administration takes accounts with a second factor only; keryx user "
                  "second-factor new makes one");
}

static void sign_in(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    const char *ticket = kx_api_ticket_of(request);
    g_auto(KxApiActor) actor = {0};
    actor.login =
        ticket ? take_ticket(api, request, ticket, response) : take_body(api, request, response);
    if (!actor.login || !take_rights(api, request, &actor, response) ||
        !check_factor(api, &actor, ticket != NULL, response))
        return;
    g_autofree char *cookie = kx_api_session_open(api->sessions, actor.login, &actor.csrf);
    g_autofree char *line =
        g_strdup_printf("session opened for host %s", kx_session_remote_ip(request->session));
    kx_log_config_action(api->core->logger, actor.login, line);
    kx_http_response_field(response, "Set-Cookie",
                           KX_API_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", cookie);
    respond_actor(&actor, response);
}

static void sign_out(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    g_autofree char *cookie = kx_http_request_cookie(request, KX_API_COOKIE);
    if (cookie)
        kx_api_session_end(api->sessions, cookie);
    kx_http_response_field(response, "Set-Cookie",
                           KX_API_COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    response->status = 204;
}

void kx_api_session_resource(KxApi *api, const KxHttpRequest *request, KxHttpResponse *response)
{
    g_auto(KxApiActor) actor = {0};
    switch (request->method) {
    case KX_HTTP_POST:
        sign_in(api, request, response);
        break;
    case KX_HTTP_GET:
        if (kx_api_actor(api, request, &actor, response))
            respond_actor(&actor, response);
        break;
    case KX_HTTP_DELETE:
        if (kx_api_actor(api, request, &actor, response))
            sign_out(api, request, response);
        break;
    default:
        kx_http_response_methods(response, KX_HTTP_POST | KX_HTTP_GET | KX_HTTP_DELETE);
        break;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session for who shows a ticket of Kerberos: Negotiate (RFC 4559), in one round. A browser shows
 * one to any site that its user has allowed, so the request must come from our own pages, as for a
 * password. Tickets are not guessed: what is wrong with one counts for nothing.
 */
#include <string.h>

#include "admin/api-private.h"
#include "base/base64.h"
#include "base/text.h"
#include "directory/auth-ticket.h"
#include "log/log-security.h"

#define SCHEME "Negotiate"

static gboolean is_offered(KxApi *api)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(api->core->directory);
    g_auto(GStrv) offered = kx_sasl_offered_methods(api->core->directory, settings);
    return g_strv_contains((const char *const *)offered, "GSSAPI");
}

void kx_api_offer_ticket(KxApi *api, KxHttpResponse *response)
{
    if (is_offered(api))
        kx_http_response_field(response, "WWW-Authenticate", SCHEME);
}

const char *kx_api_ticket_of(const KxHttpRequest *request)
{
    const char *authorization = kx_http_request_field(request, "authorization");
    size_t len = strlen(SCHEME);
    gboolean shown = authorization && g_ascii_strncasecmp(authorization, SCHEME, len) == 0 &&
                     authorization[len] == ' ';
    return shown ? authorization + len + 1 : NULL;
}

/* For the logs as in all protocols (core/sasl.c). */
static char *refuse(KxApi *api, const KxHttpRequest *request, const char *name, const char *reason,
                    KxHttpResponse *response)
{
    const char *ip = kx_session_remote_ip(request->session);
    g_autofree char *shown = kx_escape_for_log(name, -1, 200);
    kx_log_failed_login(api->core->logger, "HTTP", ip, KX_LOGIN_REFUSED, SCHEME);
    kx_log(api->core->logger, KX_LOG_WARNING, "HTTP login of %s from %s failed: %s", shown, ip,
           reason ? reason : "the ticket is not good");
    kx_http_response_problem(response, 401, "The ticket opens no session");
    return NULL;
}

static char *put_off(KxApi *api, const KxHttpRequest *request, const char *reason,
                     KxHttpResponse *response)
{
    const char *ip = kx_session_remote_ip(request->session);
    kx_log_failed_login(api->core->logger, "HTTP", ip, KX_LOGIN_ERROR, SCHEME);
    kx_log(api->core->logger, KX_LOG_WARNING, "HTTP login from %s failed: %s", ip,
           reason ? reason : "the ticket cannot be looked at");
    kx_http_response_field(response, "Retry-After", "1");
    kx_http_response_problem(response, 503, "Tickets cannot be looked at now");
    return NULL;
}

static void show_token(GBytes *token, KxHttpResponse *response)
{
    size_t len;
    const guchar *bytes = g_bytes_get_data(token, &len);
    g_autofree char *text = g_base64_encode(bytes, len);
    kx_http_response_field(response, "WWW-Authenticate", SCHEME " %s", text);
}

static char *let_in(KxApi *api, const KxHttpRequest *request, const KxGssAnswer *answer,
                    KxHttpResponse *response)
{
    g_autoptr(KxUser) user = NULL;
    const char *reason = NULL;
    KxAuthResult result = kx_auth_ticket(api->core->directory, answer->name, NULL,
                                         kx_session_local_ip(request->session), &user, &reason);
    if (result == KX_AUTH_BUSY)
        return put_off(api, request, reason, response);
    if (result != KX_AUTH_OK)
        return refuse(api, request, answer->name, reason, response);
    if (answer->token)
        show_token(answer->token, response); /* the server has proved itself too */
    return g_strdup_printf("%s@%s", user->name, user->domain);
}

static void look_at(KxApi *api, KxSlice token, KxGssAnswer *ret_answer)
{
    *ret_answer = (KxGssAnswer){.state = KX_GSS_LATER};
    if (kx_api_may_wait(api)) {
        KxGssExchange *exchange = kx_gss_exchange_new(api->core->kerberos, KX_GSS_NEGOTIATE, FALSE);
        kx_gss_exchange_step(exchange, token, ret_answer);
        kx_gss_exchange_free(exchange);
    }
    kx_api_waited(api);
}

char *kx_api_take_ticket(KxApi *api, const KxHttpRequest *request, const char *ticket,
                         KxHttpResponse *response)
{
    g_autofree char *token = g_strdup(ticket);
    g_auto(KxGssAnswer) answer = {0};
    size_t len;
    if (!is_offered(api) || !kx_base64_decode(token, strlen(token), &len))
        return refuse(api, request, "nobody", "tickets are not taken, or it is not base64",
                      response);
    look_at(api, (KxSlice){token, len}, &answer);
    if (answer.state == KX_GSS_LATER)
        return put_off(api, request, answer.text, response);
    return answer.state == KX_GSS_DONE ? let_in(api, request, &answer, response)
                                       : refuse(api, request, "nobody", answer.text, response);
}

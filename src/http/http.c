/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/http-private.h"
#include "http/wire.h"

typedef struct {
    const KxHttpApp *app;
    gpointer data;
} Registered;

struct KxHttp {
    GArray *apps; /* Registered */
};

KxHttp *kx_http_new(void)
{
    KxHttp *http = g_new0(KxHttp, 1);
    http->apps = g_array_new(FALSE, FALSE, sizeof(Registered));
    return http;
}

void kx_http_free(KxHttp *http)
{
    if (!http)
        return;
    g_array_unref(http->apps);
    g_free(http);
}

void kx_http_add(KxHttp *http, const KxHttpApp *app, gpointer data)
{
    Registered row = {app, data};
    g_array_append_val(http->apps, row);
}

/* ---- finding the application ---- */

static void find_app(const KxHttp *http, KxHttpExchange *exchange)
{
    guint service = 0;
    kx_service_find(kx_session_service(exchange->request.session)->name, &service);
    for (guint i = 0; i < http->apps->len; i++) {
        const Registered *row = &g_array_index(http->apps, Registered, i);
        if (!(row->app->services & 1U << service) ||
            !g_str_has_prefix(exchange->request.path, row->app->prefix))
            continue;
        exchange->app = row->app;
        exchange->app_data = row->data;
        return;
    }
}

/* ---- what is answered without the application ---- */

static gboolean refuse(KxHttpExchange *exchange, guint status, const char *detail)
{
    kx_http_response_problem(&exchange->response, status, detail);
    return FALSE;
}

/* FALSE: the response is there, and the body not wanted. */
static gboolean check(KxHttpExchange *exchange, guint64 length)
{
    const KxHttpRequest *request = &exchange->request;
    if (request->method == 0)
        return refuse(exchange, 501, "There is no such method");
    if (g_str_equal(request->path, "*")) {
        kx_http_response_options(&exchange->response, (KX_HTTP_OPTIONS << 1) - 1);
        return FALSE;
    }
    if (!exchange->app)
        return refuse(exchange, 404, "There is nothing here");
    if (!(exchange->app->methods & request->method)) {
        kx_http_response_methods(&exchange->response, exchange->app->methods);
        return FALSE;
    }
    if (!request->has_body && request->method & (KX_HTTP_PUT | KX_HTTP_PATCH))
        return refuse(exchange, 411, "The request needs a body with Content-Length or in chunks");
    if (length != G_MAXUINT64 && length > exchange->app->body_max)
        return refuse(exchange, 413, "The body is too large");
    return TRUE;
}

/* ---- handler ---- */

/* Takes the exchange out of the session, for it is answered now or in a moment. */
static void answer(KxSession *session, KxHttpExchange *exchange)
{
    if (exchange->response.later) {
        exchange->response.later = FALSE;
        exchange->app = NULL; /* all that is left is to answer */
        kx_session_set_data(session, exchange);
        kx_session_reply(session, 0, KX_HTTP_LATER);
    } else {
        kx_session_set_data(session, NULL);
        kx_http_exchange_answer(session, exchange);
    }
}

static void take_piece(KxSession *session, KxHttpExchange *exchange, KxSlice piece, gboolean last)
{
    if (!kx_buf_append(&exchange->body, piece.data, piece.len)) {
        refuse(exchange, 413, "The body is too large");
        answer(session, exchange);
        return;
    }
    if (!last) {
        kx_session_set_data(session, exchange);
        kx_session_reply(session, 0, KX_HTTP_GO_ON);
        return;
    }
    KxHttpRequest *request = &exchange->request;
    exchange->flags |= KX_HTTP_LAST;
    request->body = exchange->body.len > 0 ? exchange->body.data : "";
    request->body_len = exchange->body.len;
    exchange->app->handle(exchange->app_data, request, &exchange->response);
    answer(session, exchange);
}

static void on_request(KxSession *session, const KxMsgHttpRequest *message)
{
    KxHttpExchange *exchange = kx_http_exchange_new(session, message);
    if (!exchange) {
        kx_session_kick(session, NULL);
        return;
    }
    exchange->request.has_body = (message->flags & KX_HTTP_HAS_BODY) != 0;
    find_app(kx_session_core(session)->http, exchange);
    if (!check(exchange, message->length)) {
        answer(session, exchange);
        return;
    }
    kx_buf_init(&exchange->body, exchange->app->body_max);
    take_piece(session, exchange, message->body, (message->flags & KX_HTTP_LAST) != 0);
}

static void on_body(KxSession *session, const KxMsgHttpBody *message)
{
    KxHttpExchange *exchange = kx_session_data(session);
    if (!exchange) /* an earlier core has its beginning */
        kx_session_kick(session, "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\nRetry-After: 1\r\n\r\n");
    else if (!exchange->app)
        answer(session, exchange);
    else
        take_piece(session, exchange, message->body, message->last != 0);
}

static void on_message(KxSession *session, const KxMessage *message)
{
    if (message->type == KX_MSG_HTTP_REQUEST && !kx_session_data(session))
        on_request(session, &message->HTTP_REQUEST);
    else if (message->type == KX_MSG_HTTP_BODY)
        on_body(session, &message->HTTP_BODY);
    else
        kx_session_kick(session, NULL);
}

static gboolean on_resume(KxSession *session, const void *state, size_t len)
{
    return FALSE; /* nobody signs in, so there are no tickets */
}

static void on_close(KxSession *session)
{
    kx_http_exchange_free(kx_session_data(session));
}

const KxHandler kx_http_handler = {
    .name = "HTTP",
    .message = on_message,
    .resume = on_resume,
    .close = on_close,
};

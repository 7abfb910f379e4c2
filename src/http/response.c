/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <string.h>

#include "http/http-private.h"
#include "http/text.h"
#include "http/wire.h"

/* ---- for applications ---- */

void kx_http_response_field(KxHttpResponse *response, const char *name, const char *format, ...)
{
    va_list args;
    g_string_append_printf(response->fields, "%s: ", name);
    va_start(args, format);
    g_string_append_vprintf(response->fields, format, args);
    va_end(args);
    g_string_append(response->fields, "\r\n");
}

static void set_body(KxHttpResponse *response, GBytes *body)
{
    g_clear_pointer(&response->body, g_bytes_unref);
    response->body = body;
}

void kx_http_response_problem(KxHttpResponse *response, guint status, const char *detail)
{
    json_auto_t *problem =
        json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", kx_http_reason(status),
                  "status", (int)status, "detail", detail);
    char *text = json_dumps(problem, JSON_COMPACT);
    response->status = status;
    response->type = "application/problem+json";
    set_body(response, g_bytes_new_with_free_func(text, strlen(text), free, text));
}

static void allow(KxHttpResponse *response, guint methods)
{
    GString *all = g_string_new(NULL);
    for (guint method = KX_HTTP_GET; method <= KX_HTTP_OPTIONS; method <<= 1)
        if (methods & method)
            g_string_append_printf(all, "%s%s%s", all->len ? ", " : "", kx_http_method_name(method),
                                   method == KX_HTTP_GET ? ", HEAD" : "");
    kx_http_response_field(response, "Allow", "%s", all->str);
    g_string_free(all, TRUE);
}

void kx_http_response_methods(KxHttpResponse *response, guint methods)
{
    allow(response, methods | KX_HTTP_OPTIONS);
    kx_http_response_problem(response, 405, "The resource does not know this method");
}

void kx_http_response_options(KxHttpResponse *response, guint methods)
{
    allow(response, methods | KX_HTTP_OPTIONS);
    response->status = 204;
}

/* ---- writing ---- */

static gboolean keeps_alive(const KxHttpExchange *exchange)
{
    return (exchange->flags & KX_HTTP_KEEP_ALIVE) && (exchange->flags & KX_HTTP_LAST);
}

static void write_head(KxSession *session, const KxHttpExchange *exchange)
{
    const KxHttpResponse *response = &exchange->response;
    gboolean alive = keeps_alive(exchange), http10 = (exchange->flags & KX_HTTP_10) != 0;
    char date[KX_HTTP_DATE];
    kx_http_date(g_get_real_time() / G_USEC_PER_SEC, date);
    kx_session_printf(session, "HTTP/1.1 %u %s\r\nDate: %s\r\n%s", response->status,
                      kx_http_reason(response->status), date,
                      !alive   ? "Connection: close\r\n"
                      : http10 ? "Connection: keep-alive\r\n"
                               : "");
    if (response->type)
        kx_session_printf(session, "Content-Type: %s\r\n", response->type);
    if (response->status != 204 && response->status != 304)
        kx_session_printf(session, "Content-Length: %zu\r\n",
                          response->body ? g_bytes_get_size(response->body) : 0);
    /* What all answers of a server that users trust should say. */
    kx_session_puts(session, "X-Content-Type-Options: nosniff\r\n");
    if (kx_session_is_secure(session)) /* RFC 6797 section 7.2 */
        kx_session_puts(session, "Strict-Transport-Security: max-age=31536000\r\n");
    kx_session_write(session, response->fields->str, response->fields->len);
    kx_session_puts(session, "\r\n");
}

typedef struct {
    GBytes *body;
    size_t at;
    guint flags; /* of the reply */
} BodyCursor;

static void body_cursor_free(gpointer data)
{
    BodyCursor *cursor = data;
    if (cursor->body)
        g_bytes_unref(cursor->body);
    g_free(cursor);
}

static KxStep body_step(KxSession *session, gpointer data)
{
    BodyCursor *cursor = data;
    size_t len = 0;
    const char *bytes = cursor->body ? g_bytes_get_data(cursor->body, &len) : NULL;
    size_t piece = MIN(len - cursor->at, (size_t)KX_CHUNK_MAX);
    kx_session_write(session, bytes + cursor->at, piece);
    cursor->at += piece;
    if (cursor->at < len)
        return KX_STEP_MORE;
    kx_session_reply(session, cursor->flags, KX_HTTP_ANSWERED);
    return KX_STEP_DONE;
}

void kx_http_exchange_answer(KxSession *session, KxHttpExchange *exchange)
{
    BodyCursor *cursor = g_new0(BodyCursor, 1);
    write_head(session, exchange);
    cursor->flags = keeps_alive(exchange) ? 0 : KX_REPLY_CLOSE;
    if (!exchange->head)
        cursor->body = g_steal_pointer(&exchange->response.body);
    kx_http_exchange_free(exchange);
    kx_session_set_cursor(session, body_step, cursor, body_cursor_free);
}

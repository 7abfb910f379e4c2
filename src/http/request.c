/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/http-private.h"
#include "http/text.h"

/* Requests with fewer parameters and segments than these are all there should be. */
enum { SEGMENTS_MAX = 64, PAIRS_MAX = 128 };

static const struct {
    const char *name;
    guint method;
} methods[] = {
    {"GET", KX_HTTP_GET},         {"HEAD", KX_HTTP_GET},    {"POST", KX_HTTP_POST},
    {"PUT", KX_HTTP_PUT},         {"PATCH", KX_HTTP_PATCH}, {"DELETE", KX_HTTP_DELETE},
    {"OPTIONS", KX_HTTP_OPTIONS},
};

const char *kx_http_method_name(KxHttpMethod method)
{
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++)
        if (methods[i].method == method)
            return methods[i].name;
    g_assert_not_reached();
}

/* ---- taking it over ---- */

static void split_target(KxHttpRequest *request, const char *target)
{
    const char *mark = strchr(target, '?');
    request->path = mark ? g_strndup(target, (size_t)(mark - target)) : g_strdup(target);
    request->query = g_strdup(mark ? mark + 1 : "");
}

/* Pairs of texts, each with its NUL. */
static gboolean fields_are_sound(KxSlice fields)
{
    guint nuls = 0;
    for (size_t i = 0; i < fields.len; i++)
        nuls += fields.data[i] == '\0';
    return fields.len == 0 || (fields.data[fields.len - 1] == '\0' && nuls % 2 == 0);
}

KxHttpExchange *kx_http_exchange_new(KxSession *session, const KxMsgHttpRequest *message)
{
    if (!fields_are_sound(message->fields))
        return NULL;
    KxHttpExchange *exchange = g_new0(KxHttpExchange, 1);
    KxHttpRequest *request = &exchange->request;
    request->session = session;
    exchange->flags = message->flags;
    exchange->head = g_str_equal(message->method, "HEAD");
    for (guint i = 0; i < G_N_ELEMENTS(methods); i++)
        if (g_str_equal(methods[i].name, message->method))
            request->method = methods[i].method;
    split_target(request, message->target);
    request->fields = g_memdup2(message->fields.data, message->fields.len);
    request->fields_len = message->fields.len;
    exchange->response.fields = g_string_new(NULL);
    return exchange;
}

void kx_http_exchange_free(KxHttpExchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->request.fields)
        explicit_bzero(exchange->request.fields, exchange->request.fields_len);
    g_free(exchange->request.fields);
    g_free(exchange->request.path);
    g_free(exchange->request.query);
    kx_buf_clear_secret(&exchange->body);
    g_string_free(exchange->response.fields, TRUE);
    g_clear_pointer(&exchange->response.body, g_bytes_unref);
    g_free(exchange);
}

/* ---- reading it ---- */

const char *kx_http_request_field(const KxHttpRequest *request, const char *name)
{
    const char *at = request->fields, *end = at + request->fields_len;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (g_str_equal(at, name))
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

char *kx_http_request_cookie(const KxHttpRequest *request, const char *name)
{
    const char *at = kx_http_request_field(request, "cookie");
    size_t len = strlen(name);
    while (at && *at) {
        at += strspn(at, "; ");
        size_t cookie = strcspn(at, ";");
        if (cookie > len && at[len] == '=' && strncmp(at, name, len) == 0)
            return g_strndup(at + len + 1, cookie - len - 1);
        at += cookie;
    }
    return NULL;
}

char **kx_http_path_segments(const char *path, const char *prefix)
{
    if (!g_str_has_prefix(path, prefix))
        return NULL;
    g_auto(GStrv) segments = g_strsplit(path + strlen(prefix), "/", SEGMENTS_MAX);
    for (guint i = 0; segments[i]; i++)
        if (!kx_http_percent_decode(segments[i], strlen(segments[i])))
            return NULL;
    return g_steal_pointer(&segments);
}

static gboolean decode_form(char *text)
{
    for (char *at = text; *at; at++)
        if (*at == '+')
            *at = ' ';
    return kx_http_percent_decode(text, strlen(text));
}

char **kx_http_query_pairs(const char *query)
{
    g_autoptr(GStrvBuilder) pairs = g_strv_builder_new();
    g_auto(GStrv) parts = g_strsplit(query, "&", PAIRS_MAX);
    for (guint i = 0; parts[i]; i++) {
        if (!*parts[i])
            continue;
        char *equals = strchr(parts[i], '=');
        if (equals)
            *equals = '\0';
        char *value = equals ? equals + 1 : parts[i] + strlen(parts[i]);
        if (!decode_form(parts[i]) || !decode_form(value))
            return NULL;
        g_strv_builder_add(pairs, parts[i]);
        g_strv_builder_add(pairs, value);
    }
    return g_strv_builder_end(pairs);
}

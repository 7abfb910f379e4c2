/* SPDX-License-Identifier: Apache-2.0 */
/* The core half: from messages of the edge to an application and back. */
#include "fake-session.h"
#include "http/text.h"

/* Says what it got. */
static void echo(gpointer data, const KxHttpRequest *request, KxHttpResponse *response)
{
    const char *color = kx_http_request_field(request, "x-color");
    char *text =
        g_strdup_printf("%s %s ?%s %zu %s", kx_http_method_name(request->method), request->path,
                        request->query, request->body_len, color ? color : "none");
    response->status = 200;
    response->type = "text/plain";
    response->body = g_bytes_new_take(text, strlen(text));
    response->later = g_str_has_suffix(request->path, "later");
    kx_http_response_field(response, "X-App", "%s", (const char *)data);
}

static const KxHttpApp app = {"/echo/", 1 << KX_SERVICE_ADMIN,
                              KX_HTTP_GET | KX_HTTP_POST | KX_HTTP_PATCH, 100000, echo};
static const KxHttpApp elsewhere = {"/", 1 << KX_SERVICE_IMAP, KX_HTTP_GET, 10, echo};

static KxSession *new_session(void)
{
    KxSession *session = fake_new();
    kx_http_add(session->core.http, &elsewhere, "wrong");
    kx_http_add(session->core.http, &app, "right");
    return session;
}

enum { WHOLE = KX_HTTP_KEEP_ALIVE | KX_HTTP_LAST };

static KxMessage request(const char *method, const char *target, guint flags, const char *body)
{
    KxMessage message = {.type = KX_MSG_HTTP_REQUEST};
    message.HTTP_REQUEST = (KxMsgHttpRequest){
        .method = method,
        .target = target,
        .flags = flags | (body ? KX_HTTP_HAS_BODY : 0),
        .fields = {"host\0x\0x-color\0red", 19},
        .length = body ? strlen(body) : 0,
        .body = KX_SLICE_STR(body ? body : ""),
    };
    return message;
}

static void expect(KxSession *session, const char *begin, const char *end)
{
    if (!g_str_has_prefix(session->out->str, begin))
        g_assert_cmpstr(session->out->str, ==, begin);
    if (!g_str_has_suffix(session->out->str, end))
        g_assert_cmpstr(session->out->str, ==, end);
}

static void test_answers(void)
{
    g_autoptr(KxSession) session = new_session();
    g_assert_cmpuint(ask(session, request("GET", "/echo/a?b", WHOLE, NULL)), ==, KX_HTTP_ANSWERED);
    expect(session, "HTTP/1.1 200 OK\r\nDate: ", "X-App: right\r\n\r\nGET /echo/a ?b 0 red");
    g_assert_nonnull(strstr(session->out->str, "Content-Length: 20\r\n"));
    g_assert_null(strstr(session->out->str, "Connection:"));
    g_assert_cmpuint(session->flags, ==, 0);
    ask(session, request("HEAD", "/echo/a", WHOLE, NULL));
    expect(session, "HTTP/1.1 200 OK\r\n", "X-App: right\r\n\r\n");
    g_assert_nonnull(strstr(session->out->str, "Content-Length: 19\r\n"));
    ask(session, request("POST", "/echo/", WHOLE, "abc"));
    expect(session, "HTTP/1.1 200 OK\r\n", "POST /echo/ ? 3 red");
}

static void test_connection(void)
{
    g_autoptr(KxSession) session = new_session();
    ask(session, request("GET", "/echo/", KX_HTTP_LAST, NULL));
    g_assert_nonnull(strstr(session->out->str, "\r\nConnection: close\r\n"));
    g_assert_cmpuint(session->flags, ==, KX_REPLY_CLOSE);
    ask(session, request("GET", "/echo/", WHOLE | KX_HTTP_10, NULL));
    g_assert_nonnull(strstr(session->out->str, "\r\nConnection: keep-alive\r\n"));
}

static void test_refusals(void)
{
    g_autoptr(KxSession) session = new_session();
    ask(session, request("GET", "/other", WHOLE, NULL));
    expect(session, "HTTP/1.1 404 Not Found\r\n", "\"detail\":\"There is nothing here\"}");
    ask(session, request("BREW", "/echo/", WHOLE, NULL));
    expect(session, "HTTP/1.1 501 ", "}");
    ask(session, request("DELETE", "/echo/", WHOLE, NULL));
    expect(session, "HTTP/1.1 405 ", "}");
    g_assert_nonnull(strstr(session->out->str, "\r\nAllow: GET, HEAD, POST, PATCH, OPTIONS\r\n"));
    ask(session, request("PATCH", "/echo/", WHOLE, NULL));
    expect(session, "HTTP/1.1 411 ", "}");
    ask(session, request("OPTIONS", "*", WHOLE, NULL));
    expect(session, "HTTP/1.1 204 No Content\r\n", "\r\n\r\n");
    g_assert_null(strstr(session->out->str, "Content-Length"));
}

static KxMessage more(size_t len, gboolean last)
{
    static char bytes[KX_CHUNK_MAX];
    KxMessage message = {.type = KX_MSG_HTTP_BODY};
    message.HTTP_BODY = (KxMsgHttpBody){last, {bytes, len}};
    return message;
}

static void test_pieces(void)
{
    g_autoptr(KxSession) session = new_session();
    KxMessage begin = request("POST", "/echo/", KX_HTTP_KEEP_ALIVE, "abc");
    begin.HTTP_REQUEST.length = G_MAXUINT64;
    g_assert_cmpuint(ask(session, begin), ==, KX_HTTP_GO_ON);
    g_assert_cmpuint(ask(session, more(60000, FALSE)), ==, KX_HTTP_GO_ON);
    g_assert_cmpuint(ask(session, more(10, TRUE)), ==, KX_HTTP_ANSWERED);
    expect(session, "HTTP/1.1 200 ", "POST /echo/ ? 60013 red");
    g_assert_cmpuint(session->flags, ==, 0);
}

/* What comes after the refusal would be read as the next request: the connection ends. */
static void test_too_large(void)
{
    g_autoptr(KxSession) session = new_session();
    KxMessage begin = request("POST", "/echo/", KX_HTTP_KEEP_ALIVE, "abc");
    begin.HTTP_REQUEST.length = 100001;
    ask(session, begin);
    expect(session, "HTTP/1.1 413 ", "}");
    g_assert_cmpuint(session->flags, ==, KX_REPLY_CLOSE);
    begin.HTTP_REQUEST.length = G_MAXUINT64;
    g_assert_cmpuint(ask(session, begin), ==, KX_HTTP_GO_ON);
    g_assert_cmpuint(ask(session, more(60000, FALSE)), ==, KX_HTTP_GO_ON);
    ask(session, more(60000, FALSE));
    expect(session, "HTTP/1.1 413 ", "}");
    g_assert_cmpuint(session->flags, ==, KX_REPLY_CLOSE);
}

static void test_later(void)
{
    g_autoptr(KxSession) session = new_session();
    g_assert_cmpuint(ask(session, request("GET", "/echo/later", WHOLE, NULL)), ==, KX_HTTP_LATER);
    g_assert_cmpstr(session->out->str, ==, "");
    g_assert_cmpuint(ask(session, more(0, TRUE)), ==, KX_HTTP_ANSWERED);
    expect(session, "HTTP/1.1 200 ", "GET /echo/later ? 0 red");
}

static void test_broken_edge(void)
{
    g_autoptr(KxSession) session = new_session();
    ask(session, more(10, TRUE)); /* the core was started again meanwhile */
    expect(session, "HTTP/1.1 503 ", "\r\n\r\n");
    KxMessage odd = request("GET", "/echo/", WHOLE, NULL);
    odd.HTTP_REQUEST.fields = (KxSlice){"host\0", 5};
    ask(session, odd);
    g_assert_cmpstr(session->out->str, ==, "kicked");
    odd.HTTP_REQUEST.fields = (KxSlice){"host\0x", 6};
    ask(session, odd);
    g_assert_cmpstr(session->out->str, ==, "kicked");
}

static void check_words(char **words, const char *joined)
{
    g_auto(GStrv) owned = words;
    g_autofree char *text = owned ? g_strjoinv("|", owned) : NULL;
    g_assert_cmpstr(text, ==, joined);
}

static void test_paths(void)
{
    check_words(kx_http_path_segments("/api/users/a%40b%2Fc", "/api/"), "users|a@b/c");
    check_words(kx_http_path_segments("/api/", "/api/"), "");
    check_words(kx_http_path_segments("/api/a//b", "/api/"), "a||b");
    check_words(kx_http_path_segments("/api/%c3%a4", "/api/"), "\xc3\xa4");
    check_words(kx_http_path_segments("/api/%c3", "/api/"), NULL);
    check_words(kx_http_path_segments("/api/%00", "/api/"), NULL);
    check_words(kx_http_path_segments("/api/%4", "/api/"), NULL);
    check_words(kx_http_path_segments("/api/%4g", "/api/"), NULL);
    check_words(kx_http_path_segments("/app", "/api/"), NULL);
    check_words(kx_http_query_pairs("a=b+c%2B&d&&e=f=g"), "a|b c+|d||e|f=g");
    check_words(kx_http_query_pairs(""), "");
    check_words(kx_http_query_pairs("a=%"), NULL);
}

static void test_cookies(void)
{
    char fields[] = "cookie\0aa=1; a=2;b=3; c";
    KxHttpRequest asked = {.fields = fields, .fields_len = sizeof fields};
    static const char *const wanted[][2] = {{"aa", "1"}, {"a", "2"}, {"b", "3"}, {"c", NULL}};
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_autofree char *value = kx_http_request_cookie(&asked, wanted[i][0]);
        g_assert_cmpstr(value, ==, wanted[i][1]);
    }
}

static void test_date(void)
{
    char date[KX_HTTP_DATE];
    kx_http_date(784111777, date);
    g_assert_cmpstr(date, ==, "Sun, 06 Nov 1994 08:49:37 GMT");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/core/answers", test_answers);
    g_test_add_func("/http/core/connection", test_connection);
    g_test_add_func("/http/core/refusals", test_refusals);
    g_test_add_func("/http/core/pieces", test_pieces);
    g_test_add_func("/http/core/too-large", test_too_large);
    g_test_add_func("/http/core/later", test_later);
    g_test_add_func("/http/core/broken-edge", test_broken_edge);
    g_test_add_func("/http/core/paths", test_paths);
    g_test_add_func("/http/core/cookies", test_cookies);
    g_test_add_func("/http/core/date", test_date);
    return g_test_run();
}

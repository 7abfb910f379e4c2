/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of HTTP/1.1 against a made-up core (RFC 9112). */
#include "fake-conn.h"

/* Sends all at once and then byte by byte: the answer may not depend on it. */
static void check(const char *text, size_t len, const char *asked, const char *out)
{
    for (guint way = 0; way < 2; way++) {
        g_autoptr(KxConn) conn = fake_new();
        for (size_t i = 0; i < len && !conn->closed; i += way == 0 ? len : 1)
            fake_send(conn, text + i, way == 0 ? len : 1);
        if (asked)
            g_assert_cmpstr(conn->asked->str, ==, asked);
        if (!g_str_has_prefix(conn->out->str, out))
            g_assert_cmpstr(conn->out->str, ==, out);
    }
}

#define CHECK(text, asked, out) check(text, strlen(text), asked, out)
#define REFUSED(text, status)   CHECK(text, "", "HTTP/1.1 " status " ")
#define REQUEST(line, fields)   line " HTTP/1.1\r\nHost: x\r\n" fields "\r\n"

static void test_requests(void)
{
    CHECK(REQUEST("GET /", ""), "GET / host=x;", "200 0;");
    CHECK(REQUEST("GET /a?b=c", "Accept:\t*/* \r\nX-Empty:\r\n"),
          "GET /a?b=c host=x accept=*/* x-empty=;", "200 0;");
    CHECK("\r\n\r\n" REQUEST("GET /", ""), "GET / host=x;", "200 0;");
    CHECK(REQUEST("OPTIONS *", ""), "OPTIONS * host=x;", "200 0;");
    CHECK("GET / HTTP/1.0\r\n\r\n", "GET /;", "200 0;");
    CHECK("GET / HTTP/1.7\r\nHost: x\r\n\r\n", "GET / host=x;", "200 0;");
    CHECK(REQUEST("GET https://y:4040/a", ""), "GET /a host=y:4040 host=x;", "200 0;");
    CHECK(REQUEST("GET HTTP://y?q", ""), "GET /?q host=y host=x;", "200 0;");
}

static void test_connection(void)
{
    const char *two = REQUEST("GET /1", "") REQUEST("GET /2", "");
    CHECK(two, "GET /1 host=x;GET /2 host=x;", "200 0;200 0;");
    CHECK(REQUEST("GET /1", "Connection: x, Close\r\n") REQUEST("GET /2", ""),
          "GET /1 host=x connection=x, Close;", "200 0;");
    CHECK("GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n", "GET /1;", "200 0;");
    CHECK("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
          "GET /1 connection=keep-alive;GET /2;", "200 0;200 0;");
}

static void test_bodies(void)
{
    CHECK(REQUEST("POST /", "Content-Length: 3\r\n") "abc" REQUEST("GET /2", ""), NULL,
          "200 3;200 0;");
    CHECK(REQUEST("POST /", "Content-Length: 0\r\n"), NULL, "200 0;");
    CHECK(REQUEST("POST /", "Transfer-Encoding: Chunked\r\n") "3\r\nabc\r\n0A;x="
                                                              "\"y\"\r\n0123456789\r\n0\r\nTrailer:"
                                                              " x\r\n\r\n" REQUEST("GET /2", ""),
          NULL, "200 13;200 0;");
    CHECK(REQUEST("POST /", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n", NULL, "200 0;");
}

static void test_bad_chunks(void)
{
#define CHUNKS(text)                                                                               \
    CHECK(REQUEST("POST /", "Transfer-Encoding: chunked\r\n") text, "", "HTTP/1.1 400 ")
    CHUNKS("x\r\n");
    CHUNKS("\r\n");
    CHUNKS("3 \r\nabc\r\n");
    CHUNKS("3\nabc\r\n");
    CHUNKS("3\r\nabcd\r\n");
    CHUNKS("3\r\nabc\n0\r\n\r\n");
    CHUNKS("1000000000000000\r\n");
    CHUNKS("-1\r\n");
    CHUNKS("0x3\r\nabc\r\n");
    CHUNKS("3;\n\r\nabc\r\n");
    CHUNKS("0\r\nA: b\n\r\n");
#undef CHUNKS
}

/* A body in pieces, each acknowledged by the core. */
static void test_large_body(void)
{
    enum { SIZE = 200000 };
    g_autofree char *bytes = g_strnfill(SIZE, 'x');
    g_autoptr(KxConn) conn = fake_new();
    const char *head = REQUEST("PUT /", "Content-Length: 200000\r\n");
    fake_send(conn, head, strlen(head));
    fake_send(conn, bytes, SIZE);
    g_assert_cmpstr(conn->out->str, ==, "200 200000;");
    g_assert_cmpuint(conn->pieces, ==, 4);
    const char *refused = REQUEST("PUT /refuse", "Content-Length: 200000\r\n");
    fake_send(conn, refused, strlen(refused));
    fake_send(conn, bytes, SIZE);
    g_assert_true(conn->closed);
    g_assert_cmpstr(conn->out->str, ==, "200 200000;413;");
}

static void test_expect(void)
{
    g_autoptr(KxConn) conn = fake_new();
    const char *head = REQUEST("PUT /", "Content-Length: 3\r\nExpect: 100-Continue\r\n");
    fake_send(conn, head, strlen(head));
    g_assert_cmpstr(conn->out->str, ==, "HTTP/1.1 100 Continue\r\n\r\n");
    fake_send(conn, "abc", 3);
    g_assert_true(g_str_has_suffix(conn->out->str, "\r\n\r\n200 3;"));
    g_string_truncate(conn->out, 0);
    g_autofree char *whole = g_strconcat(head, "abc", NULL); /* it did not wait */
    fake_send(conn, whole, strlen(whole));
    g_assert_cmpstr(conn->out->str, ==, "200 3;");
    g_string_truncate(conn->out, 0);
    head = REQUEST("PUT /refuse", "Content-Length: 3\r\nExpect: 100-continue\r\n");
    fake_send(conn, head, strlen(head));
    g_assert_cmpstr(conn->out->str, ==, "413;");
    REFUSED(REQUEST("PUT /", "Content-Length: 3\r\nExpect: wonders\r\n"), "417");
}

static void test_malformed(void)
{
    REFUSED("GET /\r\n\r\n", "400");
    REFUSED("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET / x HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET / http/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET / HTTP/2.0\r\n\r\n", "505");
    REFUSED("G@T / HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET x HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET * HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400");
    REFUSED("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "501");
    REFUSED("GET / HTTP/1.1\r\n\r\n", "400");
    REFUSED(REQUEST("GET /", "Host: y\r\n"), "400");
    REFUSED("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400");
    REFUSED("GET / HTTP/1.1\r\nHost:\r\n\r\n", "400");
    REFUSED("GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", "400");
    REFUSED(REQUEST("GET http://u@y/", ""), "400");
    REFUSED(REQUEST("GET /", " folded: x\r\n"), "400");
    REFUSED(REQUEST("GET /", "A : b\r\n"), "400");
    REFUSED(REQUEST("GET /", ": b\r\n"), "400");
    REFUSED(REQUEST("GET /", "nonsense\r\n"), "400");
    REFUSED(REQUEST("GET /", "A: b\rc\r\n"), "400");
    REFUSED("GET / HTTP/1.1\nHost: x\n\n", "400");
    REFUSED("GET / HTTP/1.1\r\nHost: x\n\r\n", "400");
    check("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 35, "", "HTTP/1.1 400 ");
}

/* What two programs could frame in two ways. */
static void test_smuggling(void)
{
    REFUSED(REQUEST("POST /", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), "400");
    REFUSED(REQUEST("POST /", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length: 1\r\nContent-Length: 2\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length: 1, 1\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length: +1\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length: -1\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length: 0x1\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length:\r\n"), "400");
    REFUSED(REQUEST("POST /", "Content-Length: 99999999999999999999\r\n"), "400");
    REFUSED(REQUEST("POST /", "Transfer-Encoding: gzip, chunked\r\n"), "501");
    REFUSED(REQUEST("POST /", "Transfer-Encoding: identity\r\n"), "501");
    REFUSED(REQUEST("POST /", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            "501");
    REFUSED(REQUEST("POST /", "Transfer-Encoding: \x0b"
                              "chunked\r\n"),
            "400");
    REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400");
}

static void test_limits(void)
{
    g_autofree char *many = g_strnfill(50000, 'a');
    g_autofree char *line = g_strconcat("GET /", many, NULL);
    REFUSED(line, "414");
    g_autofree char *field = g_strconcat("GET / HTTP/1.1\r\nHost: ", many, NULL);
    REFUSED(field, "431");
    GString *fields = g_string_new("GET / HTTP/1.1\r\nHost: x\r\n");
    for (guint i = 0; i < 100; i++)
        g_string_append(fields, "A: b\r\n");
    g_string_append(fields, "\r\n");
    REFUSED(fields->str, "431");
    g_string_free(fields, TRUE);
    g_autofree char *method = g_strnfill(33, 'M');
    g_autofree char *strange = g_strconcat(method, " / HTTP/1.1\r\nHost: x\r\n\r\n", NULL);
    REFUSED(strange, "501");
    g_autofree char *trailer =
        g_strconcat(REQUEST("POST /", "Transfer-Encoding: chunked\r\n") "0\r\nA: ", many, NULL);
    REFUSED(trailer, "400");
    REFUSED("\r\n\r\n\r\n\r\n\r\n", "400");
}

static void test_timeouts(void)
{
    g_autoptr(KxConn) idle = fake_new();
    g_assert_cmpuint(idle->timeout, ==, 120);
    fake_timeout(idle); /* without a word */
    g_assert_true(idle->closed);
    g_assert_cmpstr(idle->out->str, ==, "");
    g_autoptr(KxConn) head = fake_new();
    fake_send(head, "GET /", 5);
    g_assert_cmpuint(head->timeout, ==, 30);
    fake_timeout(head);
    g_assert_true(g_str_has_prefix(head->out->str, "HTTP/1.1 408 "));
    g_autoptr(KxConn) body = fake_new();
    const char *part = REQUEST("POST /", "Content-Length: 3\r\n") "a";
    fake_send(body, part, strlen(part));
    fake_timeout(body);
    g_assert_true(g_str_has_prefix(body->out->str, "HTTP/1.1 408 "));
}

/* A failed sign-in is answered a second later, and what is pipelined after it waits. */
static void test_later(void)
{
    g_autoptr(KxConn) conn = fake_new();
    const char *two = REQUEST("GET /later", "") REQUEST("GET /2", "");
    fake_send(conn, two, strlen(two));
    g_assert_cmpstr(conn->out->str, ==, "");
    g_assert_cmpuint(conn->timeout, ==, KX_HTTP_LATER_SECONDS);
    fake_timeout(conn);
    g_assert_cmpstr(conn->out->str, ==, "200 0;200 0;");
}

static void test_restarts(void)
{
    g_autoptr(KxConn) conn = fake_new();
    conn->core_dies = TRUE;
    const char *request = REQUEST("GET /", "");
    fake_send(conn, request, strlen(request));
    g_assert_true(g_str_has_prefix(conn->out->str, "HTTP/1.1 503 "));
    g_assert_true(conn->closed);
    g_autoptr(KxConn) idle = fake_new();
    kx_http_edge.shutdown(idle);
    g_assert_true(idle->closed);
    g_assert_cmpstr(idle->out->str, ==, "");
    g_autoptr(KxConn) begun = fake_new();
    fake_send(begun, "GET", 3);
    kx_http_edge.shutdown(begun);
    g_assert_true(g_str_has_prefix(begun->out->str, "HTTP/1.1 503 "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/edge/requests", test_requests);
    g_test_add_func("/http/edge/connection", test_connection);
    g_test_add_func("/http/edge/bodies", test_bodies);
    g_test_add_func("/http/edge/bad-chunks", test_bad_chunks);
    g_test_add_func("/http/edge/large-body", test_large_body);
    g_test_add_func("/http/edge/expect", test_expect);
    g_test_add_func("/http/edge/malformed", test_malformed);
    g_test_add_func("/http/edge/smuggling", test_smuggling);
    g_test_add_func("/http/edge/limits", test_limits);
    g_test_add_func("/http/edge/timeouts", test_timeouts);
    g_test_add_func("/http/edge/later", test_later);
    g_test_add_func("/http/edge/restarts", test_restarts);
    return g_test_run();
}

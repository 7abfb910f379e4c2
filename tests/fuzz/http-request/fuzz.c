/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests as a stranger sends them, against a core that takes everything; then the same bytes
 * as paths, queries and what a broken edge might call header fields. The first byte says into what
 * pieces the input is cut. However it is cut, the core is asked the same.
 */
#include "../../unit/http/fake-conn.h"
#include "http/head.h"
#include "http/http.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static KxConn *talk(const char *text, size_t len, size_t piece)
{
    KxConn *conn = fake_new();
    for (size_t i = 0; i < len && !conn->closed; i += piece) {
        fake_send(conn, text + i, MIN(piece, len - i));
        if (conn->timeout == KX_HTTP_LATER_SECONDS && !conn->closed)
            fake_timeout(conn);
    }
    return conn;
}

/* Who says that and then sends nothing has the core asked at once, also if what comes later is
 * malformed: then it matters how the bytes are cut. */
static gboolean may_wait(const char *text, size_t len)
{
    g_autofree char *lower = g_ascii_strdown(text, (gssize)len);
    return memmem(lower, len, "100-continue", strlen("100-continue")) != NULL;
}

/* Dates may differ. */
static void check_same(const KxConn *one, const KxConn *other)
{
    g_assert_cmpstr(one->asked->str, ==, other->asked->str);
    g_assert_true(one->closed == other->closed);
    g_assert_cmpuint(one->out->len, ==, other->out->len);
}

/* Nothing that is passed on can be read as two fields or two lines. */
static void check_head(const char *text, size_t len)
{
    KxHttpScan scan = {0};
    KxHttpFault fault;
    g_auto(KxHttpHead) head = {0};
    size_t end = kx_http_head_scan(text, len, &scan, &fault);
    if (end == 0 || !kx_http_head_parse(text, end, &head, &fault)) {
        g_assert_true(end == 0 || fault.status >= 400);
        return;
    }
    g_assert_cmpuint(head.fields_len, <=, end);
    g_assert_false(memchr(head.fields, '\n', head.fields_len) ||
                   memchr(head.fields, '\r', head.fields_len));
    g_assert_false(head.chunked && head.has_length);
    g_assert_true(head.target[0] == '/' || g_str_equal(head.target, "*"));
}

static void check_request(const char *text, size_t len)
{
    g_autofree char *target = g_strndup(text, len);
    g_auto(GStrv) segments = kx_http_path_segments(target, "");
    for (guint i = 0; segments && segments[i]; i++)
        g_assert_true(g_utf8_validate(segments[i], -1, NULL));
    g_auto(GStrv) pairs = kx_http_query_pairs(target);
    g_assert_true(!pairs || g_strv_length(pairs) % 2 == 0);
    g_autofree char *fields = g_malloc(7 + strlen(target) + 1);
    memcpy(fields, "cookie", 7);
    memcpy(fields + 7, target, strlen(target) + 1);
    KxHttpRequest request = {.fields = fields, .fields_len = 7 + strlen(target) + 1};
    g_autofree char *value = kx_http_request_cookie(&request, "a");
    g_assert_true(!value || !strchr(value, ';'));
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    size_t len = size - 1;
    g_autoptr(KxConn) whole = talk(text, len, MAX(len, 1));
    g_autoptr(KxConn) pieces = talk(text, len, 1 + (size_t)(data[0] >> 4) * 13);
    if (!may_wait(text, len))
        check_same(whole, pieces);
    check_head(text, len);
    check_request(text, len);
    const char *out = whole->out->str;
    g_assert_true(!*out || g_str_has_prefix(out, "HTTP/1.1 ") || g_ascii_isdigit(*out));
    return 0;
}

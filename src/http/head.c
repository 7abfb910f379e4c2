/* SPDX-License-Identifier: Apache-2.0 */
#include "http/head.h"

#include <string.h>

#include "base/text.h"
#include "http/text.h"

static gboolean fault(KxHttpFault *ret_fault, guint status, const char *why)
{
    *ret_fault = (KxHttpFault){status, why};
    return FALSE;
}

/* ---- finding the end ---- */

static gboolean too_long(const KxHttpScan *scan, size_t len, KxHttpFault *ret_fault)
{
    if (scan->lines == 0 && len > KX_HTTP_LINE_MAX)
        return !fault(ret_fault, 414, "The request line is too long");
    if (len > KX_HTTP_HEAD_MAX || scan->lines > KX_HTTP_FIELDS_MAX + 1)
        return !fault(ret_fault, 431, "There are too many header fields, or they are too long");
    return FALSE;
}

size_t kx_http_head_scan(const char *bytes, size_t len, KxHttpScan *scan, KxHttpFault *ret_fault)
{
    *ret_fault = (KxHttpFault){0};
    for (;;) {
        const char *feed = memchr(bytes + scan->at, '\n', len - scan->at);
        size_t end = feed ? (size_t)(feed - bytes) + 1 : len;
        if (too_long(scan, end, ret_fault) || !feed)
            return 0;
        if (feed == bytes || feed[-1] != '\r') {
            fault(ret_fault, 400, "A line ends with LF alone");
            return 0;
        }
        gboolean empty = end - scan->at == 2;
        scan->at = end;
        scan->lines++;
        if (empty)
            return end;
    }
}

/* ---- the request line ---- */

static gboolean take_method(const char *line, size_t len, KxHttpHead *head, KxHttpFault *ret_fault)
{
    for (size_t i = 0; i < len; i++)
        if (!kx_http_is_token_char(line[i]))
            return fault(ret_fault, 400, "The method is malformed");
    if (len == 0)
        return fault(ret_fault, 400, "There is no method");
    if (len > KX_HTTP_METHOD_MAX)
        return fault(ret_fault, 501, "There is no such method");
    memcpy(head->method, line, len);
    return TRUE;
}

/* Only the major version decides whether we understand each other (RFC 9110 section 2.5). */
static gboolean take_version(const char *text, size_t len, KxHttpHead *head, KxHttpFault *ret_fault)
{
    if (len != 8 || memcmp(text, "HTTP/", 5) != 0 || !g_ascii_isdigit(text[5]) || text[6] != '.' ||
        !g_ascii_isdigit(text[7]))
        return fault(ret_fault, 400, "The request line is malformed");
    if (text[5] != '1')
        return fault(ret_fault, 505, "HTTP/1.1 is spoken here");
    head->http10 = text[7] == '0';
    head->keep_alive = !head->http10;
    return TRUE;
}

/* The authority of an absolute URL takes the place of Host (RFC 9112 section 3.2.2). */
typedef struct {
    const char *host;
    size_t len;
} Authority;

static gboolean take_target(const char *text, size_t len, KxHttpHead *head,
                            Authority *ret_authority, KxHttpFault *ret_fault)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '#')
            return fault(ret_fault, 400, "The target has characters that must be encoded");
    if (g_str_equal(head->method, "CONNECT"))
        return fault(ret_fault, 501, "There are no tunnels here");
    gboolean asterisk = len == 1 && *text == '*' && g_str_equal(head->method, "OPTIONS");
    if (asterisk || (len > 0 && *text == '/')) {
        head->target = g_strndup(text, len);
        return TRUE;
    }
    size_t scheme = len > 8 && g_ascii_strncasecmp(text, "https://", 8) == 0  ? 8
                    : len > 7 && g_ascii_strncasecmp(text, "http://", 7) == 0 ? 7
                                                                              : 0;
    if (scheme == 0)
        return fault(ret_fault, 400, "The target is neither a path nor a URL");
    size_t end = scheme;
    while (end < len && text[end] != '/' && text[end] != '?')
        end++;
    *ret_authority = (Authority){text + scheme, end - scheme};
    gboolean slash = end < len && text[end] == '/';
    head->target = g_strdup_printf("%s%.*s", slash ? "" : "/", (int)(len - end), text + end);
    return TRUE;
}

static gboolean take_request_line(const char *line, size_t len, KxHttpHead *head,
                                  Authority *ret_authority, KxHttpFault *ret_fault)
{
    const char *first = memchr(line, ' ', len);
    const char *last = memrchr(line, ' ', len);
    if (!first || first == last)
        return fault(ret_fault, 400, "The request line is malformed");
    return take_method(line, (size_t)(first - line), head, ret_fault) &&
           take_version(last + 1, len - (size_t)(last + 1 - line), head, ret_fault) &&
           take_target(first + 1, (size_t)(last - first - 1), head, ret_authority, ret_fault);
}

/* ---- fields that say how the message is framed ---- */

typedef struct {
    KxHttpHead *head;
    gboolean has_host, chunked_seen;
} Fields;

static gboolean check_host(const char *host, KxHttpFault *ret_fault)
{
    gboolean good = *host != '\0';
    for (const char *at = host; *at; at++)
        good = good && (g_ascii_isalnum(*at) || strchr(".-_~%!$&'()*+,;=[]:", *at));
    return good || fault(ret_fault, 400, "Host is malformed");
}

static gboolean field_host(Fields *fields, const char *value, KxHttpFault *ret_fault)
{
    if (fields->has_host)
        return fault(ret_fault, 400, "There is more than one Host");
    fields->has_host = TRUE;
    return check_host(value, ret_fault);
}

static gboolean field_content_length(Fields *fields, const char *value, KxHttpFault *ret_fault)
{
    if (fields->head->has_length)
        return fault(ret_fault, 400, "There is more than one Content-Length");
    fields->head->has_length = TRUE;
    return kx_parse_uint(value, G_MAXINT64, &fields->head->length) ||
           fault(ret_fault, 400, "Content-Length is not a number");
}

static gboolean field_transfer_encoding(Fields *fields, const char *value, KxHttpFault *ret_fault)
{
    if (fields->head->http10)
        return fault(ret_fault, 400, "HTTP/1.0 has no transfer codings");
    if (fields->head->chunked || g_ascii_strcasecmp(value, "chunked") != 0)
        return fault(ret_fault, 501, "The one transfer coding here is chunked");
    fields->head->chunked = TRUE;
    return TRUE;
}

static gboolean field_connection(Fields *fields, const char *value, KxHttpFault *ret_fault)
{
    g_auto(GStrv) options = g_strsplit(value, ",", 100);
    for (guint i = 0; options[i]; i++) {
        const char *option = g_strstrip(options[i]);
        if (g_ascii_strcasecmp(option, "close") == 0)
            fields->head->keep_alive = FALSE;
        else if (g_ascii_strcasecmp(option, "keep-alive") == 0 && fields->head->http10)
            fields->head->keep_alive = TRUE;
    }
    return TRUE;
}

/* Servers ignore it from HTTP/1.0 clients (RFC 9110 section 10.1.1). */
static gboolean field_expect(Fields *fields, const char *value, KxHttpFault *ret_fault)
{
    if (g_ascii_strcasecmp(value, "100-continue") != 0)
        return fault(ret_fault, 417, "The one expectation met here is 100-continue");
    fields->head->expect = !fields->head->http10;
    return TRUE;
}

static const struct {
    const char *name;
    gboolean (*take)(Fields *fields, const char *value, KxHttpFault *ret_fault);
} framing_fields[] = {
    {"connection", field_connection},
    {"content-length", field_content_length},
    {"expect", field_expect},
    {"host", field_host},
    {"transfer-encoding", field_transfer_encoding},
};

static gboolean take_field(Fields *fields, const char *name, const char *value,
                           KxHttpFault *ret_fault)
{
    for (guint i = 0; i < G_N_ELEMENTS(framing_fields); i++)
        if (g_str_equal(name, framing_fields[i].name))
            return framing_fields[i].take(fields, value, ret_fault);
    return TRUE;
}

/* ---- all fields ---- */

static gboolean is_value_char(char c)
{
    return (guchar)c >= ' ' ? c != 0x7f : c == '\t';
}

/* Copies a line's name and value to the packed form, which is never longer than the line. */
static gboolean pack_field(const char *line, size_t len, char **to, KxHttpFault *ret_fault)
{
    const char *colon = memchr(line, ':', len);
    if (*line == ' ' || *line == '\t')
        return fault(ret_fault, 400, "Header fields may not be folded");
    if (!colon || colon == line)
        return fault(ret_fault, 400, "A header field has no name");
    char *out = *to;
    for (const char *at = line; at < colon; at++) {
        if (!kx_http_is_token_char(*at))
            return fault(ret_fault, 400, "The name of a header field is malformed");
        *out++ = g_ascii_tolower(*at);
    }
    *out++ = '\0';
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (; value < end; value++) {
        if (!is_value_char(*value))
            return fault(ret_fault, 400, "A header field has a control character in it");
        *out++ = *value;
    }
    *out++ = '\0';
    *to = out;
    return TRUE;
}

static gboolean take_fields(const char *at, const char *end, Fields *fields, KxHttpFault *ret_fault)
{
    KxHttpHead *head = fields->head;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        char *name = head->fields + head->fields_len, *to = name;
        if (!pack_field(at, (size_t)(feed - at) - 1, &to, ret_fault) ||
            !take_field(fields, name, name + strlen(name) + 1, ret_fault))
            return FALSE;
        head->fields_len = (size_t)(to - head->fields);
        at = feed + 1;
    }
    return TRUE;
}

static gboolean check_framing(const Fields *fields, KxHttpFault *ret_fault)
{
    const KxHttpHead *head = fields->head;
    if (!fields->has_host && !head->http10)
        return fault(ret_fault, 400, "There is no Host");
    if (head->chunked && head->has_length)
        return fault(ret_fault, 400, "Content-Length and Transfer-Encoding exclude each other");
    return TRUE;
}

/* Puts the host of an absolute target before the fields, where it is found first. */
static gboolean put_authority(KxHttpHead *head, const Authority *authority, KxHttpFault *ret_fault)
{
    if (!authority->host)
        return TRUE;
    g_autofree char *host = g_strndup(authority->host, authority->len);
    if (!check_host(host, ret_fault))
        return FALSE;
    memcpy(head->fields, "host", 5);
    memcpy(head->fields + 5, host, authority->len + 1);
    head->fields_len = 5 + authority->len + 1;
    return TRUE;
}

gboolean kx_http_head_parse(const char *bytes, size_t len, KxHttpHead *ret_head,
                            KxHttpFault *ret_fault)
{
    *ret_head = (KxHttpHead){0};
    *ret_fault = (KxHttpFault){0};
    const char *first = memchr(bytes, '\n', len);
    Authority authority = {0};
    Fields fields = {.head = ret_head};
    ret_head->fields = g_malloc(len);
    if (take_request_line(bytes, (size_t)(first - bytes) - 1, ret_head, &authority, ret_fault) &&
        put_authority(ret_head, &authority, ret_fault) &&
        take_fields(first + 1, bytes + len - 2, &fields, ret_fault) &&
        check_framing(&fields, ret_fault))
        return TRUE;
    kx_http_head_clear(ret_head);
    return FALSE;
}

void kx_http_head_clear(KxHttpHead *head)
{
    if (head->fields) /* cookies and passwords */
        explicit_bzero(head->fields, head->fields_len);
    g_clear_pointer(&head->fields, g_free);
    head->fields_len = 0;
    g_clear_pointer(&head->target, g_free);
}

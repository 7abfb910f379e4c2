/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/web.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/error.h"
#include "base/text.h"
#include "courier/libraries.h"

enum {
    CONNECT_SECONDS = 10,
    SECONDS = 30,
    HEADER_MAX = 32 * 1024,
    VALUE_MAX = 1000,
    FIELDS_MAX = 10
};

typedef struct {
    GString *body;
    GPtrArray *fields;
    size_t header; /* bytes */
} Intake;

static void free_field(gpointer data)
{
    KxWebField *field = data;
    g_free(field->name);
    g_free(field->value);
    g_free(field);
}

void kx_web_answer_clear(KxWebAnswer *answer)
{
    g_clear_pointer(&answer->type, g_free);
    if (answer->body)
        g_string_free(answer->body, TRUE);
    answer->body = NULL;
    g_clear_pointer(&answer->fields, g_ptr_array_unref);
}

/* No files can be read here: the certificates are those that are in memory. */
static CURLcode use_trust(CURL *curl, void *context, void *tls)
{
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(tls));
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    return CURLE_OK;
}

static size_t take_piece(char *bytes, size_t size, size_t n, void *data)
{
    GString *body = ((Intake *)data)->body;
    if (body->len + size * n > KX_WEB_BODY_MAX)
        return 0;
    g_string_append_len(body, bytes, (gssize)(size * n));
    return size * n;
}

static void take_field(Intake *intake, const char *line, size_t len)
{
    static const char *const wanted[] = {"location", "replay-nonce", "retry-after"};
    const char *colon = memchr(line, ':', len);
    if (!colon || intake->fields->len == FIELDS_MAX || len > VALUE_MAX ||
        !g_utf8_validate(line, (gssize)len, NULL))
        return;
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (!kx_ascii_equal(line, (size_t)(colon - line), wanted[i]))
            continue;
        KxWebField *field = g_new(KxWebField, 1);
        *field = (KxWebField){g_strdup(wanted[i]),
                              g_strstrip(g_strndup(colon + 1, len - (size_t)(colon + 1 - line)))};
        g_ptr_array_add(intake->fields, field);
    }
}

static size_t take_header(char *bytes, size_t size, size_t n, void *data)
{
    Intake *intake = data;
    intake->header += size * n;
    take_field(intake, bytes, size * n);
    return intake->header <= HEADER_MAX ? size * n : 0;
}

/* ---- where to ---- */

static gboolean split_url(const char *url, gboolean plain, char **ret_host, guint *ret_port,
                          GError **error)
{
    CURLU *parts = sym_curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL;
    guint64 number = 0;
    gboolean good = parts && !sym_curl_url_set(parts, CURLUPART_URL, url, 0) &&
                    !sym_curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) &&
                    !sym_curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
                    !sym_curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
                    (g_str_equal(scheme, "https") || (plain && g_str_equal(scheme, "http"))) &&
                    kx_parse_uint(port, 65535, &number);
    if (good) {
        *ret_host = g_strdup(host);
        *ret_port = (guint)number;
    }
    sym_curl_free(scheme);
    sym_curl_free(host);
    sym_curl_free(port);
    sym_curl_url_cleanup(parts);
    return good || kx_fail(error, KX_ERR_INVALID, "not an https URL: %s", url);
}

/* "host:port:address,address" as libcurl wants to be told. */
static struct curl_slist *addresses_for(KxResolver *resolver, const char *host, guint port,
                                        GError **error)
{
    g_auto(KxHostAnswer) found = {0};
    if (kx_resolver_addresses(resolver, host, &found) != KX_DNS_FOUND) {
        kx_fail(error, KX_ERR_NOT_FOUND, "%s has no address", host);
        return NULL;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "%s:%u:", host, port);
    for (guint i = 0; i < found.addresses->len; i++) {
        const struct sockaddr_storage *address =
            &g_array_index(found.addresses, KxHostAddress, i).address;
        gboolean four = address->ss_family == AF_INET;
        const void *bytes =
            four ? (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
                 : &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        char text[INET6_ADDRSTRLEN];
        inet_ntop(address->ss_family, bytes, text, sizeof text);
        g_string_append_printf(line, four ? "%s%s" : "%s[%s]", i > 0 ? "," : "", text);
    }
    return sym_curl_slist_append(NULL, line->str);
}

/* ---- the request ---- */

static void prepare(CURL *curl, SSL_CTX *tls, const KxWebRequest *request,
                    struct curl_slist *addresses, Intake *intake)
{
    long seconds = request->seconds > 0 ? (long)request->seconds : SECONDS;
    sym_curl_easy_setopt(curl, CURLOPT_URL, request->url);
    sym_curl_easy_setopt(curl, CURLOPT_RESOLVE, addresses);
    sym_curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, request->plain ? "http,https" : "https");
    sym_curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    sym_curl_easy_setopt(curl, CURLOPT_PROXY, "");
    sym_curl_easy_setopt(curl, CURLOPT_USERAGENT, "Keryx");
    sym_curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    sym_curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, MIN(seconds, CONNECT_SECONDS));
    sym_curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
    sym_curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    sym_curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    sym_curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    sym_curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, use_trust);
    sym_curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, tls);
    sym_curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    sym_curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    sym_curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    sym_curl_easy_setopt(curl, CURLOPT_WRITEDATA, intake);
    sym_curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    sym_curl_easy_setopt(curl, CURLOPT_HEADERDATA, intake);
}

static struct curl_slist *prepare_post(CURL *curl, const KxWebRequest *request)
{
    if (!request->type)
        return NULL;
    g_autofree char *type = g_strdup_printf("Content-Type: %s", request->type);
    struct curl_slist *fields = sym_curl_slist_append(NULL, type);
    fields = sym_curl_slist_append(fields, "Expect:"); /* the body is small */
    sym_curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    sym_curl_easy_setopt(curl, CURLOPT_POST, 1L);
    sym_curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->len);
    sym_curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    return fields;
}

static void prepare_user(CURL *curl, const KxWebRequest *request)
{
    if (!request->user || !*request->user)
        return;
    sym_curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    sym_curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
    sym_curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
}

static gboolean perform(CURL *curl, const Intake *intake, KxWebAnswer *answer, GError **error)
{
    long code = 0;
    const char *type = NULL;
    CURLcode rc = sym_curl_easy_perform(curl);
    if (rc != CURLE_OK)
        return kx_fail(error, rc == CURLE_PEER_FAILED_VERIFICATION ? KX_ERR_DENIED : KX_ERR_IO,
                       "%s", sym_curl_easy_strerror(rc));
    sym_curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    sym_curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    *answer = (KxWebAnswer){(guint)code, g_strdup(type), intake->body, intake->fields};
    return TRUE;
}

gboolean kx_web_ask(KxResolver *resolver, SSL_CTX *tls, const KxWebRequest *request,
                    KxWebAnswer *ret_answer, GError **error)
{
    g_autofree char *host = NULL;
    guint port = 0;
    if (!split_url(request->url, request->plain, &host, &port, error))
        return FALSE;
    struct curl_slist *addresses = addresses_for(resolver, host, port, error);
    if (!addresses)
        return FALSE;
    CURL *curl = sym_curl_easy_init();
    Intake intake = {g_string_new(NULL), g_ptr_array_new_with_free_func(free_field), 0};
    prepare(curl, tls, request, addresses, &intake);
    prepare_user(curl, request);
    struct curl_slist *fields = prepare_post(curl, request);
    gboolean done = perform(curl, &intake, ret_answer, error);
    if (!done) {
        g_string_free(intake.body, TRUE);
        g_ptr_array_unref(intake.fields);
    }
    sym_curl_easy_cleanup(curl);
    sym_curl_slist_free_all(fields);
    sym_curl_slist_free_all(addresses);
    return done;
}

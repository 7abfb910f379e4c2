/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching a policy (RFC 8461 section 3.3): HTTPS with a certificate that names the policy host, no
 * redirects, a bounded answer in bounded time. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

#include "base/error.h"
#include "base/text.h"
#include "courier/sts-cache.h"

enum { CONNECT_SECONDS = 10, SECONDS = 30, HEADER_MAX = 32 * 1024 };

typedef struct {
    GString *body;
    size_t header; /* bytes */
} Answer;

/* No files can be read here: the certificates are those that are in memory. */
static CURLcode use_trust(CURL *curl, void *context, void *tls)
{
    SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(tls));
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    return CURLE_OK;
}

static size_t take_piece(char *bytes, size_t size, size_t n, void *data)
{
    GString *body = ((Answer *)data)->body;
    if (body->len + size * n > KX_STS_TEXT_MAX)
        return 0;
    g_string_append_len(body, bytes, (gssize)(size * n));
    return size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *data)
{
    Answer *answer = data;
    answer->header += size * n;
    return answer->header <= HEADER_MAX ? size * n : 0;
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
    return curl_slist_append(NULL, line->str);
}

static void prepare(CURL *curl, SSL_CTX *tls, const char *url, struct curl_slist *addresses,
                    Answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, addresses);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, use_trust);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, tls);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
}

/* With parameters or without. */
static gboolean is_plain_text(const char *type)
{
    return type && kx_ascii_equal(type, strcspn(type, "; \t"), "text/plain");
}

static KxStsPolicy *read_answer(CURL *curl, const GString *body, GError **error)
{
    long code = 0;
    const char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (code != 200) {
        kx_fail(error, KX_ERR_PROTOCOL, "the policy host answers with %ld", code);
        return NULL;
    }
    if (!is_plain_text(type)) {
        kx_fail(error, KX_ERR_PROTOCOL, "the policy is not text/plain");
        return NULL;
    }
    return kx_sts_policy_parse(body->str, body->len, error);
}

KxStsPolicy *kx_sts_fetch(KxResolver *resolver, SSL_CTX *tls, const char *domain, guint port,
                          GError **error)
{
    g_autofree char *host = g_strconcat("mta-sts.", domain, NULL);
    g_autofree char *url = g_strdup_printf("https://%s:%u/.well-known/mta-sts.txt", host, port);
    struct curl_slist *addresses = addresses_for(resolver, host, port, error);
    if (!addresses)
        return NULL;
    g_autoptr(GString) body = g_string_new(NULL);
    Answer answer = {body, 0};
    CURL *curl = curl_easy_init();
    KxStsPolicy *policy = NULL;
    if (curl) {
        prepare(curl, tls, url, addresses, &answer);
        CURLcode rc = curl_easy_perform(curl);
        if (rc == CURLE_OK)
            policy = read_answer(curl, body, error);
        else
            kx_fail(error, KX_ERR_IO, "%s", curl_easy_strerror(rc));
        curl_easy_cleanup(curl);
    }
    curl_slist_free_all(addresses);
    return policy;
}

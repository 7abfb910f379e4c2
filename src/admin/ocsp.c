/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "admin/certificate-info.h"
#include "admin/certificate-store.h"
#include "base/error.h"

enum {
    ASK_SECONDS = 20,
    ANSWER_MAX = 8192, /* the field of CERTIFICATE in ipc/message-list.h */
    URL_MAX = 1000,    /* that of MAIL_RECIPIENT is a little longer */
    SKEW = 300,        /* seconds that clocks may differ */
};

/* The authority's word about one certificate. */
typedef struct {
    OCSP_RESPONSE *response;
    OCSP_BASICRESP *basic;
    gint64 from, until; /* Unix seconds */
    int status;
} Word;

static void word_clear(Word *word)
{
    g_clear_pointer(&word->basic, OCSP_BASICRESP_free);
    g_clear_pointer(&word->response, OCSP_RESPONSE_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Word, word_clear)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_CERTID, OCSP_CERTID_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

/* ---- whom to ask, and about what ---- */

static KxX509Chain *chain_of(const char *name)
{
    g_autofree char *pem = kx_certificate_read(name, KX_CERTIFICATE_CHAIN, NULL);
    return pem ? kx_certificate_parse(pem, NULL) : NULL;
}

/* The one after the certificate that has issued it; NULL: it is not there. */
static X509 *issuer_in(const KxX509Chain *chain)
{
    for (int i = 1; i < sk_X509_num(chain); i++)
        if (X509_check_issued(sk_X509_value(chain, i), sk_X509_value(chain, 0)) == X509_V_OK)
            return sk_X509_value(chain, i);
    return NULL;
}

/* Free it; NULL: there is none, or none that anybody could be asked at. */
static char *url_of(X509 *certificate)
{
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
    const char *first = urls ? sk_OPENSSL_STRING_value(urls, 0) : NULL;
    char *url = first && strlen(first) <= URL_MAX ? g_strdup(first) : NULL;
    X509_email_free(urls);
    return url;
}

static gint64 seconds_of(const ASN1_GENERALIZEDTIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (gint64)timegm(&tm) : 0;
}

/* ---- reading an answer ---- */

/* FALSE: it says nothing about the certificate. */
static gboolean read_word(const void *bytes, size_t len, X509 *certificate, X509 *issuer,
                          Word *ret_word)
{
    const unsigned char *at = bytes;
    g_autoptr(OCSP_CERTID) id = OCSP_cert_to_id(NULL, certificate, issuer);
    ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
    *ret_word = (Word){.response = d2i_OCSP_RESPONSE(NULL, &at, (long)len)};
    if (ret_word->response &&
        OCSP_response_status(ret_word->response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        ret_word->basic = OCSP_response_get1_basic(ret_word->response);
    gboolean found = id && ret_word->basic &&
                     OCSP_resp_find_status(ret_word->basic, id, &ret_word->status, NULL, NULL,
                                           &from, &until) == 1;
    ERR_clear_error();
    ret_word->from = seconds_of(from);
    ret_word->until = seconds_of(until);
    return found;
}

/* Signed by the issuer, or by whom it has named for that. */
static gboolean is_signed(const Word *word, X509 *issuer, KxX509Chain *chain)
{
    g_autoptr(X509_STORE) store = X509_STORE_new();
    X509_STORE_add_cert(store, issuer);
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    gboolean good = OCSP_basic_verify(word->basic, chain, store, 0) == 1;
    ERR_clear_error();
    return good;
}

static gboolean check_word(const Word *word, X509 *issuer, KxX509Chain *chain, GError **error)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    if (!is_signed(word, issuer, chain))
        return kx_fail(error, KX_ERR_INVALID, "its signature is not the authority's");
    if (word->status == V_OCSP_CERTSTATUS_REVOKED)
        return kx_fail(error, KX_ERR_DENIED, "it has revoked the certificate");
    if (word->status != V_OCSP_CERTSTATUS_GOOD)
        return kx_fail(error, KX_ERR_INVALID, "it does not know the certificate");
    return (word->from <= now + SKEW && word->until > now) ||
           kx_fail(error, KX_ERR_INVALID, "its answer is not of today");
}

/* ---- asking ---- */

static GBytes *make_request(X509 *certificate, X509 *issuer)
{
    g_autoptr(OCSP_REQUEST) request = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certificate, issuer);
    unsigned char *bytes = NULL;
    if (!request || !id || !OCSP_request_add0_id(request, id)) {
        OCSP_CERTID_free(id);
        return NULL;
    }
    int len = i2d_OCSP_REQUEST(request, &bytes);
    GBytes *made = len > 0 ? g_bytes_new(bytes, (size_t)len) : NULL;
    OPENSSL_free(bytes);
    return made;
}

static GBytes *ask(KxAsks *asks, const char *url, GBytes *request, GError **error)
{
    KxAskName to = {.name = url};
    g_auto(KxAsk) question = {.kind = KX_MAIL_OCSP,
                              .host = "",
                              .seconds = ASK_SECONDS,
                              .whole = ASK_SECONDS,
                              .names = &to,
                              .n_names = 1,
                              .body = request,
                              .body_type = "application/ocsp-request"};
    gboolean reached = kx_asks_run(asks, &question);
    GBytes *answer = reached && to.code == 200 ? g_steal_pointer(&question.answer) : NULL;
    if (!answer)
        kx_fail(error, KX_ERR_IO, "%s", reached ? "the answer is none" : question.text);
    return answer;
}

gboolean kx_ocsp_refresh(KxAsks *asks, const char *name, GError **error)
{
    g_autoptr(KxX509Chain) chain = chain_of(name);
    X509 *issuer = chain ? issuer_in(chain) : NULL;
    g_autofree char *url = issuer ? url_of(sk_X509_value(chain, 0)) : NULL;
    g_autoptr(GBytes) request = url ? make_request(sk_X509_value(chain, 0), issuer) : NULL;
    g_autoptr(GBytes) answer = request ? ask(asks, url, request, error) : NULL;
    g_auto(Word) word = {0};
    size_t len = 0;
    const void *bytes = answer ? g_bytes_get_data(answer, &len) : NULL;
    if (!request)
        return kx_fail(error, KX_ERR_NOT_FOUND, "the certificate names nobody to ask");
    if (!answer)
        return FALSE;
    if (len > ANSWER_MAX || !read_word(bytes, len, sk_X509_value(chain, 0), issuer, &word))
        return kx_fail(error, KX_ERR_INVALID, "%s says nothing about the certificate", url);
    g_autoptr(GError) why = NULL;
    if (check_word(&word, issuer, chain, &why))
        return kx_certificate_write_bytes(name, KX_CERTIFICATE_OCSP, bytes, len, error);
    if (g_error_matches(why, KX_ERROR, KX_ERR_DENIED))
        kx_certificate_remove(name, KX_CERTIFICATE_OCSP, NULL);
    return kx_fail(error, why->code, "%s: %s", url, why->message);
}

/* ---- what is kept ---- */

KxOcspNeed kx_ocsp_need(const char *name, gint64 now, gint64 *ret_until)
{
    g_autoptr(KxX509Chain) chain = chain_of(name);
    X509 *issuer = chain ? issuer_in(chain) : NULL;
    g_autofree char *url = issuer ? url_of(sk_X509_value(chain, 0)) : NULL;
    g_autoptr(GBytes) kept = url ? kx_certificate_read_bytes(name, KX_CERTIFICATE_OCSP) : NULL;
    g_auto(Word) word = {0};
    size_t len = 0;
    const void *bytes = kept ? g_bytes_get_data(kept, &len) : NULL;
    *ret_until = 0;
    if (!url)
        return KX_OCSP_NONE;
    if (!kept || !read_word(bytes, len, sk_X509_value(chain, 0), issuer, &word) ||
        word.until <= now)
        return KX_OCSP_DUE;
    *ret_until = word.until;
    return now >= word.from + (word.until - word.from) / 2 ? KX_OCSP_DUE : KX_OCSP_FRESH;
}

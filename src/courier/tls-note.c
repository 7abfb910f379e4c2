/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/tls-note.h"

#include <openssl/x509_vfy.h>

#include "base/text.h"

void kx_tls_note_free(KxTlsNote *note)
{
    if (!note)
        return;
    g_free(note->policy);
    g_free(note->mx);
    g_free(note->ip);
    g_free(note->source);
    g_free(note->reason);
    g_free(note);
}

/* ---- who wants reports ---- */

static gboolean is_place(const char *uri)
{
    size_t len = strlen(uri);
    if (len > KX_TLS_RUA_LENGTH)
        return FALSE;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isgraph(uri[i]))
            return FALSE;
    return (g_ascii_strncasecmp(uri, "mailto:", 7) == 0 && strchr(uri + 7, '@')) ||
           (g_ascii_strncasecmp(uri, "https://", 8) == 0 && len > 8);
}

static char *read_rua(const char *value)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) uris = g_strsplit(value, ",", 2 * KX_TLS_RUA_MAX);
    guint n = 0;
    for (guint i = 0; uris[i] && n < KX_TLS_RUA_MAX; i++) {
        const char *uri = g_strstrip(uris[i]);
        if (is_place(uri))
            g_string_append_printf(out, "%s%s", n++ > 0 ? "," : "", uri);
    }
    return n > 0 ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}

char *kx_tls_record_rua(const GPtrArray *texts)
{
    const char *record = NULL;
    for (guint i = 0; i < texts->len; i++) {
        if (!g_str_has_prefix(texts->pdata[i], "v=TLSRPTv1;"))
            continue;
        if (record) /* of several, none counts */
            return NULL;
        record = texts->pdata[i];
    }
    g_auto(GStrv) fields = record ? g_strsplit(record, ";", 16) : NULL;
    for (guint i = 1; fields && fields[i]; i++) {
        const char *field = g_strstrip(fields[i]);
        if (g_str_has_prefix(field, "rua="))
            return read_rua(field + 4);
    }
    return NULL;
}

char *kx_tls_rua(KxResolver *resolver, const char *domain)
{
    g_autoptr(GPtrArray) texts = NULL;
    g_autofree char *name = g_strconcat("_smtp._tls.", domain, NULL);
    return kx_resolver_txt(resolver, name, &texts) == KX_DNS_FOUND ? kx_tls_record_rua(texts)
                                                                   : NULL;
}

/* ---- what is told ---- */

KxTlsResult kx_tls_result_of(long verdict)
{
    static const struct {
        long verdict;
        KxTlsResult result;
    } rows[] = {
        {X509_V_OK, KX_TLS_GOOD},
        {X509_V_ERR_HOSTNAME_MISMATCH, KX_TLS_HOST_MISMATCH},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, KX_TLS_HOST_MISMATCH},
        {X509_V_ERR_CERT_HAS_EXPIRED, KX_TLS_EXPIRED},
        {X509_V_ERR_CERT_NOT_YET_VALID, KX_TLS_EXPIRED},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_CERT_UNTRUSTED, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_CERT_REVOKED, KX_TLS_NOT_TRUSTED},
        {X509_V_ERR_DANE_NO_MATCH, KX_TLS_VALIDATION},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].verdict == verdict)
            return rows[i].result;
    return KX_TLS_VALIDATION;
}

char *kx_tls_format_tlsa(const GPtrArray *tlsa)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < tlsa->len && out->len < KX_TLS_POLICY_MAX / 2; i++) {
        const KxTlsa *one = tlsa->pdata[i];
        g_string_append_printf(out, "%u %u %u ", one->usage, one->selector, one->matching);
        for (size_t at = 0; at < one->len && at < KX_TLS_POLICY_MAX / 8; at++)
            g_string_append_printf(out, "%02x", one->data[at]);
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login). */
#include "core/sasl-private.h"

/* authzid NUL authcid NUL password */
KxSaslNext kx_sasl_plain(KxSession *session G_GNUC_UNUSED, KxSasl *sasl, KxSlice response)
{
    const char *end = response.data + response.len;
    const char *first = memchr(response.data, 0, response.len);
    const char *second = first ? memchr(first + 1, 0, (size_t)(end - first - 1)) : NULL;
    if (!second)
        return KX_SASL_NEXT_MALFORMED;
    KxSlice authzid = {response.data, (size_t)(first - response.data)};
    KxSlice name = {first + 1, (size_t)(second - first - 1)};
    KxSlice password = {second + 1, (size_t)(end - second - 1)};
    if (name.len == 0 || !kx_sasl_is_clean(name, KX_SASL_NAME_MAX) ||
        !kx_sasl_is_clean(password, KX_SASL_TEXT_MAX) ||
        !kx_sasl_is_clean(authzid, KX_SASL_NAME_MAX))
        return KX_SASL_NEXT_MALFORMED;
    /* Acting for somebody else is not offered; naming oneself is no such thing. */
    if (authzid.len > 0 &&
        (authzid.len != name.len || memcmp(authzid.data, name.data, name.len) != 0))
        return KX_SASL_NEXT_MALFORMED;
    sasl->name = g_strndup(name.data, name.len);
    sasl->password = g_strndup(password.data, password.len);
    return KX_SASL_NEXT_CHECK;
}

KxSaslNext kx_sasl_login(KxSession *session G_GNUC_UNUSED, KxSasl *sasl, KxSlice response)
{
    if (!kx_sasl_is_clean(response, KX_SASL_TEXT_MAX))
        return KX_SASL_NEXT_MALFORMED;
    if (sasl->round++ == 0) {
        sasl->name = g_strndup(response.data, response.len);
        sasl->challenge = g_strdup("Password:");
        return KX_SASL_NEXT_CONTINUE;
    }
    sasl->password = g_strndup(response.data, response.len);
    return KX_SASL_NEXT_CHECK;
}

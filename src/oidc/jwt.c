/* SPDX-License-Identifier: Apache-2.0 */
#include "oidc/jwt.h"

#include <string.h>

#include "base/base64.h"

typedef struct {
    const char *at;
    size_t len;
} Part;

enum { HEADER, CLAIMS, SIGNATURE, PARTS };

/* Three parts with dots between. */
static gboolean split(const char *token, Part parts[static PARTS])
{
    for (guint i = 0; i < PARTS; i++) {
        parts[i] = (Part){token, strcspn(token, ".")};
        token += parts[i].len;
        if (*token != (i < PARTS - 1 ? '.' : '\0'))
            return FALSE;
        token++;
    }
    return TRUE;
}

static json_t *read_json(const Part *part)
{
    g_autoptr(GBytes) bytes = kx_base64url_decode(part->at, part->len);
    size_t len;
    const char *text = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    json_t *json = text ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

/* A media type without its "application/" (RFC 7515 section 4.1.9). What says that it is something
 * else than an access token is none; many do not say. */
static gboolean is_access_token(const json_t *header)
{
    static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt", NULL};
    const json_t *type = json_object_get(header, "typ");
    for (guint i = 0; json_is_string(type) && types[i]; i++)
        if (g_ascii_strcasecmp(json_string_value(type), types[i]) == 0)
            return TRUE;
    return type == NULL;
}

/* Extensions that we must understand we do not (RFC 7515 section 4.1.11). Keys that a token brings
 * along or points to are not looked at. */
static const char *read_header(const json_t *header, KxJws *jws)
{
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    const json_t *kid = json_object_get(header, "kid");
    if (json_object_get(header, "crit") || !is_access_token(header))
        return "the token is of another kind than access tokens";
    jws->algorithm = algorithm ? kx_jws_algorithm_find(algorithm) : NULL;
    if (!jws->algorithm)
        return "the token is not signed, or in a way that does not count";
    if (kid && !json_is_string(kid))
        return "the token does not name its key by a text";
    jws->kid = json_string_value(kid);
    return NULL;
}

static const char *read_rest(const char *token, const Part parts[static PARTS], KxJwt *jwt)
{
    const char *fault = read_header(jwt->header, &jwt->jws);
    if (fault)
        return fault;
    jwt->claims = read_json(&parts[CLAIMS]);
    jwt->jws.signature = kx_base64url_decode(parts[SIGNATURE].at, parts[SIGNATURE].len);
    if (!jwt->claims || !jwt->jws.signature)
        return "the token is malformed";
    jwt->jws.text = token;
    jwt->jws.text_len = (size_t)(parts[CLAIMS].at + parts[CLAIMS].len - token);
    return NULL;
}

KxJwtResult kx_jwt_read(const char *token, KxJwt *ret_jwt, const char **ret_reason)
{
    Part parts[PARTS];
    *ret_jwt = (KxJwt){0};
    if (strlen(token) > KX_TOKEN_MAX || !split(token, parts) ||
        !(ret_jwt->header = read_json(&parts[HEADER])))
        return KX_JWT_NONE;
    *ret_reason = read_rest(token, parts, ret_jwt);
    if (!*ret_reason)
        return KX_JWT_READ;
    kx_jwt_clear(ret_jwt);
    return KX_JWT_WRONG;
}

void kx_jwt_clear(KxJwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->claims);
    g_clear_pointer(&jwt->jws.signature, g_bytes_unref);
    *jwt = (KxJwt){0};
}

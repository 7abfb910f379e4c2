/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values that say which provider's tokens count, and which of them. */
#include <string.h>

#include "base/error.h"
#include "directory/kinds.h"
#include "settings/checks.h"

enum {
    URL_MAX = 500,
    AUDIENCE_MAX = 255,
    CLAIM_MAX = 255,
    SCOPE_MAX = 255,
    CLIENT_MAX = 130,
    SECRET_MAX = 300,
};

/* Printable ASCII without blanks, and without what ends a text in JSON (RFC 6749 section 3.3). */
static gboolean is_token(const char *value, size_t max)
{
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isgraph(value[i]) || value[i] == '"' || value[i] == '\\')
            return FALSE;
    return len <= max;
}

/* It has neither query nor fragment (OpenID Connect Core section 2), nor a name to sign in by. */
static char *parse_issuer(const char *value, GError **error)
{
    if (!kx_check_https_url(value, error))
        return NULL;
    if (is_token(value, URL_MAX) && strpbrk(value, "?#@") == NULL)
        return g_strdup(value);
    kx_fail(
        error, KX_ERR_INVALID,
        "'%.100s' is not the URL of an issuer: it has no more than %d characters, of ASCII, and "
        "none of ? # @",
        value, URL_MAX);
    return NULL;
}

static char *parse_token(const char *value, size_t max, const char *what, GError **error)
{
    if (is_token(value, max) && *value != '\0')
        return g_strdup(value);
    kx_fail(error, KX_ERR_INVALID, "'%.100s' is not %s: printable ASCII without blanks", value,
            what);
    return NULL;
}

static char *parse_audience(const char *entry, GError **error)
{
    return parse_token(entry, AUDIENCE_MAX, "an audience", error);
}

static char *parse_claim(const char *value, GError **error)
{
    return parse_token(value, CLAIM_MAX, "the name of a claim", error);
}

static char *parse_scope(const char *entry, GError **error)
{
    return parse_token(entry, SCOPE_MAX, "a scope", error);
}

/* It and the secret travel in a message where a byte may take three. */
static char *parse_client(const char *value, GError **error)
{
    return parse_token(value, CLIENT_MAX, "the identifier of a client", error);
}

static char *parse_secret(const char *value, GError **error)
{
    if (strlen(value) <= SECRET_MAX && strpbrk(value, "\r\n") == NULL)
        return g_strdup(value);
    kx_fail(error, KX_ERR_INVALID, "the secret is longer than %d bytes or has several lines",
            SECRET_MAX);
    return NULL;
}

const KxKind kx_kind_oidc_issuer = {KX_CLASS_TEXT, "URL", NULL, parse_issuer};
const KxKind kx_kind_oidc_audience = {KX_CLASS_LIST, "AUDIENCE,...", NULL, parse_audience, TRUE};
const KxKind kx_kind_oidc_claim = {KX_CLASS_TEXT, "CLAIM", NULL, parse_claim};
const KxKind kx_kind_oidc_scopes = {KX_CLASS_LIST, "SCOPE,...", NULL, parse_scope, TRUE};
const KxKind kx_kind_client_secret = {KX_CLASS_TEXT, "SECRET", NULL, parse_secret};
const KxKind kx_kind_client_id = {KX_CLASS_TEXT, "ID", NULL, parse_client};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAUTHBEARER (RFC 7628), and XOAUTH2, its forerunner, as Google describes it: the client shows a
 * token that this server has issued. A failure is told in JSON, and answered by the client before
 * the exchange is over. Tokens are not guessed, so failures count for no lockout: a program whose
 * token is over shall not shut its owner out.
 */
#include "core/sasl-private.h"
#include "directory/issued.h"

enum { MESSAGE_MAX = 4096 };

#define KVSEP "\x01"

/* What the client says of itself. */
typedef struct {
    char *name;  /* or empty */
    char *token; /* a secret */
} Claim;

static void claim_clear(Claim *claim)
{
    if (claim->token)
        explicit_bzero(claim->token, strlen(claim->token));
    g_clear_pointer(&claim->token, g_free);
    g_clear_pointer(&claim->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Claim, claim_clear)

/* RFC 6750 section 2.1: "Bearer" and the token. */
static char *read_credentials(const char *value)
{
    static const char scheme[] = "Bearer ";
    if (g_ascii_strncasecmp(value, scheme, strlen(scheme)) != 0)
        return NULL;
    value += strlen(scheme);
    return *value ? g_strdup(value) : NULL;
}

/* "n,a=name,": the header of GS2 (RFC 5801), with a channel binding that is not used. */
static char *read_header(const char *header)
{
    g_auto(GStrv) parts = g_strsplit(header, ",", -1);
    if (g_strv_length(parts) != 3 || *parts[2] ||
        !(g_str_equal(parts[0], "n") || g_str_equal(parts[0], "y")))
        return NULL;
    if (!*parts[1])
        return g_strdup("");
    return g_str_has_prefix(parts[1], "a=") ? kx_sasl_unescape(parts[1] + 2) : NULL;
}

static char *read_user(const char *pair)
{
    return g_str_has_prefix(pair, "user=") ? g_strdup(pair + strlen("user=")) : NULL;
}

/* A head, pairs "key=value", and an empty one at the end. */
static gboolean read_claim(const char *text, char *(*read_head)(const char *), Claim *ret_claim)
{
    g_auto(GStrv) parts = g_strsplit(text, KVSEP, -1);
    guint n = g_strv_length(parts);
    if (n < 4 || *parts[n - 1] || *parts[n - 2])
        return FALSE;
    ret_claim->name = read_head(parts[0]);
    for (guint i = 1; i < n - 2; i++)
        if (g_str_has_prefix(parts[i], "auth=") && !ret_claim->token)
            ret_claim->token = read_credentials(parts[i] + strlen("auth="));
    for (guint i = 0; i < n; i++)
        explicit_bzero(parts[i], strlen(parts[i]));
    return ret_claim->name && ret_claim->token && strlen(ret_claim->name) <= KX_SASL_NAME_MAX;
}

static void use_token(KxSession *session, KxSasl *sasl, const Claim *claim)
{
    const KxIssuedUse use = {.kind = KX_ISSUED_TOKEN,
                             .secret = claim->token,
                             .scope = session->handler->scope,
                             .login = *claim->name ? claim->name : NULL,
                             .local_ip = session->local_ip,
                             .service = session->handler->name,
                             .ip = session->remote_ip};
    sasl->uncounted = TRUE;
    sasl->user = kx_issued_use(kx_session_core(session)->directory, &use, &sasl->issued, NULL,
                               &sasl->reason);
    if (sasl->user)
        sasl->name = g_strdup_printf("%s@%s", sasl->user->name, sasl->user->domain);
    else
        sasl->name = g_strdup(*claim->name ? claim->name : "nobody");
    if (!sasl->user && !sasl->reason)
        sasl->reason = "there is no such token";
}

static KxSaslNext first(KxSession *session, KxSasl *sasl, KxSlice response, gboolean xoauth2)
{
    g_auto(Claim) claim = {0};
    if (!kx_sasl_is_clean(response, MESSAGE_MAX))
        return KX_SASL_NEXT_MALFORMED;
    char *text = g_strndup(response.data, response.len);
    gboolean good = read_claim(text, xoauth2 ? read_user : read_header, &claim);
    explicit_bzero(text, response.len);
    g_free(text);
    if (!good)
        return KX_SASL_NEXT_MALFORMED;
    use_token(session, sasl, &claim);
    if (sasl->user)
        return KX_SASL_NEXT_ACCEPT;
    g_autofree char *scope = kx_scopes_text(session->handler->scope, " ");
    sasl->challenge =
        xoauth2
            ? g_strdup_printf("{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"%s\"}", scope)
            : g_strdup_printf("{\"status\":\"invalid_token\",\"scope\":\"%s\"}", scope);
    sasl->round = 1;
    return KX_SASL_NEXT_TELL;
}

KxSaslNext kx_sasl_oauthbearer(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return sasl->round == 0 ? first(session, sasl, response, FALSE) : KX_SASL_NEXT_OVER;
}

KxSaslNext kx_sasl_xoauth2(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return sasl->round == 0 ? first(session, sasl, response, TRUE) : KX_SASL_NEXT_OVER;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAUTHBEARER (RFC 7628), and XOAUTH2, its forerunner, as Google describes it: the client shows a
 * token that this server has issued, or the provider of the account's domain. A failure is told in
 * JSON, and answered by the client before the exchange is over. Tokens are not guessed, so failures
 * count for no lockout: a program whose token is over shall not shut its owner out.
 */
#include "core/sasl-private.h"
#include "directory/issued.h"
#include "oidc/jwt.h"
#include "oidc/oidc.h"

enum { MESSAGE_MAX = KX_TOKEN_MAX + 1024 };

#define KVSEP "\x01"

/* What the client says of itself: the state of the exchange. */
typedef struct {
    char *name;  /* or empty */
    char *token; /* a secret; empty: the client asks where it could get one */
    gboolean xoauth2;
} Claim;

static void claim_free(gpointer data)
{
    Claim *claim = data;
    if (claim->token)
        explicit_bzero(claim->token, strlen(claim->token));
    g_free(claim->token);
    g_free(claim->name);
    g_free(claim);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Claim, claim_free)

/* RFC 6750 section 2.1: "Bearer" and the token; or nothing at all (RFC 7628 section 4.3). */
static char *read_credentials(const char *value)
{
    static const char scheme[] = "Bearer ";
    if (!*value)
        return g_strdup("");
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

/* ---- the answer ---- */

/* RFC 7628 section 3.2.2: why, what would do, and where the provider tells more. `domain` is the
 * one that has a provider; NULL: there is none. */
static char *failure_text(const KxSession *session, const Claim *claim, KxOidcResult result,
                          const KxDomain *domain)
{
    g_autofree char *own = kx_scopes_text(session->handler->scope, " ");
    g_autofree char *asked = domain ? g_strjoinv(" ", domain->oidc_scopes) : NULL;
    g_autofree char *url = domain ? kx_oidc_configuration(domain) : NULL;
    json_auto_t *text = json_object();
    json_object_set_new(text, "status",
                        json_string(claim->xoauth2            ? "401"
                                    : result == KX_OIDC_SCOPE ? "insufficient_scope"
                                                              : "invalid_token"));
    if (claim->xoauth2)
        json_object_set_new(text, "schemes", json_string("bearer"));
    if (!domain || *asked)
        json_object_set_new(text, "scope", json_string(domain ? asked : own));
    if (url)
        json_object_set_new(text, "openid-configuration", json_string(url));
    return json_dumps(text, JSON_COMPACT | JSON_PRESERVE_ORDER);
}

static KxSaslNext tell(KxSession *session, KxSasl *sasl, KxOidcResult result,
                       const KxDomain *domain)
{
    char *text = failure_text(session, sasl->state, result, domain);
    sasl->challenge = g_strdup(text);
    free(text);
    sasl->round = 1;
    return KX_SASL_NEXT_TELL;
}

static KxSaslNext accept(KxSasl *sasl, KxUser *user)
{
    sasl->user = user;
    g_free(sasl->name);
    sasl->name = g_strdup_printf("%s@%s", user->name, user->domain);
    return KX_SASL_NEXT_ACCEPT;
}

/* ---- tokens of this server ---- */

static KxSaslNext use_issued(KxSession *session, KxSasl *sasl)
{
    const Claim *claim = sasl->state;
    const KxIssuedUse use = {.kind = KX_ISSUED_TOKEN,
                             .secret = claim->token,
                             .scope = session->handler->scope,
                             .login = *claim->name ? claim->name : NULL,
                             .local_ip = session->local_ip,
                             .service = session->handler->name,
                             .ip = session->remote_ip};
    KxUser *user = kx_issued_use(kx_session_core(session)->directory, &use, &sasl->issued, NULL,
                                 &sasl->reason);
    if (user)
        return accept(sasl, user);
    if (!sasl->reason)
        sasl->reason = "there is no such token";
    return tell(session, sasl, KX_OIDC_REFUSED, NULL);
}

/* ---- tokens of a provider ---- */

static KxSaslNext use_provider(KxSession *session, KxSasl *sasl, gboolean wait)
{
    const Claim *claim = sasl->state;
    g_auto(KxOidcAnswer) answer = {0};
    const KxOidcShown shown = {.token = claim->token,
                               .login = *claim->name ? claim->name : NULL,
                               .local_ip = session->local_ip,
                               .wait = wait};
    KxOidc *oidc = kx_session_core(session)->oidc;
    KxOidcResult result = oidc ? kx_oidc_check(oidc, &shown, &answer) : KX_OIDC_NOBODY;
    sasl->reason = answer.reason;
    sasl->uncounted = TRUE;
    switch (result) {
    case KX_OIDC_GOOD:
        return accept(sasl, g_steal_pointer(&answer.user));
    case KX_OIDC_ASK:
        g_free(sasl->lane);
        sasl->lane = g_strconcat("oidc ", answer.domain->name, NULL);
        return KX_SASL_NEXT_ASK;
    case KX_OIDC_LATER:
        return KX_SASL_NEXT_LATER;
    case KX_OIDC_NOBODY:
        sasl->reason = "there is no such token";
        break;
    case KX_OIDC_REFUSED:
    case KX_OIDC_SCOPE:
        break;
    }
    return tell(session, sasl, result, answer.domain);
}

KxSaslNext kx_sasl_oauth_ask(KxSession *session, KxSasl *sasl)
{
    return use_provider(session, sasl, TRUE);
}

/* ---- the exchange ---- */

static KxSaslNext first(KxSession *session, KxSasl *sasl, KxSlice response, gboolean xoauth2)
{
    g_autoptr(Claim) claim = g_new0(Claim, 1);
    if (!kx_sasl_is_clean(response, MESSAGE_MAX))
        return KX_SASL_NEXT_MALFORMED;
    char *text = g_strndup(response.data, response.len);
    gboolean good = read_claim(text, xoauth2 ? read_user : read_header, claim);
    explicit_bzero(text, response.len);
    g_free(text);
    if (!good)
        return KX_SASL_NEXT_MALFORMED;
    gboolean issued =
        kx_issued_exists(kx_session_core(session)->directory, KX_ISSUED_TOKEN, claim->token);
    claim->xoauth2 = xoauth2;
    sasl->name = g_strdup(*claim->name ? claim->name : "nobody");
    sasl->uncounted = TRUE;
    sasl->state = g_steal_pointer(&claim);
    sasl->state_free = claim_free;
    return issued ? use_issued(session, sasl) : use_provider(session, sasl, FALSE);
}

KxSaslNext kx_sasl_oauthbearer(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return sasl->round == 0 ? first(session, sasl, response, FALSE) : KX_SASL_NEXT_OVER;
}

KxSaslNext kx_sasl_xoauth2(KxSession *session, KxSasl *sasl, KxSlice response)
{
    return sasl->round == 0 ? first(session, sasl, response, TRUE) : KX_SASL_NEXT_OVER;
}

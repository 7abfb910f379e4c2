/* SPDX-License-Identifier: Apache-2.0 */
/* A provider tried step by step, as a sign-in goes. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "oidc/jwt.h"
#include "oidc/oidc-private.h"

enum { TEXT_MAX = 4000 };

static void free_step(gpointer data)
{
    KxOidcStep *step = data;
    g_free(step->text);
    g_free(step);
}

/* Takes the text; TRUE if the step is good, so that the next may be taken. */
static gboolean note(GPtrArray *steps, const char *name, gboolean good, char *text)
{
    KxOidcStep *step = g_new(KxOidcStep, 1);
    *step = (KxOidcStep){name, good, kx_escape_for_log(text, -1, TEXT_MAX)};
    g_free(text);
    g_ptr_array_add(steps, step);
    return good;
}

static gboolean try_keys(KxOidc *oidc, const KxDomain *domain, const KxOidcDocument *document,
                         GPtrArray *steps)
{
    g_autoptr(GError) error = NULL;
    if (domain->oidc_audience[0] == NULL)
        return note(steps, "keys", TRUE, g_strdup("not needed without oidc-audience"));
    if (!document->jwks_uri)
        return note(steps, "keys", FALSE, g_strdup("the provider has none (jwks_uri)"));
    g_autoptr(KxJwkSet) keys = kx_oidc_fetch_keys(oidc, domain, document->jwks_uri, &error);
    if (!keys)
        return note(steps, "keys", FALSE, g_strdup(error->message));
    g_auto(GStrv) lines = kx_jwk_set_describe(keys);
    return note(steps, "keys", TRUE, g_strjoinv(", ", lines));
}

static gboolean try_introspection(const KxDomain *domain, const KxOidcDocument *document,
                                  GPtrArray *steps)
{
    static const char name[] = "introspection";
    if (!kx_oidc_may_ask(domain))
        return note(steps, name, TRUE, g_strdup("not set up (oidc-client-id)"));
    return document->introspection
               ? note(steps, name, TRUE, g_strdup(document->introspection))
               : note(steps, name, domain->oidc_audience[0] != NULL,
                      g_strdup("the provider does not offer it (introspection_endpoint)"));
}

static gboolean try_provider(KxOidc *oidc, const KxDomain *domain, GPtrArray *steps)
{
    g_autoptr(GError) error = NULL;
    g_auto(KxOidcDocument) document = {0};
    if (!kx_oidc_fetch_document(oidc, domain, &document, &error))
        return note(steps, "provider", FALSE, g_strdup(error->message));
    note(steps, "provider", TRUE, kx_oidc_configuration(domain));
    return try_keys(oidc, domain, &document, steps) && try_introspection(domain, &document, steps);
}

static void try_token(KxOidc *oidc, const KxDomain *domain, const char *token, GPtrArray *steps)
{
    g_autofree char *account = NULL;
    g_autoptr(KxUser) user = NULL;
    const char *reason = NULL;
    kx_oidc_refresh(oidc, domain, NULL);
    KxOidcResult result = strlen(token) > KX_TOKEN_MAX
                              ? KX_OIDC_REFUSED
                              : kx_oidc_read_token(oidc, domain, token, TRUE, &account, &reason);
    if (!note(steps, "token", result == KX_OIDC_GOOD,
              g_strdup(account  ? account
                       : reason ? reason
                                : "the token is longer than it may be")))
        return;
    result = kx_oidc_find_user(oidc, domain, account, TRUE, &user, &reason);
    note(steps, "account", result == KX_OIDC_GOOD,
         user ? g_strdup_printf("%s@%s", user->name, user->domain) : g_strdup(reason));
}

GPtrArray *kx_oidc_test(KxOidc *oidc, const char *name, const char *token, GError **error)
{
    g_autoptr(KxDomain) domain = kx_domain_get(oidc->directory, name, error);
    if (!domain)
        return NULL;
    if (*domain->oidc_issuer == '\0') {
        kx_fail(error, KX_ERR_INVALID, "the domain '%s' has no provider (oidc-issuer)",
                domain->name);
        return NULL;
    }
    GPtrArray *steps = g_ptr_array_new_with_free_func(free_step);
    if (try_provider(oidc, domain, steps) && token)
        try_token(oidc, domain, token, steps);
    return steps;
}

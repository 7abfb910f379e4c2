/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a domain's provider, and when it is fetched anew: tokens of strangers must not
 * make us ask all the time, nor may a provider that is away keep those waiting whose keys are known
 * (RFC 7517 section 5 leaves both to us). */
#include "base/error.h"
#include "oidc/oidc-private.h"

static void free_known(gpointer data)
{
    KxOidcKnown *known = data;
    g_free(known->account);
    g_free(known);
}

static guint hash_digest(gconstpointer digest)
{
    guint hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

static gboolean equal_digests(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, KX_OIDC_DIGEST) == 0;
}

void kx_oidc_provider_free(gpointer data)
{
    KxOidcProvider *provider = data;
    kx_jwk_set_unref(provider->keys);
    g_hash_table_unref(provider->known);
    g_free(provider->introspection);
    g_free(provider->domain);
    g_free(provider);
}

KxOidcProvider *kx_oidc_provider(KxOidc *oidc, const KxDomain *domain)
{
    KxOidcProvider *provider = g_hash_table_lookup(oidc->providers, domain->name);
    if (!provider) {
        provider = g_new0(KxOidcProvider, 1);
        provider->domain = g_strdup(domain->name);
        provider->known = g_hash_table_new_full(hash_digest, equal_digests, g_free, free_known);
        g_hash_table_insert(oidc->providers, provider->domain, provider);
    } else if (provider->generation != domain->generation) {
        g_clear_pointer(&provider->keys, kx_jwk_set_unref);
        g_clear_pointer(&provider->introspection, g_free);
        g_hash_table_remove_all(provider->known);
        provider->fetched = provider->keys_fetched = provider->tried = provider->silent = 0;
        provider->failed = FALSE;
    }
    provider->generation = domain->generation;
    return provider;
}

/* ---- what is there ---- */

static gboolean is_within(gint64 since, gint64 seconds)
{
    return since != 0 && g_get_monotonic_time() - since < seconds * G_USEC_PER_SEC;
}

/* What is wanted: keys that have the one of a signature, or NULL for the rest. */
static gboolean has(const KxOidcProvider *provider, const KxJws *jws, gint64 seconds)
{
    return jws ? is_within(provider->keys_fetched, seconds) && kx_jwk_set_has(provider->keys, jws)
               : is_within(provider->fetched, seconds);
}

static gboolean may_fetch(const KxOidcProvider *provider)
{
    return !is_within(provider->tried, KX_OIDC_PAUSE_SECONDS);
}

static KxOidcResult look(const KxOidcProvider *provider, const KxJws *jws)
{
    if (has(provider, jws, KX_OIDC_FRESH_SECONDS))
        return KX_OIDC_GOOD;
    gboolean old = has(provider, jws, KX_OIDC_KEEP_SECONDS);
    if (old && (provider->fetching || !may_fetch(provider)))
        return KX_OIDC_GOOD;
    if (provider->fetching || may_fetch(provider))
        return KX_OIDC_ASK;
    return provider->failed ? KX_OIDC_LATER : KX_OIDC_REFUSED;
}

/* ---- fetching ---- */

typedef struct {
    KxOidcDocument document;
    KxJwkSet *keys;
    GError *error; /* what is missing of it; NULL: nothing */
    gboolean good; /* there is a document */
} Fetched;

/* Without an audience the provider is asked about every token, and no keys are needed. */
static void fetch(KxOidc *oidc, const KxDomain *domain, Fetched *fetched)
{
    fetched->good = kx_oidc_fetch_document(oidc, domain, &fetched->document, &fetched->error);
    if (!fetched->good || domain->oidc_audience[0] == NULL)
        return;
    if (!fetched->document.jwks_uri)
        kx_fail(&fetched->error, KX_ERR_PROTOCOL, "the provider has no keys (jwks_uri)");
    else
        fetched->keys =
            kx_oidc_fetch_keys(oidc, domain, fetched->document.jwks_uri, &fetched->error);
}

/* With the lock held. What could not be had leaves what there is. */
static void take(KxOidcProvider *provider, Fetched *fetched)
{
    gint64 now = g_get_monotonic_time();
    provider->failed = fetched->error != NULL;
    if (fetched->good) {
        provider->fetched = now;
        g_free(provider->introspection);
        provider->introspection = g_steal_pointer(&fetched->document.introspection);
    }
    if (fetched->keys) {
        provider->keys_fetched = now;
        kx_jwk_set_unref(provider->keys);
        provider->keys = g_steal_pointer(&fetched->keys);
    }
}

static void log_change(KxOidc *oidc, const KxDomain *domain, gboolean failed, const GError *error)
{
    if (error && !failed)
        kx_log(oidc->logger, KX_LOG_ERROR, "The provider of %s cannot be used: %s", domain->name,
               error->message);
    else if (!error && failed)
        kx_log(oidc->logger, KX_LOG_WARNING, "The provider of %s can be used again", domain->name);
}

/* With the lock held, which is given up meanwhile. The one who comes first fetches for all who
 * wait. */
static void fetch_once(KxOidc *oidc, const KxDomain *domain, KxOidcProvider *provider,
                       GError **error)
{
    Fetched fetched = {0};
    gboolean failed = provider->failed;
    provider->fetching = TRUE;
    kx_mutex_unlock(&oidc->lock);
    fetch(oidc, domain, &fetched);
    log_change(oidc, domain, failed, fetched.error);
    kx_mutex_lock(&oidc->lock);
    provider->tried = g_get_monotonic_time();       /* from its end: it may have taken long */
    if (provider->generation == domain->generation) /* else it is about another one */
        take(provider, &fetched);
    provider->fetching = FALSE;
    kx_cond_broadcast(&oidc->changed);
    kx_oidc_document_clear(&fetched.document);
    kx_jwk_set_unref(fetched.keys);
    if (fetched.error)
        g_propagate_error(error, g_steal_pointer(&fetched.error));
}

/* With the lock held. */
static void wait_for_other(KxOidc *oidc, const KxOidcProvider *provider)
{
    while (provider->fetching)
        kx_cond_wait(&oidc->changed, &oidc->lock);
}

/* With the lock held. */
static KxOidcResult get(KxOidc *oidc, const KxDomain *domain, const KxJws *jws, gboolean wait,
                        KxOidcProvider **ret_provider)
{
    KxOidcProvider *provider = *ret_provider = kx_oidc_provider(oidc, domain);
    KxOidcResult result = look(provider, jws);
    if (!wait || result != KX_OIDC_ASK)
        return result;
    g_autoptr(GError) error = NULL;
    if (provider->fetching)
        wait_for_other(oidc, provider);
    else
        fetch_once(oidc, domain, provider, &error);
    result = provider->generation == domain->generation ? look(provider, jws) : KX_OIDC_LATER;
    return result == KX_OIDC_ASK ? KX_OIDC_LATER : result;
}

KxOidcResult kx_oidc_get_keys(KxOidc *oidc, const KxDomain *domain, const KxJws *jws, gboolean wait,
                              KxJwkSet **ret_keys)
{
    KxOidcProvider *provider;
    kx_mutex_lock(&oidc->lock);
    KxOidcResult result = get(oidc, domain, jws, wait, &provider);
    if (result == KX_OIDC_GOOD)
        *ret_keys = kx_jwk_set_ref(provider->keys);
    kx_mutex_unlock(&oidc->lock);
    return result;
}

KxOidcResult kx_oidc_get_introspection(KxOidc *oidc, const KxDomain *domain, gboolean wait,
                                       char **ret_url)
{
    KxOidcProvider *provider;
    kx_mutex_lock(&oidc->lock);
    KxOidcResult result = get(oidc, domain, NULL, wait, &provider);
    if (result == KX_OIDC_GOOD && is_within(provider->silent, KX_OIDC_PAUSE_SECONDS))
        result = KX_OIDC_LATER;
    else if (result == KX_OIDC_GOOD && !provider->introspection)
        result = KX_OIDC_REFUSED;
    else if (result == KX_OIDC_GOOD)
        *ret_url = g_strdup(provider->introspection);
    kx_mutex_unlock(&oidc->lock);
    return result;
}

gboolean kx_oidc_refresh(KxOidc *oidc, const KxDomain *domain, GError **error)
{
    GError *inner = NULL;
    kx_mutex_lock(&oidc->lock);
    KxOidcProvider *provider = kx_oidc_provider(oidc, domain);
    wait_for_other(oidc, provider);
    provider->silent = 0;
    fetch_once(oidc, domain, provider, &inner);
    kx_mutex_unlock(&oidc->lock);
    if (!inner)
        return TRUE;
    g_propagate_error(error, inner);
    return FALSE;
}

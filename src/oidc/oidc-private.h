/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#pragma once

#include <jansson.h>

#include "base/lock.h"
#include "oidc/jwk.h"
#include "oidc/oidc.h"

enum {
    KX_OIDC_WEB_SECONDS = 10,     /* that one answer of a provider may take */
    KX_OIDC_FRESH_SECONDS = 3600, /* documents are not fetched anew before that, */
    KX_OIDC_KEEP_SECONDS = 86400, /* and go on being used for so long if they cannot be had */
    KX_OIDC_PAUSE_SECONDS = 10,   /* at least between fetches that sign-ins cause */
    KX_OIDC_KNOWN_SECONDS = 60,   /* it is remembered that the provider called a token good */
    KX_OIDC_KNOWN_MAX = 10000,
    KX_OIDC_DIGEST = 32, /* bytes */
};

struct KxOidc {
    KxDirectory *directory;
    KxAsks *asks;
    KxLogger *logger;
    KxMutex lock; /* of what follows */
    KxCond changed;
    GHashTable *providers; /* name of the domain -> KxOidcProvider, which stay */
};

/* ---- fetch.c: one answer of a provider ---- */

/* What it says of itself (Discovery section 3). */
typedef struct {
    char *jwks_uri, *introspection; /* NULL: it has none */
} KxOidcDocument;
void kx_oidc_document_clear(KxOidcDocument *document);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxOidcDocument, kx_oidc_document_clear)

/* Errors say which URL it is about. */
gboolean kx_oidc_fetch_document(KxOidc *oidc, const KxDomain *domain, KxOidcDocument *ret_document,
                                GError **error);
KxJwkSet *kx_oidc_fetch_keys(KxOidc *oidc, const KxDomain *domain, const char *url, GError **error);
/* What it says of the token, an object. */
json_t *kx_oidc_fetch_claims(KxOidc *oidc, const KxDomain *domain, const char *url,
                             const char *token, GError **error);

/* ---- provider.c: what is kept of a domain's provider ---- */

typedef struct {
    char *domain;
    guint generation; /* of the domain that it is about */
    KxJwkSet *keys;   /* NULL: none could be had */
    char *introspection;
    gint64 keys_fetched, fetched; /* monotonic; 0: never */
    gint64 tried;                 /* the last time */
    gboolean fetching;            /* now */
    gboolean failed;              /* the last time */
    gint64 silent;                /* when it did not answer about a token; 0: it did */
    GHashTable *known;            /* digest of a token -> KxOidcKnown */
} KxOidcProvider;

/* A token that the provider has called good. */
typedef struct {
    char *account; /* what it names the account by */
    gint64 until;  /* monotonic */
} KxOidcKnown;

void kx_oidc_provider_free(gpointer provider);
/* With the lock held; made, or emptied, if the domain was changed. */
KxOidcProvider *kx_oidc_provider(KxOidc *oidc, const KxDomain *domain);

/* The keys that have the one of the signature; ASK, LATER, or REFUSED: it has no such key. */
KxOidcResult kx_oidc_get_keys(KxOidc *oidc, const KxDomain *domain, const KxJws *jws, gboolean wait,
                              KxJwkSet **ret_keys);
/* Where it is asked about tokens; REFUSED: it says no place. */
KxOidcResult kx_oidc_get_introspection(KxOidc *oidc, const KxDomain *domain, gboolean wait,
                                       char **ret_url);
/* Fetches all anew, whenever it was done before. */
gboolean kx_oidc_refresh(KxOidc *oidc, const KxDomain *domain, GError **error);

/* ---- introspect.c ---- */

/* What the provider, asked, names the account by; free it. */
KxOidcResult kx_oidc_introspect(KxOidc *oidc, const KxDomain *domain, const char *token,
                                gboolean wait, char **ret_account, const char **ret_reason);

/* ---- oidc.c ---- */

/* What the token, of whatever kind, names the account by. */
KxOidcResult kx_oidc_read_token(KxOidc *oidc, const KxDomain *domain, const char *token,
                                gboolean wait, char **ret_account, const char **ret_reason);
/* Whose account that is. */
KxOidcResult kx_oidc_find_user(KxOidc *oidc, const KxDomain *domain, const char *account,
                               gboolean wait, KxUser **ret_user, const char **ret_reason);
gboolean kx_oidc_may_ask(const KxDomain *domain); /* about tokens */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DMARC (RFC 7489): whether what SPF and DKIM found is about the domain that people see in From,
 * and what that domain wants done if it is not. Nothing is done here.
 */
#pragma once

#include "filter/dkim-verify.h"

enum { KX_DMARC_AUTHORS_MAX = 2 /* domains in From that are looked at */ };

typedef struct {
    char *domain;       /* as an A-label name */
    char *organization; /* kx_dmarc_organization() of it */
    KxCheckResult result;
    const char *policy;
} KxDmarcAuthor;

typedef struct {
    KxDmarcAuthor authors[KX_DMARC_AUTHORS_MAX];
    guint n;
    const char *odd; /* why it cannot be told who all the authors are, static; or NULL */
    /* the verdict */
    KxCheckResult result; /* KX_CHECK_NONE: the domain has no policy, or nobody is named */
    const char *policy;   /* "none", "quarantine", "reject"; NULL: no policy */
    const char *domain;   /* of the author that decided, or the first; NULL: none */
} KxDmarc;

/* The registered domain that a domain is in, by the public suffix list. To be freed. */
char *kx_dmarc_organization(const char *domain);

/* Finds the domains of the authors. `mail` is NULL for a message that has too many fields. */
void kx_dmarc_init(KxDmarc *dmarc, const KxMailView *mail);
void kx_dmarc_clear(KxDmarc *dmarc);

/* Adds the names (char *) where the policy of one of the authors may be. */
void kx_dmarc_names(const KxDmarcAuthor *author, GPtrArray *names);

/* Sets the verdict: the strictest about any of the authors, and nothing passes if some of them
 * cannot be told (section 6.6.1). `spf` is about `spf_domain`; `signatures` of DKIM are verified.
 */
void kx_dmarc_evaluate(KxDmarc *dmarc, KxCheckResult spf, const char *spf_domain,
                       const GPtrArray *signatures, GHashTable *txt);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxDmarc, kx_dmarc_clear)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DMARC (RFC 7489): whether what SPF and DKIM found is about the domain that people see in From,
 * and what that domain wants done if it is not. Nothing is done here.
 */
#pragma once

#include "filter/dkim-verify.h"

typedef struct {
    char *domain;         /* of From, as an A-label name; NULL: there is not exactly one author */
    char *organization;   /* the registered domain it is in, by the public suffix list */
    KxCheckResult result; /* KX_CHECK_NONE: the domain has no policy */
    const char *policy;   /* "none", "quarantine", "reject"; NULL: no policy */
} KxDmarc;

/* Finds the author's domain. */
void kx_dmarc_init(KxDmarc *dmarc, const KxMailView *mail);
void kx_dmarc_clear(KxDmarc *dmarc);

/* Adds the names (char *) where the policy may be. */
void kx_dmarc_names(const KxDmarc *dmarc, GPtrArray *names);

/* Sets result and policy. `spf` is about `spf_domain`; `signatures` of DKIM are verified. */
void kx_dmarc_evaluate(KxDmarc *dmarc, KxCheckResult spf, const char *spf_domain,
                       const GPtrArray *signatures, GHashTable *txt);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxDmarc, kx_dmarc_clear)

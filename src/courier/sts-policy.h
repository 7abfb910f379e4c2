/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of MTA-STS (RFC 8461 section 3): what a domain says of the TLS of its mail servers.
 *
 * Pure and thread-safe.
 */
#pragma once

#include <glib.h>

enum {
    KX_STS_TEXT_MAX = 64 * 1024, /* bytes of a policy as fetched (section 3.3) */
    KX_STS_ID_MAX = 32,
    KX_STS_MX_MAX = 100,       /* patterns of a policy */
    KX_STS_AGE_MAX = 31557600, /* seconds: a year */
};

typedef enum { KX_STS_NONE, KX_STS_TESTING, KX_STS_ENFORCE } KxStsMode;

typedef struct {
    KxStsMode mode;
    guint max_age; /* seconds */
    GPtrArray *mx; /* of char *: patterns */
} KxStsPolicy;

/* KX_ERR_INVALID: it is none, with what is wrong. */
KxStsPolicy *kx_sts_policy_parse(const char *text, size_t len, GError **error);
void kx_sts_policy_free(KxStsPolicy *policy);
/* What parses to the same. */
char *kx_sts_policy_format(const KxStsPolicy *policy);
/* Whether the policy names the host (section 4.1). */
gboolean kx_sts_policy_names(const KxStsPolicy *policy, const char *host);

/* The id in the texts of the TXT records; NULL: none of them, or more than one, is a record of
 * MTA-STS (section 3.1). */
char *kx_sts_record_id(const GPtrArray *texts);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxStsPolicy, kx_sts_policy_free)

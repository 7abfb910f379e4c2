/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <netinet/in.h>

#include "courier/spf.h"

enum {
    KX_SPF_LOOKUPS_MAX = 10, /* terms that ask DNS (section 4.6.4) */
    KX_SPF_VOID_MAX = 2,     /* of these that found nothing */
    KX_SPF_NAMES_MAX = 10,   /* of MX and PTR records that are looked at */
};

typedef struct {
    KxResolver *resolver;
    gint64 deadline; /* monotonic: nothing is asked after that */
    gboolean six;    /* the client's address is IPv6 */
    guint8 ip[16];
    char *text;                  /* the same for %{c} */
    char *local, *origin, *helo; /* of the sender: what is before and after the @ */
    guint lookups, voids;
    GPtrArray *names; /* those of the client that lead back to it; NULL: nobody wanted them yet */
    char *why;
} KxSpf;

typedef enum {
    KX_SPF_ALL,
    KX_SPF_INCLUDE,
    KX_SPF_A,
    KX_SPF_MX,
    KX_SPF_PTR,
    KX_SPF_IP4,
    KX_SPF_IP6,
    KX_SPF_EXISTS,
    KX_SPF_REDIRECT, /* the one modifier that matters here */
} KxSpfKind;

typedef struct {
    KxSpfKind kind;
    char qualifier;     /* one of + - ~ ? */
    char *spec;         /* a domain with macros, or an address; NULL: none */
    guint four, six;    /* prefix lengths */
    const char *source; /* the term as it stands in the record, borrowed */
} KxSpfTerm;

/* spf-record.c: the terms of a record after its version; of KxSpfTerm. NULL: it is wrong somewhere.
 * The words are borrowed. */
GArray *kx_spf_parse(char *const *words);
void kx_spf_terms_free(GArray *terms);

/* spf-macro.c: the domain a spec stands for (section 7); NULL: it is wrong, or no name. */
char *kx_spf_expand(KxSpf *spf, const char *spec, const char *domain);
/* Whether it is well formed, whatever the values. */
gboolean kx_spf_spec_is_valid(const char *spec);

/* spf-match.c: names of the client that lead back to it (section 5.5), the one that fits the domain
 * best first; may be empty. */
const GPtrArray *kx_spf_names(KxSpf *spf, const char *domain);
/* Whether the term matches the client, but for include and redirect. */
typedef enum { KX_SPF_NO, KX_SPF_YES, KX_SPF_TEMPERROR, KX_SPF_PERMERROR } KxSpfMatch;
KxSpfMatch kx_spf_match(KxSpf *spf, const KxSpfTerm *term, const char *domain);
/* One question more; FALSE: that is too many. */
gboolean kx_spf_count(KxSpf *spf);
/* No more is asked. */
gboolean kx_spf_is_late(const KxSpf *spf);

/* spf.c: the whole record of a domain. */
const char *kx_spf_check_domain(KxSpf *spf, const char *domain);

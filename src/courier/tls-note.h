/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is noted of connections to other servers, for the reports that their domains wish to have
 * (RFC 8460), and who wishes so.
 *
 * Pure and thread-safe, but for kx_tls_rua().
 */
#pragma once

#include "courier/resolver.h"
#include "ipc/message.h"

enum {
    KX_TLS_RUA_MAX = 4,           /* places of one domain where reports go */
    KX_TLS_RUA_LENGTH = 500,      /* bytes of one */
    KX_TLS_POLICY_MAX = 8 * 1024, /* bytes of a policy that is noted */
    KX_TLS_NOTES_MAX = 20,        /* of one task */
};

typedef struct {
    KxTlsPolicyType type;
    char *policy; /* lines: the policy of MTA-STS, or TLSA records */
    KxTlsResult result;
    char *mx, *ip, *source, *reason;
} KxTlsNote;

void kx_tls_note_free(KxTlsNote *note);

/* Where the TXT records at _smtp._tls.DOMAIN want reports: "mailto:a@b.test" and "https://..."
 * joined by commas; NULL: nowhere (section 3). */
char *kx_tls_record_rua(const GPtrArray *texts);
/* The same, asked of DNS; waits. */
char *kx_tls_rua(KxResolver *resolver, const char *domain);

/* What an OpenSSL verdict is called in reports (section 4.3); KX_TLS_GOOD: nothing is wrong. */
KxTlsResult kx_tls_result_of(long verdict);
/* "3 1 1 0d6fce..." a line. */
char *kx_tls_format_tlsa(const GPtrArray *tlsa);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxTlsNote, kx_tls_note_free)

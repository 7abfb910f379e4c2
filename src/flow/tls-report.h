/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One report of TLS as it is sent: JSON in gzip (RFC 8460 section 4.4), alone or in a message
 * (section 5.3).
 *
 * Pure and thread-safe.
 */
#pragma once

#include "flow/tls-store.h"

#define KX_TLS_REPORT_TYPE "application/tlsrpt+gzip"

typedef struct {
    const KxTlsDay *day;
    GPtrArray *rows;      /* of KxTlsRow */
    const char *hostname; /* who reports */
    const char *contact;  /* an address */
} KxTlsReport;

/* What the report is called: "20261126.company.test@mail.other.test"; the caller's. */
char *kx_tls_report_id(const KxTlsReport *report);
GBytes *kx_tls_report_gzip(const KxTlsReport *report);
/* A message to an address that holds that; `id` is of the queue, `now` in Unix seconds. */
GString *kx_tls_report_message(const KxTlsReport *report, GBytes *gzip, const char *to,
                               const char *id, gint64 now);

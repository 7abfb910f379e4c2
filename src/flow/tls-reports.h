/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of TLS to the domains that wish to have some (RFC 8460): keeps what the courier notes,
 * and sends each day's in the first hours of the next by mail or HTTPS.
 *
 * Threads: all functions from any thread, but stop.
 */
#pragma once

#include "directory/directory.h"
#include "flow/ask.h"
#include "flow/queue.h"
#include "flow/tls-store.h"

typedef struct KxTlsReports KxTlsReports;

/* All is borrowed. */
KxTlsReports *kx_tls_reports_start(KxDirectory *directory, KxStore *store, KxQueue *queue,
                                   KxAsks *asks, KxLogger *logger, GError **error);
void kx_tls_reports_stop(KxTlsReports *reports); /* waits for what is being sent, and frees it */

void kx_tls_reports_note(KxTlsReports *reports, const KxMsgTlsNote *note);

/* Of KxTlsDay: what is not reported yet. */
GPtrArray *kx_tls_reports_list(KxTlsReports *reports, GError **error);
/* Sends all of it now, today's too; texts, one for each place: what became of it.
 * KX_ERR_INVALID: nobody is named who reports. */
GPtrArray *kx_tls_reports_send(KxTlsReports *reports, GError **error);

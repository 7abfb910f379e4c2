/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of connections to other servers and not reported yet (RFC 8460 section 4):
 * store/tls-reports.db. For each day of UTC and domain it counts connections by what became of
 * them. Bounded: beyond a number of rows details are left out, beyond another nothing is counted.
 *
 * Threads: all functions from any thread.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef struct KxTlsStore KxTlsStore;

enum { KX_TLS_DAY = 86400 }; /* seconds */

typedef struct {
    gint64 day; /* since 1970 */
    char *domain;
    char *rua;    /* as in TLS_NOTE */
    gint64 tries; /* to send the report */
    gint64 good, failed;
} KxTlsDay;

typedef struct {
    KxTlsPolicyType type;
    char *policy;
    KxTlsResult result;
    char *mx, *ip, *source, *reason; /* "" for what went well */
    gint64 n;
} KxTlsRow;

/* A damaged file is moved out of the way. */
KxTlsStore *kx_tls_store_open(GError **error);
void kx_tls_store_close(KxTlsStore *store);

/* Counts one connection; `now` is in Unix seconds. */
gboolean kx_tls_store_put(KxTlsStore *store, const KxMsgTlsNote *note, gint64 now, GError **error);

/* Of KxTlsDay: those whose report is due at that time, G_MAXINT64: all. */
GPtrArray *kx_tls_store_days(KxTlsStore *store, gint64 until, GError **error);
/* Of KxTlsRow, those of one policy together. */
GPtrArray *kx_tls_store_rows(KxTlsStore *store, const KxTlsDay *day, GError **error);
/* The report is sent, or will never be. */
gboolean kx_tls_store_remove(KxTlsStore *store, const KxTlsDay *day, GError **error);
/* It could not be sent and is due again then. */
gboolean kx_tls_store_put_off(KxTlsStore *store, const KxTlsDay *day, gint64 due, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxTlsStore, kx_tls_store_close)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs that host names are ours, for an authority that looks: a page of the service http
 * (HTTP-01, RFC 8555 section 8.3), a certificate in the edges (TLS-ALPN-01, RFC 8737), or a record
 * that a hook puts into DNS (DNS-01, section 8.4).
 *
 * Threads: pages are asked for from any; the rest is for one at a time.
 */
#pragma once

#include "admin/acme-order.h"
#include "http/http.h"

/* What only the core's process can do. */
typedef struct {
    void (*challenge)(gpointer data, const KxMsgChallenge *message); /* to all edges */
    /* Runs a hook and waits for its end. */
    gboolean (*dns)(gpointer data, KxHook hook, const char *host, const char *digest,
                    GError **error);
    gboolean (*runs)(gpointer data, KxServiceId service);
    gpointer data;
} KxProofMeans;

typedef struct KxProofs KxProofs;

KxProofs *kx_proofs_new(const KxProofMeans *means); /* copied */
void kx_proofs_free(KxProofs *proofs);

/* Fills in show and hide for a challenge (`type` is a word of acme.challenge), and their data. */
void kx_proofs_use(KxProofs *proofs, const char *type, KxAcmeProof *proof);

/* The pages, below /.well-known/acme-challenge/; its data are the KxProofs. */
extern const KxHttpApp kx_proofs_app;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxProofs, kx_proofs_free)

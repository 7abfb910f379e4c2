/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks after certificates while the server runs: those that acme.certificates names are got from
 * an authority and renewed when a third of their life is left; of all that are about to expire the
 * Warning log tells once a day. One thread, which mostly waits.
 *
 * A certificate is kept under "acme-" and its first host name. Its key stays the same, so that
 * TLSA records in DNS stay right. The account's key is sslcert/acme-account.pem.
 *
 * Threads: all functions from any, but start, stop and free.
 */
#pragma once

#include "admin/acme-proof.h"
#include "admin/admin.h"

typedef struct {
    KxProofMeans means;
    void (*certificates_changed)(gpointer data); /* the same data */
} KxRenewalTools;

KxRenewal *kx_renewal_start(KxCore *core, const KxRenewalTools *tools); /* copied */
void kx_renewal_stop(KxRenewal *renewal);                               /* waits for the thread */
void kx_renewal_free(KxRenewal *renewal);

KxProofs *kx_renewal_proofs(KxRenewal *renewal);

/* If those about ACME are others now, it looks at once, also at what was put off. */
void kx_renewal_settings_changed(KxRenewal *renewal, const KxSettings *settings);

/* Certificates are others: it looks at what their authorities say. */
void kx_renewal_look(KxRenewal *renewal);

/* Gets certificates now, whatever is left of the old ones: that of this name (a host name of it, or
 * "acme-..."), or with NULL all. Waits; KX_ERR_BUSY: some are being got already. */
gboolean kx_renewal_now(KxRenewal *renewal, const char *name, GError **error);

/* [{"name", "names", "state", "renewal", "error", "next-try"}]; `renewal` NULL: of a
 * server that does not run. */
json_t *kx_renewal_status(KxRenewal *renewal, const KxSettings *settings);

/* The authority's terms of service, as far as it has said where they are; free it. */
char *kx_renewal_terms(KxRenewal *renewal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxRenewal, kx_renewal_free)

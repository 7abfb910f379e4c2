/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One certificate from an authority (RFC 8555 section 7.4): an order, the proof for each name, the
 * request, the certificate. Waits; a minute or two at most for each proof.
 */
#pragma once

#include "admin/acme-client.h"

/* How it is proved that names are ours. */
typedef struct {
    const char *type; /* "http-01" */
    /* Puts the proof where the authority looks for it, and takes it away. */
    gboolean (*show)(gpointer data, const char *host, const char *token, const char *authorization,
                     GError **error);
    void (*hide)(gpointer data, const char *host, const char *token, const char *authorization);
    gpointer data;
    gboolean (*pause)(gpointer pauses, guint ms); /* FALSE: there is no more time */
    gpointer pauses;
} KxAcmeProof;

/* The certificate with its chain as PEM, the caller's. `request` is PEM and has exactly these
 * names. The client is signed up. */
char *kx_acme_obtain(KxAcmeClient *client, const KxAcmeProof *proof, const char *const *names,
                     const char *request, GError **error);

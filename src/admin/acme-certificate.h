/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One certificate of acme.certificates in the data directory (the current directory): what it is
 * called, when it is due, getting it. Threads: any, but one at a time gets certificates.
 */
#pragma once

#include "admin/acme-order.h"
#include "log/log.h"
#include "settings/settings.h"

/* The host names of an entry, in lower case; free with g_strfreev(). */
char **kx_acme_names(const char *entry);
/* "acme-mail.company.com" */
char *kx_acme_certificate_name(const char *const *names);

/* When it is to be renewed, in Unix seconds; 0: it is not there (NULL), or not for all of these
 * names. */
gint64 kx_acme_due(X509 *certificate, const char *const *names);

/* Gets it and puts it in its place. It becomes the active one if it has the server's host name and
 * the active one is self-signed. `*ret_terms` is where the terms of service are, if that is known,
 * also on failure. */
gboolean kx_acme_get(KxAsks *asks, KxLogger *logger, const KxSettings *settings,
                     const KxAcmeProof *proof, const char *const *names, char **ret_terms,
                     GError **error);

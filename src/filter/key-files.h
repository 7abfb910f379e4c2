/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that mail of the domains here is signed with: dkim/<domain>/<selector>.key, private keys
 * in PEM that nobody but the owner of the data can read. All keys of a domain sign, so a new one
 * may be there before everybody finds it in DNS, and the old one until nobody needs it.
 *
 * Domains are A-label names. Thread-safe.
 */
#pragma once

#include "filter/dkim-key.h"

enum { KX_DKIM_KEYS_MAX = 4 /* of a domain */ };

/* ---- as they lie there ---- */

gboolean kx_dkim_check_selector(const char *selector, GError **error);
/* KX_ERR_EXISTS: there is one of that selector; KX_ERR_INVALID: there are KX_DKIM_KEYS_MAX. */
gboolean kx_dkim_file_create(const char *domain, const char *selector, KxDkimAlgorithm algorithm,
                             guint bits, GError **error);
gboolean kx_dkim_file_remove(const char *domain, const char *selector, GError **error);
/* KxDkimKey by selector; empty if there is none. NULL: one cannot be read. */
GPtrArray *kx_dkim_files_of(const char *domain, GError **error);
/* Those with a folder, sorted; free with g_strfreev(). NULL: nobody can say now. */
char **kx_dkim_file_domains(GError **error);

/* ---- as they are used: kept until the folder changes, whoever changes it ---- */

typedef struct KxDkimKeys KxDkimKeys;

KxDkimKeys *kx_dkim_keys_new(void);
void kx_dkim_keys_free(KxDkimKeys *keys);
/* The same as kx_dkim_files_of(). */
GPtrArray *kx_dkim_keys_of(KxDkimKeys *keys, const char *domain, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxDkimKeys, kx_dkim_keys_free)

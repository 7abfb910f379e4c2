/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that readers take for others (Unicode Technical Standard 39). A name that is given to an
 * account, an address or a domain has pieces between dots, hyphens and other ASCII punctuation;
 * each is in one script, but for those that are written together (Latin with Japanese, Chinese or
 * Korean: "highly restrictive"). And it does not look like a name that somebody else has there, if
 * either is beyond ASCII: Cyrillic "сору" is refused beside Latin "copy". Names of others, such as
 * the targets of aliases, are nobody's business here.
 *
 * Pure but for the tables of a domain, which are used as directory-private.h says.
 */
#pragma once

#include "directory/directory-private.h"

/* KX_ERR_INVALID: a piece of a name, in Unicode, mixes scripts. */
gboolean kx_lookalike_check_scripts(const char *name, GError **error);

/* KX_ERR_INVALID, or KX_ERR_EXISTS: the local part looks like one of another account or group. */
gboolean kx_lookalike_check_local(KxDomainEntry *home, const char *local, const KxEntry *self,
                                  GError **error);

/* The same for an A-label name beside the domains and domain aliases that are not those of `self`.
 */
gboolean kx_lookalike_check_domain(KxDirectory *directory, const char *name, const KxEntry *self,
                                   GError **error);

/* Keeps in mind, and forgets, names (folded) of a domain that are beyond ASCII. */
void kx_lookalike_link(KxDomainEntry *home, const char *key);
void kx_lookalike_unlink(KxDomainEntry *home, const char *key);

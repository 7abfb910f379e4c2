/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the directory knows of providers of OpenID Connect: which domain has one, and whose account
 * one names. A provider speaks for the domains that name it, and for no other. Tokens themselves
 * are src/oidc/'s. Thread-safe.
 */
#pragma once

#include "directory/directory.h"

/* The domain whose provider knows who has the login name, on a connection to `local_ip`; as a copy.
 * NULL: it has none, or there is no such domain. */
KxDomain *kx_provider_of_login(KxDirectory *directory, const char *login, const char *local_ip);
/* The same of a bare name. */
KxDomain *kx_provider_here(KxDirectory *directory, const char *local_ip);
/* The domains whose provider has that issuer URL, as copies; free with g_ptr_array_unref(). */
GPtrArray *kx_provider_domains(KxDirectory *directory, const char *issuer);

/* "name@domain" if the name is a bare one or an address in the domain, or in one of its aliases.
 * NULL: it is none. */
char *kx_provider_address(KxDirectory *directory, const KxDomain *domain, const char *name);

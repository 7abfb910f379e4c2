/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of the SMTP envelope: "<path>" of MAIL and RCPT (RFC 5321 section 4.1.2, RFC 6531
 * section 3.3). Pure and thread-safe.
 *
 * Stricter than the wild in one point: the angle brackets must be there. More liberal in others:
 * white space before "<", underscores in domains, local parts longer than 64 bytes (VERP needs
 * them).
 */
#pragma once

#include <glib.h>

#define KX_SMTP_ADDRESS_MAX 512 /* bytes of "local@domain" */
#define KX_SMTP_DOMAIN_MAX  255

typedef enum {
    KX_PATH_NULL = 1 << 0, /* "<>" is allowed (MAIL) */
    KX_PATH_BARE = 1 << 1, /* "<postmaster>" without a domain is allowed (RCPT) */
    KX_PATH_UTF8 = 1 << 2, /* the client asked for SMTPUTF8 */
} KxPathFlags;

typedef enum {
    KX_PATH_OK,
    KX_PATH_SYNTAX, /* not a path at all */
    KX_PATH_LOCAL,  /* the local part is wrong */
    KX_PATH_DOMAIN, /* the domain is missing or wrong */
    KX_PATH_TOO_LONG,
    KX_PATH_NEEDS_UTF8, /* would be good with KX_PATH_UTF8 */
} KxPathResult;

/*
 * Reads the path at *at, up to `end`, and moves *at behind its ">". `out` gets the address without
 * brackets and source route; a quoted local part is quoted in it only if it must be. On failure *at
 * and `out` are undefined.
 */
KxPathResult kx_smtp_parse_path(const char **at, const char *end, guint flags,
                                char out[static KX_SMTP_ADDRESS_MAX + 1]);

/* A domain name or address literal ("[192.0.2.1]", "[IPv6:2001:db8::1]"), all of the bytes. */
gboolean kx_smtp_domain_valid(const char *text, size_t len, gboolean utf8);

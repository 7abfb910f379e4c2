/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an address to where its mail goes: through domain aliases, aliases, groups and forwarding,
 * to mailboxes, public folders and addresses elsewhere, each once.
 *
 * A routing rule that names an address in a domain here takes its mail away to another server
 * (OVR-52). Otherwise in a domain a name means, in this order:
 *   1. the alias of that name; aliases whose wildcards match add to it
 *   2. without it, the account, further address or group of that name
 *   3. aliases whose wildcards match
 *   4. with a separator in it (mail.subaddress-separator, RFC 5233), what stands before that
 *   5. the sender of forwarded mail, if it is an address that directory/srs.h made
 *   6. the alias "*"
 *   7. the forward host of the domain; what is addressed to a domain alias is not forwarded unless
 *      the domain says so (DOM-31)
 *   8. "postmaster": that of the primary domain (RFC 5321 section 4.5.1)
 * A name that leads back to itself ends in the mailbox of the last name before that (ALIAS-10).
 * An account whose mail may not leave its domain does not forward it out of there (USR-34).
 *
 * Threads: from any thread. Results are the caller's.
 */
#pragma once

#include "directory/directory.h"

typedef enum {
    KX_RCPT_LOCAL,    /* ours; the destinations say where, and may also be elsewhere */
    KX_RCPT_UNKNOWN,  /* our domain, nobody there */
    KX_RCPT_DISABLED, /* nobody there but accounts that take no mail */
    KX_RCPT_REMOTE,   /* not one of our domains: itself is the only destination */
    KX_RCPT_LATER,    /* our domain, whose directory knows and cannot be asked now */
} KxRecipientKind;

typedef enum {
    KX_DEST_MAILBOX, /* account "user@domain" */
    KX_DEST_PUBLIC,  /* public folder of `domain` */
    KX_DEST_REMOTE,
    KX_DEST_FORWARD, /* an address in `domain` that its forward host knows about (DOM-34), or that a
                      * routing rule names */
} KxDestinationKind;

typedef struct {
    KxDestinationKind kind;
    char *address; /* of the account, or elsewhere; of a public folder its name: "Sales/Info" */
    char *domain;  /* whose public folder it is, or in which it is; NULL elsewhere */
    gboolean local_only; /* an account that takes mail from its domain alone (USR-34, GRP-11) */
} KxDestination;

typedef struct {
    KxRecipientKind kind;
    GPtrArray *destinations; /* of KxDestination */
    GPtrArray *steps;        /* of char *, how it came about, indented; NULL: not asked for */
} KxResolution;

/* `address` without brackets; "postmaster" alone is taken in the primary domain. A quoted local
 * part is unquoted. */
KxResolution *kx_resolve(KxDirectory *directory, const char *address, gboolean explain);

/* The same, explained, for eyes that may see the address's own domain only: what leads to another
 * domain of this server is remote and is not followed. */
KxResolution *kx_resolve_within(KxDirectory *directory, const char *address);

/* Whether mail to the address reaches the account `login`, forwarding by others left aside. */
gboolean kx_resolve_reaches(KxDirectory *directory, const char *address, const char *login);
void kx_resolution_free(KxResolution *resolution);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxResolution, kx_resolution_free)

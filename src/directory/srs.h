/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Sender Rewriting Scheme: mail that is forwarded to another server leaves with a sender in the
 * domain that forwards it, so that it passes SPF there, and what is sent back to that address goes
 * to the first sender. Whoever does not know the server's key cannot make such an address, and it
 * is good for KX_SRS_DAYS.
 *
 *   SRS0=<hash>=<day>=<domain>=<local part>@<forwarder>
 *   SRS1=<hash>=<first forwarder>=<what followed SRS0>@<second forwarder>
 *
 * Source: M. Weissman, S. Wong, "The Sender Rewriting Scheme" (2004), as Postfix's and Exim's users
 * know it. Hash and day are in base32, since servers on the way may change the case.
 *
 * The pure functions know no clock: `day` counts days since 1970. All are thread-safe.
 */
#pragma once

#include "directory/directory.h"

enum { KX_SRS_KEY = 32 /* bytes */, KX_SRS_DAYS = 21 };

/* NULL: the address cannot be rewritten (it is empty or quoted). `domain` is that of the forwarder.
 */
char *kx_srs_make(const guint8 key[static KX_SRS_KEY], const char *sender, const char *domain,
                  gint64 day);

/* The address that a local part stands for. KX_ERR_NOT_FOUND if it is not of this kind;
 * KX_ERR_INVALID if it is none of ours, or too old. */
char *kx_srs_undo(const guint8 key[static KX_SRS_KEY], const char *local, gint64 day,
                  GError **error);

/* ---- of this server ---- */

/* The sender that mail from `sender` gets on its way out when `forwarder`, an address here, sends
 * it on; NULL: the same as before, as the sender is of this server or has no address to go by. */
char *kx_srs_sender(KxDirectory *directory, const char *sender, const char *forwarder);

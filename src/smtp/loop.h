/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that comes round: two servers that forward an address to each other would send a message on
 * until it has passed smtp.max-hops servers. This one writes into its trace field for whom it took
 * a message (for a single recipient), and so sees that it was here for him before. Some rounds are
 * let be, as filters give messages back. Pure and thread-safe.
 */
#pragma once

#include <glib.h>

enum { KX_SMTP_ROUNDS_MAX = 3 };

/* Whether the trace fields of this host (RFC 5321 section 4.4) in the header say more than
 * KX_SMTP_ROUNDS_MAX times that the message was for the address. */
gboolean kx_smtp_goes_round(const char *header, size_t len, const char *hostname,
                            const char *address);

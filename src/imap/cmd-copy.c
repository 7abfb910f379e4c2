/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and UID COPY (RFC 9051 section 6.4.7). */
#include "imap/copy.h"

KX_IMAP_COMMAND(copy)
{
    g_autofree char *code = NULL;
    guint n;
    if (kx_imap_copy(imap, args, FALSE, &n, &code))
        kx_imap_ok(imap, code, n > 0 ? "Copy completed" : "No messages to copy");
}

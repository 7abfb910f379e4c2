/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and UID COPY (RFC 9051 section 6.4.7). */
#include "imap/copy.h"

KX_IMAP_COMMAND(copy)
{
    g_autofree char *code = NULL;
    if (kx_imap_copy(imap, args, FALSE, &code))
        kx_imap_ok(imap, code, code ? "Copy completed" : "No messages to copy");
}

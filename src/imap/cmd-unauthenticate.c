/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNAUTHENTICATE (RFC 8437): the connection is as it was before sign-in. The edge closes this
 * session with all it knows and opens another when somebody signs in.
 */
#include "imap/imap.h"

KX_IMAP_COMMAND(unauthenticate)
{
    if (!kx_imap_check(imap, args))
        return;
    kx_imap_deselect(imap);
    kx_imap_end(imap, KX_IMAP_CODE_UNAUTHENTICATED); /* the edge has the last word: it knows what
                                                        may come next */
}

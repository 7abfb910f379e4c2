/* SPDX-License-Identifier: Apache-2.0 */
/* COMPRESS DEFLATE (RFC 4978). The edge compresses what follows the answer. */
#include "imap/imap.h"

void kx_imap_cmd_compress(KxImap *imap, KxImapParser *args)
{
    KxSlice name = {0};
    gboolean deflate = kx_imap_parse_space(args) && kx_imap_accept_atom(args, "DEFLATE");
    if (!deflate)
        kx_imap_parse_atom(args, &name);
    if (!kx_imap_check(imap, args))
        return;
    if (!deflate) {
        kx_imap_no(imap, NULL, "Only DEFLATE is supported");
    } else if (imap->compressed) {
        kx_imap_no(imap, "COMPRESSIONACTIVE", "DEFLATE is active already");
    } else {
        imap->compressed = TRUE;
        imap->reply_code = KX_IMAP_CODE_DEFLATE;
        kx_imap_ok(imap, NULL, "DEFLATE active");
    }
}

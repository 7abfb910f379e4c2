/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter of SELECT that says what a client knew. */
#include "imap/qresync.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    g_auto(KxImapParser) parser = {0};
    g_auto(KxQresync) qresync = {0};
    kx_imap_parser_init(&parser, (const char *)data, size, FALSE);
    gboolean good = kx_qresync_parse(&parser, size % 2 == 0, &qresync);
    g_assert(good == kx_imap_parser_ok(&parser));
    if (!good)
        return 0;
    g_assert(qresync.uid_validity > 0 && qresync.modseq > 0 && !qresync.known.saved);
    g_assert(!qresync.match_seqs.ranges == !qresync.match_uids.ranges);
    return 0;
}

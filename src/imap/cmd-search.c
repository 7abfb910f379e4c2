/* SPDX-License-Identifier: Apache-2.0 */
/* SEARCH and UID SEARCH (RFC 9051 section 6.4.4). */
#include "imap/search-run.h"

KX_IMAP_COMMAND(search)
{
    g_autoptr(KxSearchProgram) program =
        kx_search_parse(args, !(imap->enabled & KX_IMAP_UTF8), g_get_real_time() / G_USEC_PER_SEC);
    if (program && imap->enabled & KX_IMAP_UIDONLY && kx_search_uses_numbers(program)) {
        args->code = "UIDREQUIRED";
        kx_imap_parser_fail(args, "After ENABLE UIDONLY there are no sequence numbers");
    }
    if (!kx_imap_check(imap, args))
        return;
    if (program->bad_charset) {
        if (program->returns & KX_RETURN_SAVE)
            g_clear_pointer(&imap->saved, g_array_unref);
        kx_imap_no(imap, "BADCHARSET (US-ASCII UTF-8)", "Unknown character set");
        return;
    }
    if (program->modseq)
        kx_imap_use_condstore(imap);
    kx_search_resolve(program, imap);
    kx_search_run(imap, g_steal_pointer(&program));
}

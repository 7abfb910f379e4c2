/* SPDX-License-Identifier: Apache-2.0 */
/* SETQUOTA (RFC 9208 section 4.1.1). Limits are the administrator's, who does not sign in here: it
 * is understood, and refused. */
#include "imap/imap.h"

static gboolean parse_limit(KxImapParser *args)
{
    KxSlice name;
    guint64 limit;
    return kx_imap_parse_atom(args, &name) && kx_imap_parse_space(args) &&
           kx_imap_parse_number(args, G_MAXINT64, &limit);
}

static gboolean parse_limits(KxImapParser *args)
{
    KxSlice root;
    if (!kx_imap_parse_space(args) || !kx_imap_parse_astring(args, &root) ||
        !kx_imap_parse_space(args) || !kx_imap_parse_char(args, '('))
        return FALSE;
    if (kx_imap_accept(args, ')'))
        return TRUE;
    do {
        if (!parse_limit(args))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

KX_IMAP_COMMAND(setquota)
{
    parse_limits(args);
    if (kx_imap_check(imap, args))
        kx_imap_no(imap, "NOPERM", "Quotas are set by the administrator");
}

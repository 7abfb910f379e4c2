/* SPDX-License-Identifier: Apache-2.0 */
/* LANGUAGE (RFC 5255 section 3). */
#include "imap/imap.h"
#include "imap/language.h"

KX_IMAP_COMMAND(language)
{
    const char *response = kx_imap_parse_language(args);
    if (!kx_imap_check(imap, args))
        return;
    if (!response) {
        kx_imap_no(imap, NULL, "There is no such language");
        return;
    }
    kx_session_printf(imap->session, "%s\r\n", response);
    kx_imap_ok(imap, NULL, "LANGUAGE completed");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* LANGUAGE (RFC 5255 section 3): there is English, which is also i-default (RFC 2277). */
#include "imap/imap.h"

#include "base/text.h"

enum { ARGUMENTS = 100 };

static const char *const LANGUAGES[] = {"en", "i-default"};

/* Basic filtering (RFC 4647 section 3.3.1): "en" stands for "en-GB" too, and here "en-GB" is
 * content with "en". */
static const char *find(KxSlice range)
{
    if (kx_ascii_equal(range.data, range.len, "default"))
        return "i-default";
    for (guint i = 0; i < G_N_ELEMENTS(LANGUAGES); i++) {
        size_t len = strlen(LANGUAGES[i]);
        if (kx_ascii_equal(range.data, range.len, LANGUAGES[i]) ||
            (range.len > len && range.data[len] == '-' &&
             g_ascii_strncasecmp(range.data, LANGUAGES[i], len) == 0))
            return LANGUAGES[i];
    }
    return kx_ascii_equal(range.data, range.len, "*") ? LANGUAGES[0] : NULL;
}

KX_IMAP_COMMAND(language)
{
    const char *language = NULL;
    guint n = 0;
    for (; kx_imap_accept(args, ' '); n++) {
        KxSlice range = {0};
        if (!kx_imap_parse_astring(args, &range))
            break;
        if (n == ARGUMENTS)
            kx_imap_parser_fail(args, "At most %d languages are allowed", ARGUMENTS);
        language = language ? language : find(range);
    }
    if (!kx_imap_check(imap, args))
        return;
    if (n > 0 && !language) {
        kx_imap_no(imap, NULL, "There is no such language");
        return;
    }
    if (language)
        kx_session_printf(imap->session, "* LANGUAGE (%s)\r\n", language);
    else
        kx_session_printf(imap->session, "* LANGUAGE (%s %s)\r\n", LANGUAGES[0], LANGUAGES[1]);
    kx_imap_ok(imap, NULL, "LANGUAGE completed");
}

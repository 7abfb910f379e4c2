/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/language.h"

#include "base/text.h"

enum { ARGUMENTS = 100 };

static const struct {
    const char *tag, *chosen;
} LANGUAGES[] = {
    {"en", "* LANGUAGE (en)"},
    {"i-default", "* LANGUAGE (i-default)"},
};
#define ALL "* LANGUAGE (en i-default)"

/* Basic filtering (RFC 4647 section 3.3.1): "en" stands for "en-GB" too, and here "en-GB" is
 * content with "en". */
static const char *choose(KxSlice range)
{
    if (kx_ascii_equal(range.data, range.len, "default"))
        return LANGUAGES[1].chosen;
    for (guint i = 0; i < G_N_ELEMENTS(LANGUAGES); i++) {
        size_t len = strlen(LANGUAGES[i].tag);
        if (kx_ascii_equal(range.data, range.len, LANGUAGES[i].tag) ||
            (range.len > len && range.data[len] == '-' &&
             g_ascii_strncasecmp(range.data, LANGUAGES[i].tag, len) == 0))
            return LANGUAGES[i].chosen;
    }
    return kx_ascii_equal(range.data, range.len, "*") ? LANGUAGES[0].chosen : NULL;
}

const char *kx_imap_parse_language(KxImapParser *args)
{
    const char *chosen = NULL;
    guint n = 0;
    for (; kx_imap_accept(args, ' '); n++) {
        KxSlice range = {0};
        if (!kx_imap_parse_astring(args, &range))
            return NULL;
        if (n == ARGUMENTS) {
            kx_imap_parser_fail(args, "At most %d languages are allowed", ARGUMENTS);
            return NULL;
        }
        chosen = chosen ? chosen : choose(range);
    }
    if (!kx_imap_parse_end(args))
        return NULL;
    return n > 0 ? chosen : ALL;
}

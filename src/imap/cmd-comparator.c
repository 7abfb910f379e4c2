/* SPDX-License-Identifier: Apache-2.0 */
/* COMPARATOR (RFC 5255 section 4.7). */
#include "imap/imap.h"

enum { ARGUMENTS = 20 };

static const struct {
    const char *name;
    KxCollation collation;
} COMPARATORS[] = {
    {"i;unicode-casemap", KX_COLLATION_UNICODE},
    {"i;ascii-casemap", KX_COLLATION_ASCII},
    {"i;octet", KX_COLLATION_OCTET},
};

/* collation-wild (RFC 4790 section 3.2): "*" stands for anything. */
static gboolean matches(const char *pattern, const char *name)
{
    if (g_ascii_strcasecmp(pattern, "default") == 0)
        return g_str_equal(name, COMPARATORS[0].name);
    return g_pattern_match_simple(pattern, name);
}

static void tell(KxImap *imap, GString *others, guint n)
{
    const char *active = COMPARATORS[0].name;
    for (guint i = 0; i < G_N_ELEMENTS(COMPARATORS); i++)
        if (COMPARATORS[i].collation == imap->collation)
            active = COMPARATORS[i].name;
    if (n > 1)
        kx_session_printf(imap->session, "* COMPARATOR %s (%s)\r\n", active, others->str);
    else
        kx_session_printf(imap->session, "* COMPARATOR %s\r\n", active);
}

/* Those that match any of the arguments; the first match of the first argument that has one becomes
 * active. */
static guint choose(KxImap *imap, GPtrArray *patterns, GString *found)
{
    gboolean listed[G_N_ELEMENTS(COMPARATORS)] = {FALSE};
    guint n = 0;
    for (guint p = 0; p < patterns->len; p++)
        for (guint i = 0; i < G_N_ELEMENTS(COMPARATORS); i++) {
            if (listed[i] || !matches(g_ptr_array_index(patterns, p), COMPARATORS[i].name))
                continue;
            listed[i] = TRUE;
            if (n++ == 0)
                imap->collation = COMPARATORS[i].collation;
            g_string_append_printf(found, "%s%s", n > 1 ? " " : "", COMPARATORS[i].name);
        }
    return n;
}

KX_IMAP_COMMAND(comparator)
{
    g_autoptr(GPtrArray) patterns = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) found = g_string_new(NULL);
    while (kx_imap_accept(args, ' ')) {
        KxSlice pattern = {0};
        if (!kx_imap_parse_astring(args, &pattern))
            break;
        if (patterns->len == ARGUMENTS)
            kx_imap_parser_fail(args, "At most %d comparators are allowed", ARGUMENTS);
        g_ptr_array_add(patterns, g_strndup(pattern.data, pattern.len));
    }
    if (!kx_imap_check(imap, args))
        return;
    guint n = choose(imap, patterns, found);
    if (patterns->len > 0 && n == 0) {
        kx_imap_no(imap, "BADCOMPARATOR", "There is no such comparator");
        return;
    }
    tell(imap, found, n);
    kx_imap_ok(imap, NULL, "COMPARATOR completed");
}

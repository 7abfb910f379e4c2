/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/sort-args.h"

static const struct {
    const char *name;
    KxSortKind kind;
    KxSortKey key;
} KEYS[] = {
    {"ARRIVAL", KX_SORT_BY_ARRIVAL, 0},
    {"CC", KX_SORT_BY_KEY, KX_SORT_CC},
    {"DATE", KX_SORT_BY_DATE, 0},
    {"DISPLAYFROM", KX_SORT_BY_KEY, KX_SORT_DISPLAY_FROM},
    {"DISPLAYTO", KX_SORT_BY_KEY, KX_SORT_DISPLAY_TO},
    {"FROM", KX_SORT_BY_KEY, KX_SORT_FROM},
    {"SIZE", KX_SORT_BY_SIZE, 0},
    {"SUBJECT", KX_SORT_BY_KEY, KX_SORT_SUBJECT},
    {"TO", KX_SORT_BY_KEY, KX_SORT_TO},
};

static gboolean parse_criterion(KxImapParser *parser, GArray *criteria)
{
    KxSortCriterion criterion = {.reverse = kx_imap_accept_atom(parser, "REVERSE")};
    if (criterion.reverse && !kx_imap_parse_space(parser))
        return FALSE;
    if (criteria->len == KX_SORT_CRITERIA)
        return kx_imap_parser_fail(parser, "At most %d sort keys are allowed", KX_SORT_CRITERIA);
    for (guint i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (!kx_imap_accept_atom(parser, KEYS[i].name))
            continue;
        criterion.kind = KEYS[i].kind;
        criterion.key = KEYS[i].key;
        g_array_append_val(criteria, criterion);
        return TRUE;
    }
    return kx_imap_parser_fail(parser, "Unknown sort key");
}

GArray *kx_sort_parse(KxImapParser *parser)
{
    g_autoptr(GArray) criteria = g_array_new(FALSE, FALSE, sizeof(KxSortCriterion));
    if (!kx_imap_parse_char(parser, '('))
        return NULL;
    do {
        if (!parse_criterion(parser, criteria))
            return NULL;
    } while (kx_imap_accept(parser, ' '));
    return kx_imap_parse_char(parser, ')') ? g_steal_pointer(&criteria) : NULL;
}

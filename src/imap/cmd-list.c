/* SPDX-License-Identifier: Apache-2.0 */
/* LIST (RFC 9051 section 6.3.9) with LIST-EXTENDED (RFC 5258), LIST-STATUS (RFC 5819), SPECIAL-USE
 * (RFC 6154), LIST-MYRIGHTS (RFC 8440), LIST-METADATA (RFC 9590). */
#include "base/text.h"
#include "imap/list-spaces.h"
#include "imap/metadata.h"
#include "imap/status.h"

enum { PATTERNS_MAX = 100 };

typedef struct {
    const char *name;
    guint option;
} OptionName;

static const OptionName select_options[] = {
    {"SUBSCRIBED", KX_LIST_SUBSCRIBED | KX_LIST_RETURN_SUBSCRIBED},
    {"REMOTE", KX_LIST_REMOTE},
    {"RECURSIVEMATCH", KX_LIST_RECURSIVEMATCH},
    {"SPECIAL-USE", KX_LIST_SPECIAL_USE},
    {NULL, 0},
};

static const OptionName return_options[] = {
    {"SUBSCRIBED", KX_LIST_RETURN_SUBSCRIBED},
    {"CHILDREN", KX_LIST_RETURN_OTHER},
    {"SPECIAL-USE", KX_LIST_RETURN_OTHER},
    {"STATUS", KX_LIST_RETURN_STATUS},
    {"METADATA", KX_LIST_RETURN_METADATA},
    {"MYRIGHTS", KX_LIST_RETURN_MYRIGHTS},
    {NULL, 0},
};

/* What follows the name of some options. */
static gboolean parse_values(KxImapParser *args, guint option, KxListRequest *request)
{
    if (option == KX_LIST_RETURN_STATUS)
        return kx_imap_parse_space(args) &&
               kx_imap_parse_status_items(args, &request->status_items);
    if (option != KX_LIST_RETURN_METADATA)
        return TRUE;
    if (!request->metadata)
        request->metadata = g_ptr_array_new_with_free_func(g_free);
    return kx_imap_parse_space(args) && kx_imap_parse_entries(args, request->metadata);
}

static gboolean parse_option(KxImapParser *args, const OptionName *names, KxListRequest *request)
{
    KxSlice word = {0};
    if (!kx_imap_parse_atom(args, &word))
        return FALSE;
    for (; names->name; names++) {
        if (!kx_ascii_equal(word.data, word.len, names->name))
            continue;
        request->options |= names->option;
        return parse_values(args, names->option, request);
    }
    return kx_imap_parser_fail(args, "Unknown LIST option %.*s", (int)MIN(word.len, 40), word.data);
}

static gboolean parse_options(KxImapParser *args, const OptionName *names, KxListRequest *request)
{
    if (!kx_imap_parse_char(args, '('))
        return FALSE;
    if (kx_imap_accept(args, ')'))
        return TRUE;
    do {
        if (!parse_option(args, names, request))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

static gboolean parse_pattern(KxImapParser *args, const char *reference, KxListRequest *request)
{
    const char *pattern = NULL;
    if (!kx_imap_parse_list_mailbox(args, &pattern))
        return FALSE;
    if (request->patterns->len == PATTERNS_MAX)
        return kx_imap_parser_fail(args, "Too many patterns");
    g_ptr_array_add(request->patterns, g_strconcat(reference, pattern, NULL));
    return TRUE;
}

static gboolean parse_patterns(KxImapParser *args, const char *reference, KxListRequest *request)
{
    if (!kx_imap_accept(args, '('))
        return parse_pattern(args, reference, request);
    do {
        if (!parse_pattern(args, reference, request))
            return FALSE;
    } while (kx_imap_accept(args, ' '));
    return kx_imap_parse_char(args, ')');
}

/* `ret_root`: LIST "" "" asks for the delimiter and the root of the reference only. */
static gboolean parse(KxImapParser *args, KxListRequest *request, const char **ret_root)
{
    const char *reference = NULL;
    gboolean extended = FALSE;
    if (!kx_imap_parse_space(args))
        return FALSE;
    if (kx_imap_peek(args, '(')) {
        extended = TRUE;
        if (!parse_options(args, select_options, request) || !kx_imap_parse_space(args))
            return FALSE;
    }
    if (!kx_imap_parse_mailbox(args, &reference) || !kx_imap_parse_space(args))
        return FALSE;
    extended |= kx_imap_peek(args, '(');
    if (!parse_patterns(args, reference, request))
        return FALSE;
    if (kx_imap_accept(args, ' ')) {
        extended = TRUE;
        if (!kx_imap_accept_atom(args, "RETURN"))
            return kx_imap_parser_fail(args, "Expected RETURN");
        if (!kx_imap_parse_space(args) || !parse_options(args, return_options, request))
            return FALSE;
    }
    if (request->options & KX_LIST_RECURSIVEMATCH &&
        !(request->options & (KX_LIST_SUBSCRIBED | KX_LIST_SPECIAL_USE)))
        return kx_imap_parser_fail(args, "RECURSIVEMATCH needs another selection option");
    const char *first = request->patterns->pdata[0];
    if (!extended && strcmp(first, reference) == 0)
        *ret_root = kx_list_root(reference);
    return TRUE;
}

void kx_imap_cmd_list(KxImap *imap, KxImapParser *args)
{
    g_auto(KxListRequest) request = {.patterns = g_ptr_array_new_with_free_func(g_free)};
    const char *root = NULL;
    parse(args, &request, &root);
    if (!kx_imap_check(imap, args))
        return;
    if (!root) {
        kx_imap_list(imap, &request);
        return;
    }
    kx_session_printf(imap->session, "* LIST (\\Noselect) \"/\" \"%s\"\r\n", root);
    kx_imap_ok(imap, NULL, "LIST completed");
}

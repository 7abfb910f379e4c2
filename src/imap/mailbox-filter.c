/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/mailbox-filter.h"

typedef enum { SELECTED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE, SUBTREE_ONE, MAILBOXES } Kind;

typedef struct {
    Kind kind;
    GPtrArray *names; /* char *, of the last three */
} Term;

static const struct {
    const char *name;
    Kind kind;
} KINDS[] = {
    {"selected", SELECTED},     {"inboxes", INBOXES}, {"personal", PERSONAL},
    {"subscribed", SUBSCRIBED}, {"subtree", SUBTREE}, {"subtree-one", SUBTREE_ONE},
    {"mailboxes", MAILBOXES},
};

static void term_free(gpointer data)
{
    Term *term = data;
    g_ptr_array_unref(term->names);
    g_free(term);
}

void kx_mailbox_filter_clear(KxMailboxFilter *filter)
{
    g_clear_pointer(&filter->terms, g_ptr_array_unref);
}

/* ---- reading ---- */

static gboolean parse_name(KxImapParser *parser, Term *term)
{
    const char *name = NULL;
    if (!kx_imap_parse_mailbox(parser, &name))
        return FALSE;
    if (term->names->len == KX_FILTER_NAMES)
        return kx_imap_parser_fail(parser, "At most %d mailboxes are allowed", KX_FILTER_NAMES);
    g_ptr_array_add(term->names, g_strdup(name));
    return TRUE;
}

/* one-or-more-mailbox */
static gboolean parse_names(KxImapParser *parser, Term *term)
{
    if (!kx_imap_parse_space(parser))
        return FALSE;
    if (!kx_imap_accept(parser, '('))
        return parse_name(parser, term);
    do {
        if (!parse_name(parser, term))
            return FALSE;
    } while (kx_imap_accept(parser, ' '));
    return kx_imap_parse_char(parser, ')');
}

static gboolean parse_term(KxImapParser *parser, KxMailboxFilter *filter)
{
    for (guint i = 0; i < G_N_ELEMENTS(KINDS); i++) {
        if (!kx_imap_accept_atom(parser, KINDS[i].name))
            continue;
        Term *term = g_new0(Term, 1);
        term->kind = KINDS[i].kind;
        term->names = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(filter->terms, term);
        filter->selected |= term->kind == SELECTED;
        filter->others |= term->kind != SELECTED;
        return term->kind < SUBTREE || parse_names(parser, term);
    }
    return kx_imap_parser_fail(parser, "Unknown mailbox specifier");
}

gboolean kx_mailbox_filter_parse(KxImapParser *parser, KxMailboxFilter *ret)
{
    ret->terms = g_ptr_array_new_with_free_func(term_free);
    do {
        if (ret->terms->len == KX_FILTER_NAMES)
            return kx_imap_parser_fail(parser, "There are too many mailbox specifiers");
        if (!parse_term(parser, ret))
            return FALSE;
    } while (kx_imap_peek(parser, ' ') && parser->at + 1 < parser->end && parser->at[1] != '(' &&
             kx_imap_accept(parser, ' '));
    return TRUE;
}

/* ---- what they mean ---- */

typedef struct {
    KxImap *imap;
    GPtrArray *names;
    GHashTable *known;
} Names;

static void take(Names *names, const char *name, guint rights)
{
    if (names->names->len > KX_FILTER_MAILBOXES || g_hash_table_contains(names->known, name))
        return;
    g_autoptr(KxImapMailbox) mailbox = kx_imap_mailbox_open(names->imap, name, rights, NULL);
    if (!mailbox)
        return;
    char *copy = g_strdup(name);
    g_ptr_array_add(names->names, copy);
    g_hash_table_add(names->known, copy);
}

static void take_personal(Names *names, GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++)
        take(names, ((KxFolderInfo *)g_ptr_array_index(list, i))->path,
             KX_RIGHT_READ | KX_RIGHT_LOOKUP);
}

static void take_subscribed(Names *names)
{
    g_autoptr(GPtrArray) list = kx_folder_subscriptions(names->imap->account, NULL);
    for (guint i = 0; list && i < list->len; i++)
        take(names, g_ptr_array_index(list, i), KX_RIGHT_READ | KX_RIGHT_LOOKUP);
}

/* The mailbox and those below it. */
static void take_tree(Names *names, const char *name, gboolean one_level)
{
    g_autoptr(KxImapMailbox) top = kx_imap_mailbox_at(names->imap, name, NULL);
    if (!top)
        return;
    take(names, name, KX_RIGHT_READ);
    g_autoptr(GPtrArray) list = kx_folder_list(top->account, FALSE, NULL);
    g_autofree char *prefix = g_strconcat(top->path, "/", NULL);
    size_t len = strlen(prefix);
    for (guint i = 0; list && i < list->len; i++) {
        const char *path = ((KxFolderInfo *)g_ptr_array_index(list, i))->path;
        if (!g_str_has_prefix(path, prefix) || (one_level && strchr(path + len, '/')))
            continue;
        g_autofree char *below = g_strconcat(name, "/", path + len, NULL);
        take(names, below, KX_RIGHT_READ | KX_RIGHT_LOOKUP);
    }
}

static void take_term(Names *names, const Term *term, GPtrArray *personal)
{
    if (term->kind == INBOXES)
        take(names, "INBOX", KX_RIGHT_READ);
    else if (term->kind == PERSONAL)
        take_personal(names, personal);
    else if (term->kind == SUBSCRIBED)
        take_subscribed(names);
    for (guint i = 0; i < term->names->len; i++) {
        const char *name = g_ptr_array_index(term->names, i);
        if (term->kind == MAILBOXES)
            take(names, name, KX_RIGHT_READ);
        else
            take_tree(names, name, term->kind == SUBTREE_ONE);
    }
}

GPtrArray *kx_mailbox_filter_names(KxImap *imap, const KxMailboxFilter *filter, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) personal = kx_folder_list(imap->account, FALSE, error);
    Names names = {imap, found, known};
    if (!personal)
        return NULL;
    if (filter->selected && imap->selected)
        g_hash_table_add(known, imap->selected->name);
    for (guint i = 0; i < filter->terms->len; i++)
        take_term(&names, g_ptr_array_index(filter->terms, i), personal);
    if (found->len > KX_FILTER_MAILBOXES) {
        kx_fail(error, KX_ERR_TOO_BIG, "these are too many mailboxes");
        return NULL;
    }
    return g_steal_pointer(&found);
}

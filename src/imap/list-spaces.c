/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/list-spaces.h"

#include "imap/mailbox.h"

typedef struct {
    KxImap *imap;
    const KxListRequest *request;
    GPtrArray *subscriptions;
    GPtrArray *wanted; /* what names begin with, as far as it has no wildcard: char * */
    KxListTree *tree;
} Search;

const char *kx_list_root(const char *reference)
{
    if (*reference == '~')
        return KX_SPACE_PREFIX_OTHER;
    if (g_str_has_prefix(reference, KX_SPACE_PREFIX_PUBLIC))
        return KX_SPACE_PREFIX_PUBLIC;
    return g_str_has_prefix(reference, KX_SPACE_PREFIX_ARCHIVE) ? KX_SPACE_PREFIX_ARCHIVE : "";
}

/* Names that lie outside of the user's own tree, as far as patterns and subscriptions give them. */
static GPtrArray *collect_wanted(const Search *search)
{
    GPtrArray *wanted = g_ptr_array_new_with_free_func(g_free);
    const GPtrArray *patterns = search->request->patterns;
    for (guint i = 0; i < patterns->len; i++) {
        const char *pattern = patterns->pdata[i];
        if (kx_space_is_foreign(pattern))
            g_ptr_array_add(wanted, g_strndup(pattern, strcspn(pattern, "*%")));
    }
    gboolean all = (search->request->options & (KX_LIST_SUBSCRIBED | KX_LIST_LSUB)) != 0;
    for (guint i = 0; all && i < search->subscriptions->len; i++)
        if (kx_space_is_foreign(search->subscriptions->pdata[i]))
            g_ptr_array_add(wanted, g_strdup(search->subscriptions->pdata[i]));
    return wanted;
}

/* Can a name that begins like this lie there? */
static gboolean is_wanted(const Search *search, const char *prefix)
{
    for (guint i = 0; i < search->wanted->len; i++) {
        const char *start = search->wanted->pdata[i];
        if (strncmp(start, prefix, MIN(strlen(start), strlen(prefix))) == 0)
            return TRUE;
    }
    return FALSE;
}

/* What cannot be opened is not shown; the rest is. */
static gboolean add_space(Search *search, const char *prefix)
{
    g_auto(KxSpace) space = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *any = g_strconcat(prefix, "*", NULL);
    gboolean counts = (search->request->options & KX_LIST_RETURN_STATUS) != 0;
    if (kx_space_find(search->imap, any, &space, &error))
        return kx_list_tree_add(search->tree, search->imap, &space, counts, NULL);
    if (!g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND))
        kx_log(kx_session_core(search->imap->session)->logger, KX_LOG_ERROR,
               "The folders %s cannot be listed: %s", prefix, error->message);
    return FALSE;
}

static void add_others(Search *search)
{
    g_autoptr(GPtrArray) owners = kx_space_owners(search->imap);
    for (guint i = 0; i < owners->len; i++) {
        g_autofree char *prefix =
            g_strconcat(KX_SPACE_PREFIX_OTHER, (const char *)owners->pdata[i], "/", NULL);
        if (is_wanted(search, prefix))
            add_space(search, prefix);
    }
}

static gboolean add_all(Search *search, GError **error)
{
    g_auto(KxSpace) own = {0};
    gboolean counts = (search->request->options & KX_LIST_RETURN_STATUS) != 0;
    if (!kx_space_find(search->imap, "INBOX", &own, error) ||
        !kx_list_tree_add(search->tree, search->imap, &own, counts, error))
        return FALSE;
    if (is_wanted(search, KX_SPACE_PREFIX_OTHER))
        add_others(search);
    if (is_wanted(search, KX_SPACE_PREFIX_PUBLIC))
        add_space(search, KX_SPACE_PREFIX_PUBLIC);
    if (is_wanted(search, KX_SPACE_PREFIX_ARCHIVE))
        add_space(search, KX_SPACE_PREFIX_ARCHIVE);
    return TRUE;
}

KxListTree *kx_list_spaces(KxImap *imap, const KxListRequest *request, GError **error)
{
    g_autoptr(GPtrArray) subscriptions = kx_folder_subscriptions(imap->account, error);
    if (!subscriptions)
        return NULL;
    g_autoptr(KxListTree) tree = kx_list_tree_new();
    Search search = {imap, request, subscriptions, NULL, tree};
    g_autoptr(GPtrArray) wanted = collect_wanted(&search);
    search.wanted = wanted;
    if (!add_all(&search, error))
        return NULL;
    kx_list_tree_complete(tree, imap->account, subscriptions);
    return g_steal_pointer(&tree);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/list-tree.h"

#include "imap/mailbox.h"

static void node_free(gpointer data)
{
    KxListNode *node = data;
    g_free(node->path);
    g_free(node);
}

void kx_list_tree_free(KxListTree *tree)
{
    if (!tree)
        return;
    g_hash_table_unref(tree->by_path);
    g_ptr_array_unref(tree->nodes);
    g_ptr_array_unref(tree->folders);
    g_free(tree);
}

static KxListNode *parent_of(const KxListTree *tree, const KxListNode *node)
{
    const char *slash = strrchr(node->path, '/');
    if (!slash)
        return NULL;
    g_autofree char *path = g_strndup(node->path, (gsize)(slash - node->path));
    return g_hash_table_lookup(tree->by_path, path);
}

/* The node of that path, made with all levels above it if it is new. */
static KxListNode *get_node(KxListTree *tree, const char *path)
{
    g_autofree char *rest = g_strdup(path);
    KxListNode *wanted = NULL;
    for (char *end = NULL;; end = strrchr(rest, '/')) {
        if (end)
            *end = '\0';
        KxListNode *node = g_hash_table_lookup(tree->by_path, rest);
        gboolean known = node != NULL;
        if (!known) {
            node = g_new0(KxListNode, 1);
            node->path = g_strdup(rest);
            g_ptr_array_add(tree->nodes, node);
            g_hash_table_insert(tree->by_path, node->path, node);
        }
        if (!wanted)
            wanted = node;
        if (known || !strchr(rest, '/'))
            return wanted;
    }
}

static void mark_above(KxListTree *tree, KxListNode *node)
{
    for (node = parent_of(tree, node); node && !node->has_children; node = parent_of(tree, node))
        node->has_children = TRUE;
}

static void add_folder(KxListTree *tree, const KxSpace *space, const KxFolderInfo *info,
                       guint rights)
{
    g_autofree char *name = g_strconcat(space->prefix, info->path, NULL);
    KxListNode *node = get_node(tree, name);
    node->info = info;
    node->rights = rights;
    node->own = space->kind == KX_SPACE_OWN;
    mark_above(tree, node);
}

/* A folder that is not shown is not shown as a subscription either. */
static gboolean is_hidden(KxAccount *account, const char *path)
{
    if (kx_space_is_foreign(path))
        return TRUE;
    g_autoptr(KxFolderInfo) info = kx_folder_find(account, path, NULL);
    return info != NULL;
}

static gboolean is_inbox(const char *path)
{
    return g_str_has_prefix(path, "INBOX") && (path[5] == '\0' || path[5] == '/');
}

/* Levels are compared one by one: '/' sorts before every other byte. */
static int compare_paths(const char *a, const char *b)
{
    while (*a == *b && *a != '\0')
        a++, b++;
    int left = *a == '/' ? 1 : *a == '\0' ? 0 : (guchar)*a + 1;
    int right = *b == '/' ? 1 : *b == '\0' ? 0 : (guchar)*b + 1;
    return left - right;
}

static int compare_nodes(gconstpointer a, gconstpointer b)
{
    const char *left = (*(KxListNode *const *)a)->path;
    const char *right = (*(KxListNode *const *)b)->path;
    if (is_inbox(left) != is_inbox(right))
        return is_inbox(left) ? -1 : 1;
    return compare_paths(left, right);
}

KxListTree *kx_list_tree_new(void)
{
    KxListTree *tree = g_new0(KxListTree, 1);
    tree->nodes = g_ptr_array_new_with_free_func(node_free);
    tree->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    tree->folders = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    return tree;
}

/* The level where a namespace begins is there if anything below is, or could be made. */
static void add_root(KxListTree *tree, const KxSpace *space, gboolean any)
{
    if (!*space->prefix || (!any && !space->user.owner))
        return;
    g_autofree char *root = g_strndup(space->prefix, strlen(space->prefix) - 1);
    get_node(tree, root)->root = TRUE;
}

gboolean kx_list_tree_add(KxListTree *tree, KxImap *imap, const KxSpace *space, gboolean counts,
                          GError **error)
{
    GPtrArray *folders = kx_folder_list(space->account, counts, error);
    gboolean all = kx_imap_shows_all(imap), any = FALSE;
    if (!folders)
        return FALSE;
    g_ptr_array_add(tree->folders, folders);
    for (guint i = 0; i < folders->len; i++) {
        const KxFolderInfo *info = folders->pdata[i];
        guint rights = kx_acl_rights(info->acl, &space->user);
        if (!kx_imap_shows(info, all) || !(rights & KX_RIGHT_LOOKUP))
            continue;
        add_folder(tree, space, info, rights);
        any = TRUE;
    }
    add_root(tree, space, any);
    return TRUE;
}

void kx_list_tree_complete(KxListTree *tree, KxAccount *account, const GPtrArray *subscriptions)
{
    for (guint i = 0; i < subscriptions->len; i++) {
        const char *name = subscriptions->pdata[i];
        KxListNode *node = g_hash_table_lookup(tree->by_path, name);
        if ((!node || !node->info) && is_hidden(account, name))
            continue;
        get_node(tree, name)->subscribed = TRUE;
    }
    g_ptr_array_sort(tree->nodes, compare_nodes);
}

void kx_list_tree_select(KxListTree *tree, KxListSelect select, guint options)
{
    for (guint i = 0; i < tree->nodes->len; i++) {
        KxListNode *node = tree->nodes->pdata[i];
        node->selected = select(node, options);
        if (!node->selected)
            continue;
        for (node = parent_of(tree, node); node && !node->selected_below;
             node = parent_of(tree, node))
            node->selected_below = TRUE;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/order.h"
#include "imap/fetch-format.h"
#include "imap/thread.h"

void kx_thread_tree_clear(KxThreadTree *tree)
{
    g_free(tree->next);
    g_free(tree->first_child);
    *tree = (KxThreadTree){0};
}

/* ---- building ---- */

static guint32 *all_none(guint n)
{
    guint32 *nodes = g_new(guint32, n + 1);
    for (guint i = 0; i < n; i++)
        nodes[i] = KX_THREAD_NONE;
    return nodes;
}

/* The top-level node that comes where this message does: itself, or the dummy it is first in. */
static guint32 top_at(const KxThreadTree *tree, const guint32 *parents, guint32 message)
{
    guint32 parent = parents[message];
    if (parent == KX_THREAD_NONE)
        return message;
    return parent >= tree->n && tree->first_child[parent] == message ? parent : KX_THREAD_NONE;
}

/* Nodes at the top that are messages or have children, by key. */
static void link_top(KxThreadTree *tree, const guint32 *parents, const gint64 *top_keys)
{
    g_autofree guint32 *tops = g_new(guint32, tree->n + 1);
    guint n = 0;
    for (guint32 i = 0; i < tree->n; i++) {
        tops[n] = top_at(tree, parents, i);
        n += tops[n] != KX_THREAD_NONE;
    }
    kx_order_by(tops, n, top_keys);
    tree->first = KX_THREAD_NONE;
    for (guint i = n; i > 0; i--) {
        guint32 node = tops[i - 1];
        tree->next[node] = tree->first;
        tree->first = node;
    }
}

void kx_thread_tree_build(guint n, guint n_nodes, const guint32 *parents, const guint32 *order,
                          const gint64 *top_keys, KxThreadTree *ret_tree)
{
    *ret_tree = (KxThreadTree){
        .n = n,
        .n_nodes = n_nodes,
        .next = all_none(n_nodes),
        .first_child = all_none(n_nodes),
    };
    for (guint i = n; i > 0; i--) {
        guint32 node = order[i - 1], parent = parents[node];
        if (parent == KX_THREAD_NONE)
            continue;
        ret_tree->next[node] = ret_tree->first_child[parent];
        ret_tree->first_child[parent] = node;
    }
    link_top(ret_tree, parents, top_keys);
}

/* ---- the text ---- */

/* Writes "(" and a thread down to where it splits; returns the first of its branches, or NONE. */
static guint32 write_chain(GString *out, const KxThreadTree *tree, const guint32 *numbers,
                           guint32 node)
{
    g_string_append_c(out, '(');
    gboolean written = FALSE;
    for (;;) {
        if (node < tree->n) {
            if (written)
                g_string_append_c(out, ' ');
            kx_fetch_append_uint(out, numbers[node]);
            written = TRUE;
        }
        guint32 child = tree->first_child[node];
        if (child == KX_THREAD_NONE || tree->next[child] != KX_THREAD_NONE) {
            if (child != KX_THREAD_NONE && written)
                g_string_append_c(out, ' ');
            return child;
        }
        node = child;
    }
}

void kx_thread_format(GString *out, const KxThreadTree *tree, const guint32 *numbers)
{
    /* What is still to be written at each level of branches. */
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_array_append_val(levels, tree->first);
    while (levels->len > 0) {
        guint32 *level = &g_array_index(levels, guint32, levels->len - 1);
        guint32 node = *level;
        if (node == KX_THREAD_NONE) {
            g_array_set_size(levels, levels->len - 1);
            if (levels->len > 0)
                g_string_append_c(out, ')');
            continue;
        }
        *level = tree->next[node];
        guint32 branch = write_chain(out, tree, numbers, node);
        if (branch == KX_THREAD_NONE)
            g_string_append_c(out, ')');
        else
            g_array_append_val(levels, branch);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names LIST and LSUB know: folders that IMAP shows and the user may know of, subscribed names,
 * and the levels above both, whether they are folders or not. A snapshot of one moment; belongs to
 * one thread.
 */
#pragma once

#include "imap/namespace.h"

typedef struct {
    char *path;               /* as the client says it */
    const KxFolderInfo *info; /* NULL: no folder of this name is shown */
    guint rights;             /* the user's, of the folder */
    gboolean own;             /* in the user's own account */
    gboolean root;            /* where a namespace, or another user's part of one, begins */
    gboolean subscribed;
    gboolean has_children; /* folders shown below */
    gboolean selected;     /* by the options of the command */
    gboolean selected_below;
} KxListNode;

typedef struct {
    GPtrArray *nodes;   /* KxListNode, a folder before those below it, INBOX first */
    GPtrArray *folders; /* arrays of KxFolderInfo, which nodes point to */
    GHashTable *by_path;
} KxListTree;

KxListTree *kx_list_tree_new(void);
void kx_list_tree_free(KxListTree *tree);

/* Adds the folders of a namespace. `counts`: for STATUS. */
gboolean kx_list_tree_add(KxListTree *tree, KxImap *imap, const KxSpace *space, gboolean counts,
                          GError **error);

/* Adds the subscriptions, of folders that were added and of the user's own that are gone, and
 * brings all in order. */
void kx_list_tree_complete(KxListTree *tree, KxAccount *account, const GPtrArray *subscriptions);

typedef gboolean (*KxListSelect)(const KxListNode *node, guint options);

/* Marks the nodes that `select` wants, and those above them. */
void kx_list_tree_select(KxListTree *tree, KxListSelect select, guint options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxListTree, kx_list_tree_free)

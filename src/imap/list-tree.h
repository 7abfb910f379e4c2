/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names LIST and LSUB know: folders that IMAP shows, subscribed names, and the levels above
 * both, whether they are folders or not. A snapshot of one moment; belongs to one thread.
 */
#pragma once

#include "store/folder.h"

typedef struct {
    char *path;
    const KxFolderInfo *info; /* NULL: no folder of this name is shown */
    gboolean subscribed;
    gboolean has_children; /* folders shown below */
    gboolean selected;     /* by the options of the command */
    gboolean selected_below;
} KxListNode;

typedef struct {
    GPtrArray *nodes;   /* KxListNode, a folder before those below it, INBOX first */
    GPtrArray *folders; /* KxFolderInfo, which nodes point to */
    GHashTable *by_path;
} KxListTree;

/* `counts`: for STATUS. */
KxListTree *kx_list_tree_new(KxAccount *account, gboolean counts, GError **error);
void kx_list_tree_free(KxListTree *tree);

typedef gboolean (*KxListSelect)(const KxListNode *node, guint options);

/* Marks the nodes that `select` wants, and those above them. */
void kx_list_tree_select(KxListTree *tree, KxListSelect select, guint options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxListTree, kx_list_tree_free)

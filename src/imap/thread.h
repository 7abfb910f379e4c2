/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threading: the algorithms of THREAD (RFC 5256 section 3, BASE.6.4.THREAD) and the answer's text.
 * Messages are given in the order of their sequence numbers and known by their place in it. Nothing
 * here recurses: a thread may be as deep as the folder is large.
 */
#pragma once

#include <glib.h>

#include "store/sort-data.h"

typedef struct {
    guint n;
    const gint64 *dates;       /* sent dates */
    const gint64 *arrivals;    /* INTERNALDATE */
    const guint32 *subjects;   /* ranks of base subjects; 0: empty */
    const KxSortLinks *links;  /* unused by ORDEREDSUBJECT */
    const guint64 *references; /* what `links` points into */
} KxThreadInput;

#define KX_THREAD_NONE G_MAXUINT32

/* Nodes 0 to n - 1 are the messages, those above are dummies, which have children and stand at the
 * top. Siblings are in the order in which they are to be told. */
typedef struct {
    guint n, n_nodes;
    guint32 first; /* top-level node, or KX_THREAD_NONE */
    guint32 *next; /* sibling */
    guint32 *first_child;
} KxThreadTree;

void kx_thread_tree_clear(KxThreadTree *tree);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxThreadTree, kx_thread_tree_clear)

typedef void (*KxThreadAlgorithm)(const KxThreadInput *input, KxThreadTree *ret_tree);

void kx_thread_ordered_subject(const KxThreadInput *input, KxThreadTree *ret_tree);
void kx_thread_references(const KxThreadInput *input, KxThreadTree *ret_tree);

/* REFS of draft-ietf-morg-inthread: like REFERENCES, but threads are not merged by subject, and
 * come in the order of the latest arrival in each. */
void kx_thread_refs(const KxThreadInput *input, KxThreadTree *ret_tree);

/* Appends "(2)(3 6 (4 23)(44 7 96))"; `numbers` are what the messages are called. */
void kx_thread_format(GString *out, const KxThreadTree *tree, const guint32 *numbers);

/* thread-tree.c: makes a tree of the parent of each node (KX_THREAD_NONE: at the top). Messages
 * below another come as in `order`, those at the top by `top_keys`, equal ones by number; a dummy
 * stands where its first child would. Dummies are at the top; those without children are left out.
 * Takes nothing. */
void kx_thread_tree_build(guint n, guint n_nodes, const guint32 *parents, const guint32 *order,
                          const gint64 *top_keys, KxThreadTree *ret_tree);

/* SPDX-License-Identifier: Apache-2.0 */
/* REFERENCES (RFC 5256 section 3; the numbers of steps are its), and REFS, which lacks step 5. */
#include "base/order.h"
#include "imap/thread.h"

enum {
    FIRST_SLOTS = 256,          /* a power of two */
    REFERENCES_EACH = 20,       /* on average; with more, only the last of each message counts */
    REFERENCES_FREE = 1000000,  /* but so many are always looked at */
    LOOP_STEPS = 100 * 1000000, /* spent on looking for loops; then no doubtful link is made */
};

/* Node i below n is message i; dummies follow. */
typedef struct {
    const KxThreadInput *input;
    GArray *parents;   /* guint32 of each node */
    GArray *has_child; /* guint8 of each node */
    guint64 *ids;      /* hash table: identifier to node; 0: free */
    guint32 *nodes;
    gsize mask, used;
    guint64 steps;
} Links;

static guint32 parent_of(const Links *links, guint32 node)
{
    return g_array_index(links->parents, guint32, node);
}

/* ---- step 1: parents and children ---- */

static guint32 add_node(Links *links)
{
    guint32 none = KX_THREAD_NONE;
    guint8 no = 0;
    g_array_append_val(links->parents, none);
    g_array_append_val(links->has_child, no);
    return links->parents->len - 1;
}

static gsize find_slot(const Links *links, guint64 id)
{
    gsize at = (gsize)(id ^ id >> 32);
    while (links->ids[at & links->mask] != 0 && links->ids[at & links->mask] != id)
        at++;
    return at & links->mask;
}

static void make_slots(Links *links, gsize room)
{
    links->ids = g_new0(guint64, room);
    links->nodes = g_new(guint32, room);
    links->mask = room - 1;
}

static void grow(Links *links)
{
    g_autofree guint64 *ids = links->ids;
    g_autofree guint32 *nodes = links->nodes;
    gsize room = links->mask + 1;
    make_slots(links, room * 2);
    for (gsize i = 0; i < room; i++) {
        if (ids[i] == 0)
            continue;
        gsize slot = find_slot(links, ids[i]);
        links->ids[slot] = ids[i];
        links->nodes[slot] = nodes[i];
    }
}

static void name_node(Links *links, gsize slot, guint64 id, guint32 node)
{
    links->ids[slot] = id;
    links->nodes[slot] = node;
    if (++links->used * 2 > links->mask)
        grow(links);
}

static guint32 node_of(Links *links, guint64 id)
{
    gsize slot = find_slot(links, id);
    if (links->ids[slot] != 0)
        return links->nodes[slot];
    guint32 node = add_node(links);
    name_node(links, slot, id, node);
    return node;
}

/* Would `child` become its own ancestor? */
static gboolean makes_loop(Links *links, guint32 parent, guint32 child)
{
    if (parent == child)
        return TRUE;
    if (!g_array_index(links->has_child, guint8, child))
        return FALSE;
    for (guint32 node = parent_of(links, parent); node != KX_THREAD_NONE;
         node = parent_of(links, node))
        if (node == child || ++links->steps > LOOP_STEPS)
            return TRUE;
    return FALSE;
}

static void set_parent(Links *links, guint32 child, guint32 parent)
{
    if (makes_loop(links, parent, child))
        return;
    g_array_index(links->parents, guint32, child) = parent;
    g_array_index(links->has_child, guint8, parent) = 1;
}

static void link_message(Links *links, guint32 message, gboolean last_only)
{
    const KxSortLinks *own = &links->input->links[message];
    const guint64 *references = links->input->references + own->first;
    guint32 before = KX_THREAD_NONE;
    for (guint i = last_only && own->n > 0 ? own->n - 1 : 0; i < own->n; i++) {
        guint32 node = node_of(links, references[i]);
        if (before != KX_THREAD_NONE && parent_of(links, node) == KX_THREAD_NONE)
            set_parent(links, node, before);
        before = node;
    }
    g_array_index(links->parents, guint32, message) = KX_THREAD_NONE; /* 1.B: a wrong guess */
    if (before != KX_THREAD_NONE)
        set_parent(links, message, before);
}

/* The first message with an identifier has it; the others are as if they had none. */
static void name_messages(Links *links)
{
    for (guint32 i = 0; i < links->input->n; i++) {
        guint64 id = links->input->links[i].message_id;
        add_node(links);
        if (id == 0)
            continue;
        gsize slot = find_slot(links, id);
        if (links->ids[slot] == 0)
            name_node(links, slot, id, i);
    }
}

static void links_init(Links *links, const KxThreadInput *input)
{
    gsize total = 0, most = MAX((gsize)input->n * REFERENCES_EACH, REFERENCES_FREE);
    for (guint i = 0; i < input->n; i++)
        total += input->links[i].n;
    gboolean last_only = total > most;
    *links = (Links){
        .input = input,
        .parents = g_array_sized_new(FALSE, FALSE, sizeof(guint32), input->n * 2 + 1),
        .has_child = g_array_sized_new(FALSE, FALSE, sizeof(guint8), input->n * 2 + 1),
    };
    make_slots(links, FIRST_SLOTS);
    name_messages(links);
    for (guint32 i = 0; i < input->n; i++)
        link_message(links, i, last_only);
}

static void links_clear(Links *links)
{
    g_array_unref(links->parents);
    g_array_unref(links->has_child);
    g_free(links->ids);
    g_free(links->nodes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Links, links_clear)

/* ---- steps 2 and 3: dummies ---- */

/* What a node's children get for a parent when dummies below the top are gone: itself if it is a
 * message, else the nearest message above, else the dummy at the top. Shortens the way for those
 * who ask next. */
static guint32 stand_in(Links *links, guint32 node, GArray *way)
{
    guint n = links->input->n;
    g_array_set_size(way, 0);
    while (node >= n && parent_of(links, node) != KX_THREAD_NONE) {
        g_array_append_val(way, node);
        node = parent_of(links, node);
    }
    for (guint i = 0; i < way->len; i++)
        g_array_index(links->parents, guint32, g_array_index(way, guint32, i)) = node;
    return node;
}

/* A dummy at the top stays if it holds several together. */
static guint32 *prune(Links *links)
{
    guint n = links->input->n, n_nodes = links->parents->len;
    g_autoptr(GArray) way = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autofree guint32 *children = g_new0(guint32, n_nodes + 1);
    guint32 *parents = g_new(guint32, n + 1);
    for (guint32 i = 0; i < n; i++) {
        guint32 parent = parent_of(links, i);
        parents[i] = parent == KX_THREAD_NONE ? parent : stand_in(links, parent, way);
        if (parents[i] != KX_THREAD_NONE)
            children[parents[i]]++;
    }
    for (guint32 i = 0; i < n; i++)
        if (parents[i] != KX_THREAD_NONE && parents[i] >= n && children[parents[i]] == 1)
            parents[i] = KX_THREAD_NONE;
    return parents;
}

/* ---- step 5: threads of one subject ---- */

typedef struct {
    const KxThreadInput *input;
    GArray *parents;     /* of each node; messages and dummies at the top */
    GArray *first;       /* of a dummy: its first child by date; by node */
    guint32 *by_subject; /* the subject table, by rank */
} Merge;

static guint32 head_of(const Merge *merge, guint32 node)
{
    return node < merge->input->n ? node : g_array_index(merge->first, guint32, node);
}

static guint32 *entry_of(const Merge *merge, guint32 node)
{
    guint32 subject = merge->input->subjects[head_of(merge, node)];
    return subject == 0 ? NULL : &merge->by_subject[subject];
}

static gboolean is_dummy(const Merge *merge, guint32 node)
{
    return node >= merge->input->n;
}

static gboolean is_reply(const Merge *merge, guint32 node)
{
    return !is_dummy(merge, node) && merge->input->links[node].reply;
}

static void enter_subject(Merge *merge, guint32 node)
{
    guint32 *entry = entry_of(merge, node);
    if (!entry)
        return;
    if (*entry == KX_THREAD_NONE ||
        (!is_dummy(merge, *entry) &&
         (is_dummy(merge, node) || (is_reply(merge, *entry) && !is_reply(merge, node)))))
        *entry = node;
}

static void put_under(Merge *merge, guint32 node, guint32 parent)
{
    g_array_index(merge->parents, guint32, node) = parent;
}

static guint32 new_dummy(Merge *merge, guint32 first)
{
    guint32 none = KX_THREAD_NONE;
    g_array_append_val(merge->parents, none);
    g_array_append_val(merge->first, first);
    return merge->parents->len - 1;
}

static void merge_subject(Merge *merge, guint32 node)
{
    guint32 *entry = entry_of(merge, node);
    if (!entry || *entry == node || g_array_index(merge->parents, guint32, node) != KX_THREAD_NONE)
        return;
    if (is_dummy(merge, *entry) || (is_reply(merge, node) && !is_reply(merge, *entry))) {
        /* Of a dummy the children move; see unfold(). */
        put_under(merge, node, *entry);
        return;
    }
    guint32 dummy = new_dummy(merge, *entry);
    put_under(merge, node, dummy);
    put_under(merge, *entry, dummy);
    *entry = dummy;
}

/* A dummy under a dummy, which was merged with it: its children are the other's. A dummy never lies
 * under a message. */
static void unfold(Merge *merge)
{
    guint n = merge->input->n;
    for (guint32 i = 0; i < n; i++) {
        guint32 *parent = &g_array_index(merge->parents, guint32, i);
        while (*parent != KX_THREAD_NONE && *parent >= n &&
               g_array_index(merge->parents, guint32, *parent) != KX_THREAD_NONE)
            *parent = g_array_index(merge->parents, guint32, *parent);
    }
}

/* ---- the tree ---- */

/* The first child by date of each dummy, and the keys by which top-level nodes are sorted. */
static void find_heads(Merge *merge, const guint32 *order, gint64 *ret_keys)
{
    guint n = merge->input->n, n_nodes = merge->parents->len;
    for (guint32 i = n; i < n_nodes; i++)
        g_array_index(merge->first, guint32, i) = KX_THREAD_NONE;
    for (guint i = 0; i < n; i++) {
        guint32 node = order[i], parent = g_array_index(merge->parents, guint32, node);
        if (parent != KX_THREAD_NONE && parent >= n &&
            g_array_index(merge->first, guint32, parent) == KX_THREAD_NONE)
            g_array_index(merge->first, guint32, parent) = node;
    }
    for (guint32 i = 0; i < n_nodes; i++) {
        guint32 head = head_of(merge, i);
        ret_keys[i] = head == KX_THREAD_NONE ? 0 : merge->input->dates[head];
    }
}

static void merge_all(Merge *merge, const guint32 *order)
{
    guint n = merge->input->n, n_nodes = merge->parents->len;
    guint32 most = 0;
    for (guint i = 0; i < n; i++)
        most = MAX(most, merge->input->subjects[i]);
    g_autofree guint32 *by_subject = g_new(guint32, (gsize)most + 1);
    for (guint32 i = 0; i <= most; i++)
        by_subject[i] = KX_THREAD_NONE;
    merge->by_subject = by_subject;
    /* Step 4: in the order of their first messages, whose threads they are. */
    g_autoptr(GArray) tops = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint i = 0; i < n; i++) {
        guint32 node = order[i], parent = g_array_index(merge->parents, guint32, node);
        guint32 top = parent == KX_THREAD_NONE ? node : parent;
        if (head_of(merge, top) == node && (parent == KX_THREAD_NONE || parent >= n))
            g_array_append_val(tops, top);
    }
    g_assert(merge->parents->len == n_nodes);
    for (guint i = 0; i < tops->len; i++)
        enter_subject(merge, g_array_index(tops, guint32, i));
    for (guint i = 0; i < tops->len; i++)
        merge_subject(merge, g_array_index(tops, guint32, i));
    unfold(merge);
}

/* The latest arrival in the thread of each top-level node. */
static void latest_arrivals(const Merge *merge, gint64 *ret_keys)
{
    guint n = merge->input->n, n_nodes = merge->parents->len;
    g_autofree guint32 *tops = g_new(guint32, n_nodes + 1);
    g_autoptr(GArray) way = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint32 i = 0; i < n_nodes; i++) {
        tops[i] = KX_THREAD_NONE;
        ret_keys[i] = G_MININT64;
    }
    for (guint32 i = 0; i < n; i++) {
        guint32 node = i;
        g_array_set_size(way, 0);
        while (tops[node] == KX_THREAD_NONE &&
               g_array_index(merge->parents, guint32, node) != KX_THREAD_NONE) {
            g_array_append_val(way, node);
            node = g_array_index(merge->parents, guint32, node);
        }
        guint32 top = tops[node] == KX_THREAD_NONE ? node : tops[node];
        for (guint k = 0; k < way->len; k++)
            tops[g_array_index(way, guint32, k)] = top;
        ret_keys[top] = MAX(ret_keys[top], merge->input->arrivals[i]);
    }
}

static void run(const KxThreadInput *input, gboolean refs, KxThreadTree *ret_tree)
{
    guint n = input->n;
    g_auto(Links) links;
    links_init(&links, input);
    g_autofree guint32 *pruned = prune(&links);
    g_autofree guint32 *order = kx_order_new(n);
    kx_order_by(order, n, input->dates);
    guint n_nodes = links.parents->len;
    Merge merge = {.input = input,
                   .parents = g_array_new(FALSE, FALSE, sizeof(guint32)),
                   .first = g_array_new(FALSE, FALSE, sizeof(guint32))};
    g_array_append_vals(merge.parents, pruned, n);
    g_array_set_size(merge.parents, n_nodes);
    g_array_set_size(merge.first, n_nodes);
    for (guint32 i = n; i < n_nodes; i++)
        g_array_index(merge.parents, guint32, i) = KX_THREAD_NONE;
    g_autofree gint64 *keys = g_new(gint64, n_nodes + n + 1); /* merging adds dummies */
    find_heads(&merge, order, keys);
    if (refs) {
        latest_arrivals(&merge, keys);
    } else {
        merge_all(&merge, order);
        find_heads(&merge, order, keys);
    }
    kx_thread_tree_build(n, merge.parents->len, (const guint32 *)(void *)merge.parents->data, order,
                         keys, ret_tree);
    g_array_unref(merge.parents);
    g_array_unref(merge.first);
}

void kx_thread_references(const KxThreadInput *input, KxThreadTree *ret_tree)
{
    run(input, FALSE, ret_tree);
}

void kx_thread_refs(const KxThreadInput *input, KxThreadTree *ret_tree)
{
    run(input, TRUE, ret_tree);
}

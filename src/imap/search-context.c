/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-context.h"

#include "imap/search-match.h"
#include "imap/sort-order.h"

enum {
    BATCH = 256,
    READS_MAX = 200, /* messages read for one context at a time; with more it is given up */
};

typedef struct {
    char *tag;
    KxSearchProgram *program;
    KxSortData *sort_data; /* NULL if nothing needs it */
    GArray *criteria;      /* KxSortCriterion, or NULL */
    gboolean uid;
    gboolean lost;   /* to be dropped: NOUPDATE */
    guint64 modseq;  /* changes up to here are in the result */
    GArray *members; /* guint32 UIDs, ascending */
    GArray *order;   /* the same, sorted, with criteria */
} Context;

static void context_free(gpointer data)
{
    Context *context = data;
    g_free(context->tag);
    kx_search_program_free(context->program);
    kx_sort_data_unref(context->sort_data);
    g_clear_pointer(&context->criteria, g_array_unref);
    g_clear_pointer(&context->members, g_array_unref);
    g_clear_pointer(&context->order, g_array_unref);
    g_free(context);
}

static Context *find(KxImap *imap, const char *tag)
{
    for (guint i = 0; imap->contexts && i < imap->contexts->len; i++) {
        Context *context = g_ptr_array_index(imap->contexts, i);
        if (g_str_equal(context->tag, tag))
            return context;
    }
    return NULL;
}

gboolean kx_context_exists(KxImap *imap, const char *tag)
{
    return find(imap, tag) != NULL;
}

gboolean kx_context_cancel(KxImap *imap, const char *tag)
{
    Context *context = find(imap, tag);
    return context && g_ptr_array_remove(imap->contexts, context);
}

void kx_contexts_clear(KxImap *imap)
{
    g_clear_pointer(&imap->contexts, g_ptr_array_unref);
}

/* ---- making one ---- */

static int compare_uids(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *)a, right = *(const guint32 *)b;
    return left < right ? -1 : left > right;
}

static GArray *copy_uids(const GArray *uids)
{
    GArray *copy = g_array_sized_new(FALSE, FALSE, sizeof(guint32), uids->len);
    return g_array_append_vals(copy, uids->data, uids->len);
}

static Context *make(KxSearchTask *task, const GArray *criteria, gboolean uid)
{
    Context *context = g_new0(Context, 1);
    context->tag = g_strdup(task->imap->tag);
    context->program = task->program;
    context->uid = uid;
    context->modseq = task->modseq;
    context->members = copy_uids(task->found.uids);
    if (criteria) {
        context->criteria = g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(KxSortCriterion)),
                                                criteria->data, criteria->len);
        context->order = copy_uids(task->found.uids);
        g_array_sort(context->members, compare_uids);
    }
    if (criteria || task->program->uses_ids)
        context->sort_data = kx_sort_data_get(kx_view_folder(task->view));
    return context;
}

void kx_context_add(KxSearchTask *task, const GArray *criteria, gboolean uid, GString *out)
{
    KxImap *imap = task->imap;
    /* Sorting by another collation reads the envelopes of all messages: once, not at each change.
     */
    gboolean dear = criteria && imap->collation != KX_COLLATION_UNICODE;
    if (!imap->contexts)
        imap->contexts = g_ptr_array_new_with_free_func(context_free);
    if (imap->contexts->len == KX_SEARCH_CONTEXTS || dear) {
        g_string_append_printf(out, "* NO [NOUPDATE \"%s\"] %s\r\n", imap->tag,
                               dear ? "No updates with this comparator" : "Too many contexts");
        return;
    }
    kx_search_freeze(task->program, task->view);
    task->program_kept = TRUE;
    g_ptr_array_add(imap->contexts, make(task, criteria, uid));
}

/* ---- telling ---- */

static void begin_answer(GString *out, const Context *context, const char *item)
{
    g_string_append_printf(out, "* ESEARCH (TAG \"%s\")%s %s (", context->tag,
                           context->uid ? " UID" : "", item);
}

/* A set of numbers in mailbox order, for SEARCH. */
static void tell_set(KxImap *imap, const Context *context, const char *item, const GArray *numbers)
{
    if (numbers->len == 0)
        return;
    g_autoptr(GString) out = g_string_new(NULL);
    begin_answer(out, context, item);
    g_string_append(out, "0 ");
    kx_seqset_format(out, (const guint32 *)(void *)numbers->data, numbers->len);
    g_string_append(out, ")\r\n");
    kx_session_write(imap->session, out->str, out->len);
}

static gboolean contains(const GArray *uids, guint32 uid)
{
    return uids->len > 0 && g_array_binary_search((GArray *)uids, &uid, compare_uids, NULL);
}

/* What is to be called `uid` in an answer; `seqs` are the numbers of `uids`. */
static guint32 number_of(const Context *context, const GArray *uids, const GArray *seqs,
                         guint32 uid)
{
    guint at = 0;
    if (context->uid || !g_array_binary_search((GArray *)uids, &uid, compare_uids, &at))
        return uid;
    return g_array_index(seqs, guint32, at);
}

/* "(5 12 3 7)": from the last position to the first, so that none moves before its turn. */
static void tell_removed_sorted(KxImap *imap, Context *context, const GArray *uids,
                                const GArray *seqs)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GArray *order = context->order;
    guint kept = 0;
    begin_answer(out, context, "REMOVEFROM");
    gsize start = out->len;
    for (guint i = order->len; i > 0; i--) {
        guint32 uid = g_array_index(order, guint32, i - 1);
        if (contains(uids, uid))
            g_string_append_printf(out, "%s%u %u", out->len > start ? " " : "", i,
                                   number_of(context, uids, seqs, uid));
    }
    g_string_append(out, ")\r\n");
    for (guint i = 0; i < order->len; i++) {
        guint32 uid = g_array_index(order, guint32, i);
        if (!contains(uids, uid))
            g_array_index(order, guint32, kept++) = uid;
    }
    g_array_set_size(order, kept);
    kx_session_write(imap->session, out->str, out->len);
}

/* Takes members out, and tells. `uids` ascending, `seqs` their numbers. */
static void remove_members(KxImap *imap, Context *context, const GArray *uids, const GArray *seqs)
{
    GArray *members = context->members;
    guint kept = 0;
    if (uids->len == 0)
        return;
    for (guint i = 0; i < members->len; i++) {
        guint32 uid = g_array_index(members, guint32, i);
        if (!contains(uids, uid))
            g_array_index(members, guint32, kept++) = uid;
    }
    g_array_set_size(members, kept);
    if (context->order)
        tell_removed_sorted(imap, context, uids, seqs);
    else
        tell_set(imap, context, "REMOVEFROM", context->uid ? uids : seqs);
}

void kx_contexts_tell_removed(KxImap *imap, const GArray *uids, const GArray *seqs)
{
    for (guint c = 0; imap->contexts && c < imap->contexts->len; c++) {
        Context *context = g_ptr_array_index(imap->contexts, c);
        g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
        for (guint i = 0; i < uids->len; i++) {
            guint32 uid = g_array_index(uids, guint32, i);
            guint32 seq = g_array_index(seqs, guint32, seqs->len - 1 - i);
            if (!contains(context->members, uid))
                continue;
            g_array_append_val(gone, uid);
            g_array_append_val(numbers, seq);
        }
        remove_members(imap, context, gone, numbers);
    }
}

/* ---- matching what has changed ---- */

typedef struct {
    GArray *in, *in_seqs;   /* matches, and was no member */
    GArray *out, *out_seqs; /* was one, and does not match */
    guint reads;
    KxFetchZone zone;
} Changes;

static gboolean matches(KxImap *imap, Context *context, Changes *changes, const KxItem *item,
                        guint32 seq)
{
    g_auto(KxItemCache) cache = {0};
    KxSearchMessage message = {
        .imap = imap,
        .view = imap->view,
        .sort_data = context->sort_data,
        .level = KX_SEARCH_INDEX,
        .item = item,
        .seq = seq,
        .cache = &cache,
        .zone = &changes->zone,
    };
    KxMatch match = kx_search_match(context->program->root, &message);
    if (match != KX_MATCH_MAYBE)
        return match == KX_MATCH_YES;
    if (context->program->root->cost >= KX_SEARCH_HEADER && ++changes->reads > READS_MAX)
        context->lost = TRUE;
    if (context->lost ||
        (context->program->uses_envelope &&
         !kx_folder_read_cache(kx_view_folder(imap->view), &item->uid, 1, &cache, NULL)))
        return FALSE;
    message.level = KX_SEARCH_BODY;
    match = kx_search_match(context->program->root, &message);
    g_clear_error(&message.error);
    return match == KX_MATCH_YES && !message.unreadable;
}

static void look_at(KxImap *imap, Context *context, Changes *changes, const KxItem *item,
                    guint32 seq)
{
    gboolean member = contains(context->members, item->uid);
    gboolean match = matches(imap, context, changes, item, seq);
    if (match && !member) {
        g_array_append_val(changes->in, item->uid);
        g_array_append_val(changes->in_seqs, seq);
    } else if (!match && member) {
        g_array_append_val(changes->out, item->uid);
        g_array_append_val(changes->out_seqs, seq);
    }
}

static void look_at_changed(KxImap *imap, Context *context, Changes *changes)
{
    g_autofree KxItem *items = g_new(KxItem, BATCH);
    guint32 seqs[BATCH], last = kx_view_count(imap->view);
    for (guint32 from = 1; from <= last && !context->lost;) {
        guint n = kx_view_items(imap->view, from, last, items, seqs, BATCH);
        if (n == 0)
            break;
        for (guint i = 0; i < n && !context->lost; i++)
            if (items[i].modseq > context->modseq)
                look_at(imap, context, changes, &items[i], seqs[i]);
        from = seqs[n - 1] + 1;
    }
}

/* ---- sorting what is new in ---- */

static gboolean fill_sort_data(Context *context)
{
    gboolean done = FALSE;
    while (context->sort_data && !done)
        if (!kx_sort_data_fill(context->sort_data, &done, NULL))
            return FALSE;
    return TRUE;
}

/* The members in the order of the criteria; those that are gone already keep a place. */
static GArray *sort_members(KxImap *imap, const Context *context)
{
    guint n = context->members->len;
    const guint32 *uids = (const guint32 *)(void *)context->members->data;
    g_autofree gint64 *arrivals = g_new0(gint64, n + 1);
    g_autofree gint64 *sizes = g_new0(gint64, n + 1);
    for (guint i = 0; i < n; i++) {
        KxItem item;
        if (!kx_view_item(imap->view, uids[i], &item))
            continue;
        arrivals[i] = item.internal_date;
        sizes[i] = (gint64)item.size;
    }
    const KxSortInput input = {.n = n, .uids = uids, .arrivals = arrivals, .sizes = sizes};
    g_autofree guint32 *order = kx_sort_order(context->criteria, &input, context->sort_data, NULL);
    GArray *sorted = g_array_sized_new(FALSE, FALSE, sizeof(guint32), n);
    for (guint i = 0; i < n; i++)
        g_array_append_val(sorted, uids[order[i]]);
    return sorted;
}

/* Each at its place in the end, from the first to the last. */
static void tell_added_sorted(KxImap *imap, Context *context, const GArray *uids,
                              const GArray *seqs)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_array_unref(context->order);
    context->order = sort_members(imap, context);
    begin_answer(out, context, "ADDTO");
    gsize start = out->len;
    for (guint i = 0; i < context->order->len; i++) {
        guint32 uid = g_array_index(context->order, guint32, i);
        if (contains(uids, uid))
            g_string_append_printf(out, "%s%u %u", out->len > start ? " " : "", i + 1,
                                   number_of(context, uids, seqs, uid));
    }
    g_string_append(out, ")\r\n");
    kx_session_write(imap->session, out->str, out->len);
}

static void add_members(KxImap *imap, Context *context, const GArray *uids, const GArray *seqs)
{
    if (uids->len == 0)
        return;
    g_array_append_vals(context->members, uids->data, uids->len);
    g_array_sort(context->members, compare_uids);
    if (context->order)
        tell_added_sorted(imap, context, uids, seqs);
    else
        tell_set(imap, context, "ADDTO", context->uid ? uids : seqs);
}

static void update(KxImap *imap, Context *context)
{
    guint64 now = kx_folder_highest_modseq(kx_view_folder(imap->view));
    if (now <= context->modseq)
        return;
    Changes changes = {
        .in = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .in_seqs = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .out = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .out_seqs = g_array_new(FALSE, FALSE, sizeof(guint32)),
    };
    context->lost |= !fill_sort_data(context);
    look_at_changed(imap, context, &changes);
    if (!context->lost) {
        remove_members(imap, context, changes.out, changes.out_seqs);
        add_members(imap, context, changes.in, changes.in_seqs);
        context->modseq = now;
    }
    g_array_unref(changes.in);
    g_array_unref(changes.in_seqs);
    g_array_unref(changes.out);
    g_array_unref(changes.out_seqs);
}

static void tell_no_update(KxImap *imap, const char *tag)
{
    kx_session_printf(imap->session, "* NO [NOUPDATE \"%s\"] No further updates\r\n", tag);
}

void kx_contexts_tell_changed(KxImap *imap)
{
    for (guint i = 0; imap->lost_contexts && imap->lost_contexts[i]; i++)
        tell_no_update(imap, imap->lost_contexts[i]);
    g_clear_pointer(&imap->lost_contexts, g_strfreev);
    for (guint i = imap->contexts ? imap->contexts->len : 0; i > 0; i--) {
        Context *context = g_ptr_array_index(imap->contexts, i - 1);
        update(imap, context);
        if (!context->lost)
            continue;
        tell_no_update(imap, context->tag);
        g_ptr_array_remove_index(imap->contexts, i - 1);
    }
}

/* ---- tickets ---- */

static size_t save_tag(const char *tag, char *tags, size_t at, size_t room)
{
    size_t len = strlen(tag) + 1;
    if (len > room - at)
        return at;
    memcpy(tags + at, tag, len);
    return at + len;
}

size_t kx_contexts_save(KxImap *imap, char *tags, size_t room)
{
    size_t at = 0;
    for (guint i = 0; imap->lost_contexts && imap->lost_contexts[i]; i++)
        at = save_tag(imap->lost_contexts[i], tags, at, room);
    for (guint i = 0; imap->contexts && i < imap->contexts->len; i++)
        at = save_tag(((Context *)g_ptr_array_index(imap->contexts, i))->tag, tags, at, room);
    return at;
}

void kx_contexts_restore(KxImap *imap, const char *tags, size_t len)
{
    g_autoptr(GStrvBuilder) lost = g_strv_builder_new();
    const char *end = tags + len;
    if (len == 0 || tags[len - 1] != '\0')
        return;
    for (; tags < end; tags += strlen(tags) + 1)
        g_strv_builder_add(lost, tags);
    imap->lost_contexts = g_strv_builder_end(lost);
}

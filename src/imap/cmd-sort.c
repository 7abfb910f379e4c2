/* SPDX-License-Identifier: Apache-2.0 */
/* SORT and UID SORT (RFC 5256; RFC 5957 DISPLAYFROM and DISPLAYTO; RFC 5267 section 3 RETURN). */
#include "imap/search-run.h"
#include "imap/sort-order.h"

static GArray *permuted(GArray *values, const guint32 *order)
{
    if (!values)
        return NULL;
    guint size = g_array_get_element_size(values);
    GArray *sorted = g_array_sized_new(FALSE, FALSE, size, values->len);
    for (guint i = 0; i < values->len; i++)
        g_array_append_vals(sorted, values->data + (gsize)order[i] * size, 1);
    g_array_unref(values);
    return sorted;
}

static void sort_found(KxSearchTask *task)
{
    KxSearchFound *found = &task->found;
    const KxSortInput input = {
        .n = found->uids->len,
        .uids = (const guint32 *)(void *)found->uids->data,
        .arrivals = (const gint64 *)(void *)found->arrivals->data,
        .sizes = (const gint64 *)(void *)found->sizes->data,
    };
    g_autofree guint32 *order = kx_sort_order(task->data, &input, task->sort_data);
    found->seqs = permuted(found->seqs, order);
    found->uids = permuted(found->uids, order);
    found->modseqs = permuted(found->modseqs, order);
}

static void answer(KxSearchTask *task, GString *out)
{
    const KxSearchProgram *program = task->program;
    sort_found(task);
    kx_search_save(task->imap, program, &task->found);
    if (!program->extended)
        kx_search_append_list(task->imap, "SORT", program, &task->found, out);
    else if (kx_search_wants_answer(program))
        kx_search_append_esearch(task->imap, program, &task->found, program->returns, NULL, out);
}

static const KxSearchKind SORT = {
    .done = "Sort completed",
    .wants_arrivals = TRUE,
    .wants_sort_data = TRUE,
    .answer = answer,
};

static GArray *parse(KxImapParser *args, KxSearchProgram *program)
{
    if (!kx_imap_parse_space(args) || !kx_search_parse_returns(args, program))
        return NULL;
    g_autoptr(GArray) criteria = kx_sort_parse(args);
    if (!criteria || !kx_imap_parse_space(args) ||
        !kx_search_parse_sorted_keys(args, program, g_get_real_time() / G_USEC_PER_SEC))
        return NULL;
    return g_steal_pointer(&criteria);
}

KX_IMAP_COMMAND(sort)
{
    g_autoptr(KxSearchProgram) program = g_new0(KxSearchProgram, 1);
    g_autoptr(GArray) criteria = parse(args, program);
    if (!kx_search_accept(imap, args, program))
        return;
    KxSearchTask *task = g_new0(KxSearchTask, 1);
    task->imap = imap;
    task->kind = &SORT;
    task->view = imap->view;
    task->program = g_steal_pointer(&program);
    task->data = g_steal_pointer(&criteria);
    task->free_data = (GDestroyNotify)g_array_unref;
    kx_search_run(task);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* THREAD and UID THREAD (RFC 5256; draft-ietf-morg-inthread for REFS). */
#include "imap/search-run.h"
#include "imap/thread.h"

static const struct {
    const char *name;
    KxThreadAlgorithm run;
} ALGORITHMS[] = {
    {"ORDEREDSUBJECT", kx_thread_ordered_subject},
    {"REFERENCES", kx_thread_references},
    {"REFS", kx_thread_refs},
};

static void answer(KxSearchTask *task, GString *out)
{
    const KxSearchFound *found = &task->found;
    const KxThreadAlgorithm *run = task->data;
    guint n = found->uids->len;
    const guint32 *uids = (const guint32 *)(void *)found->uids->data;
    g_autofree gint64 *dates = g_memdup2(found->arrivals->data, n * sizeof(gint64));
    g_autofree guint32 *subjects = g_new(guint32, n + 1);
    g_autofree KxSortLinks *links = g_new(KxSortLinks, n + 1);
    g_autoptr(GArray) references = g_array_new(FALSE, FALSE, sizeof(guint64));
    kx_sort_data_dates(task->sort_data, uids, n, dates);
    kx_sort_data_ranks(task->sort_data, KX_SORT_SUBJECT, uids, n, subjects);
    kx_sort_data_links(task->sort_data, uids, n, links, references);
    const KxThreadInput input = {
        .n = n,
        .dates = dates,
        .arrivals = (const gint64 *)(void *)found->arrivals->data,
        .subjects = subjects,
        .links = links,
        .references = (const guint64 *)(void *)references->data,
    };
    g_auto(KxThreadTree) tree = {0};
    (*run)(&input, &tree);
    g_string_append(out, n > 0 ? "* THREAD " : "* THREAD");
    kx_thread_format(out, &tree, task->imap->uid ? uids : (guint32 *)(void *)found->seqs->data);
    g_string_append(out, "\r\n");
}

static const KxSearchKind THREAD = {
    .done = "Thread completed",
    .wants_arrivals = TRUE,
    .wants_sort_data = TRUE,
    .answer = answer,
};

static gboolean parse(KxImapParser *args, KxSearchProgram *program, gconstpointer *ret_algorithm)
{
    if (!kx_imap_parse_space(args))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(ALGORITHMS) && !*ret_algorithm; i++)
        if (kx_imap_accept_atom(args, ALGORITHMS[i].name))
            *ret_algorithm = &ALGORITHMS[i].run;
    if (!*ret_algorithm)
        return kx_imap_parser_fail(args, "Unknown threading algorithm");
    return kx_imap_parse_space(args) &&
           kx_search_parse_sorted_keys(args, program, g_get_real_time() / G_USEC_PER_SEC);
}

KX_IMAP_COMMAND(thread)
{
    g_autoptr(KxSearchProgram) program = g_new0(KxSearchProgram, 1);
    gconstpointer algorithm = NULL;
    parse(args, program, &algorithm);
    if (!kx_search_accept(imap, args, program))
        return;
    KxSearchTask *task = g_new0(KxSearchTask, 1);
    task->imap = imap;
    task->kind = &THREAD;
    task->view = imap->view;
    task->program = g_steal_pointer(&program);
    task->data = (gpointer)algorithm;
    kx_search_run(task);
}

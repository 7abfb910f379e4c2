/* SPDX-License-Identifier: Apache-2.0 */
/* SEARCH and UID SEARCH (RFC 9051 section 6.4.4). */
#include "imap/search-run.h"

static void answer(KxSearchTask *task, GString *out)
{
    KxImap *imap = task->imap;
    const KxSearchProgram *program = task->program;
    kx_search_save(imap, program, &task->found);
    if (program->extended && kx_search_wants_answer(program))
        kx_search_append_esearch(imap, program, &task->found, program->returns, NULL, out);
    else if (!program->extended && (imap->enabled & KX_IMAP_REV2))
        kx_search_append_esearch(imap, program, &task->found, KX_RETURN_ALL, NULL, out);
    else if (!program->extended)
        kx_search_append_list(imap, "SEARCH", program, &task->found, out);
}

static const KxSearchKind SEARCH = {.done = "Search completed", .answer = answer};

KX_IMAP_COMMAND(search)
{
    g_autoptr(KxSearchProgram) program =
        kx_search_parse(args, !(imap->enabled & KX_IMAP_UTF8), g_get_real_time() / G_USEC_PER_SEC);
    if (!kx_search_accept(imap, args, program))
        return;
    KxSearchTask *task = g_new0(KxSearchTask, 1);
    task->imap = imap;
    task->kind = &SEARCH;
    task->view = imap->view;
    task->program = g_steal_pointer(&program);
    kx_search_run(task);
}

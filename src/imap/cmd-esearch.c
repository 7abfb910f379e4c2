/* SPDX-License-Identifier: Apache-2.0 */
/* ESEARCH (RFC 7377): SEARCH in several mailboxes, each with an answer of its own. */
#include "imap/mailbox-filter.h"
#include "imap/search-context.h"

/* What lasts from mailbox to mailbox. */
typedef struct {
    KxSearchProgram *program;
    gboolean program_kept; /* by a context */
    gboolean selected;     /* the selected mailbox comes first */
    GPtrArray *names;      /* of the others */
    guint next;
    KxImapMailbox *mailbox; /* where the search is, if it is not the selected one */
    KxView *view;
    KxSearchEnd end;
} Tour;

static void tour_free(gpointer data)
{
    Tour *tour = data;
    if (!tour->program_kept)
        kx_search_program_free(tour->program);
    g_ptr_array_unref(tour->names);
    kx_imap_mailbox_free(tour->mailbox);
    kx_view_free(tour->view);
    g_clear_error(&tour->end.error);
    g_free(tour);
}

static void answer(KxSearchTask *task, GString *out)
{
    Tour *tour = task->data;
    KxImap *imap = task->imap;
    const KxSearchProgram *program = task->program;
    gboolean here = task->view == imap->view;
    const KxSearchPlace place = {
        .name = here ? imap->selected->name : tour->mailbox->name,
        .uid_validity = kx_folder_uid_validity(kx_view_folder(task->view)),
    };
    if (here)
        kx_search_save(imap, program, &task->found);
    if (task->found.uids->len > 0 && kx_search_wants_answer(program))
        kx_search_append_esearch(imap, program, &task->found, program->returns, &place, out);
    if (here && (program->returns & KX_RETURN_UPDATE)) {
        task->program_kept = FALSE;
        kx_context_add(task, NULL, TRUE, out);
        tour->program_kept = task->program_kept;
        task->program_kept = TRUE; /* the tour frees it, if the context does not */
    }
}

static void go_on(KxSearchTask *task);

static const KxSearchKind ESEARCH = {.done = "Search completed", .answer = answer, .next = go_on};

static gboolean open_next(KxImap *imap, Tour *tour)
{
    g_clear_pointer(&tour->mailbox, kx_imap_mailbox_free);
    g_clear_pointer(&tour->view, kx_view_free);
    while (tour->next < tour->names->len) {
        const char *name = g_ptr_array_index(tour->names, tour->next++);
        tour->mailbox = kx_imap_mailbox_open(imap, name, KX_RIGHT_READ, NULL);
        g_autoptr(KxFolder) folder =
            tour->mailbox ? kx_folder_open(tour->mailbox->account, tour->mailbox->path, NULL)
                          : NULL;
        if (folder) {
            tour->view = kx_view_new(folder, FALSE);
            return TRUE;
        }
        g_clear_pointer(&tour->mailbox, kx_imap_mailbox_free); /* removed meanwhile */
    }
    return FALSE;
}

/* Searches the next mailbox, or ends the command. Takes the tour. */
static void go(KxImap *imap, Tour *tour)
{
    gboolean here = tour->selected;
    tour->selected = FALSE;
    if (!here && (tour->end.error || !open_next(imap, tour))) {
        kx_search_end(imap, &tour->end, ESEARCH.done);
        tour_free(tour);
        return;
    }
    KxSearchTask *task = g_new0(KxSearchTask, 1);
    task->imap = imap;
    task->kind = &ESEARCH;
    task->view = here ? imap->view : tour->view;
    task->program = tour->program;
    task->program_kept = TRUE;
    task->data = tour;
    task->free_data = tour_free;
    kx_search_resolve(task->program, task->view, here ? imap->saved : NULL);
    kx_search_run(task);
}

static void go_on(KxSearchTask *task)
{
    Tour *tour = task->data;
    task->free_data = NULL;
    tour->end.unreadable |= task->end.unreadable;
    tour->end.expunged += task->end.expunged;
    tour->end.error = g_steal_pointer(&task->end.error);
    if (tour->program_kept) { /* frozen for its context: the rest needs its own */
        tour->program = NULL;
        tour->next = tour->names->len;
    }
    go(task->imap, tour);
}

/* ---- arguments ---- */

static gboolean parse_source(KxImapParser *args, KxMailboxFilter *filter)
{
    if (!kx_imap_accept_atom(args, "IN")) {
        filter->selected = TRUE;
        return kx_imap_parser_ok(args);
    }
    return kx_imap_parse_space(args) && kx_imap_parse_char(args, '(') &&
           kx_mailbox_filter_parse(args, filter) && kx_imap_parse_char(args, ')') &&
           kx_imap_parse_space(args);
}

/* What only the selected mailbox can have (RFC 7377 section 2.2). */
static gboolean check_source(KxImap *imap, KxImapParser *args, const KxMailboxFilter *filter,
                             const KxSearchProgram *program)
{
    if (filter->selected && !imap->view)
        return kx_imap_parser_fail(args, "No folder is selected");
    if ((program->returns & KX_RETURN_SAVE) && filter->others)
        return kx_imap_parser_fail(args, "SAVE is for the selected folder alone");
    return !(program->returns & KX_RETURN_UPDATE) || (filter->selected && !filter->others) ||
           kx_imap_parser_fail(args, "UPDATE is for the selected folder alone");
}

static gboolean parse(KxImap *imap, KxImapParser *args, KxMailboxFilter *filter,
                      KxSearchProgram *program)
{
    program->collation = imap->collation;
    if (!kx_imap_parse_space(args) || !parse_source(args, filter) ||
        !kx_search_parse_returns(args, program))
        return FALSE;
    if (!program->extended)
        program->returns = KX_RETURN_ALL;
    program->extended = TRUE;
    return check_source(imap, args, filter, program) &&
           kx_search_parse_keys(args, program, !(imap->enabled & KX_IMAP_UTF8),
                                g_get_real_time() / G_USEC_PER_SEC);
}

KX_IMAP_COMMAND(esearch)
{
    g_autoptr(KxSearchProgram) program = g_new0(KxSearchProgram, 1);
    g_auto(KxMailboxFilter) filter = {0};
    g_autoptr(GPtrArray) names = NULL;
    g_autoptr(GError) error = NULL;
    parse(imap, args, &filter, program);
    if (!kx_search_accept(imap, args, program))
        return;
    names = filter.terms ? kx_mailbox_filter_names(imap, &filter, &error)
                         : g_ptr_array_new_with_free_func(g_free);
    if (!names) {
        kx_imap_no_error(imap, error);
        return;
    }
    Tour *tour = g_new0(Tour, 1);
    tour->program = g_steal_pointer(&program);
    tour->selected = filter.selected;
    tour->names = g_steal_pointer(&names);
    go(imap, tour);
}

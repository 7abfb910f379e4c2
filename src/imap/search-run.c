/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-run.h"

#include "imap/message-limit.h"
#include "imap/progress.h"
#include "imap/search-context.h"
#include "imap/search-match.h"
#include "imap/search-fulltext.h"
#include "imap/search-fuzzy.h"

enum {
    BATCH = 256,
    ENVELOPES = 32, /* read at once */
    SLICE_MICROSECONDS = 50 * 1000,
    PIECE = 32 * 1024,
};

typedef struct {
    KxSearchTask *task;
    gboolean prepared; /* task->sort_data is complete, if anybody wants it */
    GArray *ranges;    /* KxSeqRange: what can match */
    guint range;
    guint32 next_seq;
    guint n, at;     /* the batch */
    guint enveloped; /* items before it have been matched with their envelopes */
    KxItem items[BATCH];
    guint32 seqs[BATCH];
    KxMatch matches[BATCH];
    guint8 scores[BATCH];
    KxFetchZone zone;
    KxImapLosses losses;
    gint64 started; /* monotonic, microseconds */
    KxProgress progress;
    guint seen, total; /* messages taken into batches, and to be looked at */
    GString *answer;   /* when all is found */
    size_t sent;
} Run;

static void task_free(KxSearchTask *task)
{
    KxSearchFound *found = &task->found;
    GArray *arrays[] = {found->seqs,     found->uids,  found->modseqs,
                        found->arrivals, found->sizes, found->scores};
    for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_clear_pointer(&arrays[i], g_array_unref);
    if (!task->program_kept)
        kx_search_program_free(task->program);
    kx_sort_data_unref(task->sort_data);
    g_clear_error(&task->end.error);
    if (task->free_data)
        task->free_data(task->data);
    g_free(task);
}

static void run_free(gpointer data)
{
    Run *run = data;
    g_array_unref(run->ranges);
    if (run->answer)
        g_string_free(run->answer, TRUE);
    kx_imap_losses_clear(&run->losses);
    task_free(run->task);
    g_free(run);
}

/* ---- batches ---- */

static void take_items(Run *run)
{
    const KxSeqRange *range = &g_array_index(run->ranges, KxSeqRange, run->range);
    guint32 from = MAX(range->from, run->next_seq);
    guint room = BATCH - run->n;
    guint got = kx_view_items(run->task->view, from, range->to, run->items + run->n,
                              run->seqs + run->n, room);
    guint32 last = got < room ? range->to : run->seqs[run->n + got - 1];
    run->losses.expunged += last - from + 1 - got;
    run->next_seq = last + 1;
    if (last == range->to)
        run->range++;
    run->n += got;
    run->seen += got;
}

static KxMatch match_item(Run *run, guint i, KxSearchCost level, const KxItemCache *cache)
{
    KxSearchMessage message = {
        .imap = run->task->imap,
        .view = run->task->view,
        .sort_data = run->task->sort_data,
        .level = level,
        .item = &run->items[i],
        .seq = run->seqs[i],
        .cache = cache,
        .zone = &run->zone,
    };
    if (level >= KX_SEARCH_ENVELOPE && run->task->program->uses_envelope && !cache->envelope) {
        kx_imap_lose(run->task->view, &run->losses, message.item->uid, NULL);
        return KX_MATCH_NO;
    }
    KxMatch match = kx_search_match(run->task->program->root, &message);
    run->scores[i] = (guint8)kx_search_score(&message);
    if (!message.unreadable)
        return match;
    kx_imap_lose(run->task->view, &run->losses, message.item->uid, message.error);
    g_clear_error(&message.error);
    return KX_MATCH_NO;
}

static void clear_caches(KxItemCache *caches)
{
    for (guint i = 0; i < ENVELOPES; i++)
        kx_item_cache_clear(&caches[i]);
}

/* Reads the envelopes of some open items and goes on as far as `level`. FALSE: task->end.error is
 * set.
 */
static gboolean match_with_envelopes(Run *run, const guint *open, guint n, KxSearchCost level)
{
    guint32 uids[ENVELOPES];
    KxItemCache caches[ENVELOPES] = {0};
    for (guint i = 0; i < n; i++)
        uids[i] = run->items[open[i]].uid;
    gboolean good = kx_folder_read_cache(kx_view_folder(run->task->view), uids, n, caches,
                                         &run->task->end.error);
    for (guint i = 0; good && i < n; i++)
        run->matches[open[i]] = match_item(run, open[i], level, &caches[i]);
    clear_caches(caches);
    return good;
}

/* Goes on with the first open item: with the envelopes of it and those that follow, if the program
 * looks at envelopes and that was not done yet; otherwise to the end. */
static gboolean match_open(Run *run)
{
    static const KxItemCache none = {0};
    guint open[ENVELOPES] = {run->at}, n = 0;
    if (!run->task->program->uses_envelope) {
        run->matches[run->at] = match_item(run, run->at, KX_SEARCH_BODY, &none);
        return TRUE;
    }
    if (run->at < run->enveloped)
        return match_with_envelopes(run, open, 1, KX_SEARCH_BODY);
    for (run->enveloped = run->at; run->enveloped < run->n && n < ENVELOPES; run->enveloped++)
        if (run->matches[run->enveloped] == KX_MATCH_MAYBE)
            open[n++] = run->enveloped;
    return match_with_envelopes(run, open, n, KX_SEARCH_ENVELOPE);
}

static gboolean load_batch(Run *run)
{
    run->n = run->at = run->enveloped = 0;
    while (run->n < BATCH && run->range < run->ranges->len)
        take_items(run);
    for (guint i = 0; i < run->n; i++)
        run->matches[i] = match_item(run, i, KX_SEARCH_INDEX, NULL);
    return run->n > 0;
}

static void note_found(Run *run, guint i)
{
    KxSearchFound *found = &run->task->found;
    const KxItem *item = &run->items[i];
    gint64 size = (gint64)item->size;
    g_array_append_val(found->seqs, run->seqs[i]);
    g_array_append_val(found->uids, item->uid);
    if (found->modseqs)
        g_array_append_val(found->modseqs, item->modseq);
    if (found->arrivals) {
        g_array_append_val(found->arrivals, item->internal_date);
        g_array_append_val(found->sizes, size);
    }
    if (found->scores)
        g_array_append_val(found->scores, run->scores[i]);
}

/* ---- the cursor ---- */

/* TRUE when the sort data are there, or not wanted, or cannot be had. */
static gboolean prepare(Run *run)
{
    KxSearchTask *task = run->task;
    gboolean done = FALSE;
    if (!run->prepared && !kx_sort_data_fill(task->sort_data, &done, &task->end.error))
        return TRUE;
    run->prepared |= done;
    return run->prepared;
}

/* TRUE when all messages have been looked at, or the task has an error. */
static gboolean search_slice(Run *run)
{
    gint64 start = g_get_monotonic_time(), now = start;
    while (now - start < SLICE_MICROSECONDS) {
        if (!prepare(run)) {
            now = g_get_monotonic_time();
            continue;
        }
        if (run->task->end.error || (run->at == run->n && !load_batch(run)))
            return TRUE;
        while (run->at < run->n && run->matches[run->at] != KX_MATCH_MAYBE) {
            if (run->matches[run->at] == KX_MATCH_YES)
                note_found(run, run->at);
            run->at++;
        }
        if (run->at < run->n && !match_open(run))
            return TRUE;
        now = g_get_monotonic_time();
    }
    kx_imap_progress(run->task->imap, &run->progress, run->seen - run->n + run->at, run->total);
    return FALSE;
}

void kx_search_end(KxImap *imap, const KxSearchEnd *end, const char *done)
{
    if (end->error)
        kx_imap_no_error(imap, end->error);
    else if (end->unreadable)
        kx_imap_no(imap, "SERVERBUG", "Some messages could not be read");
    else if (end->expunged > 0)
        kx_imap_ok(imap, "EXPUNGEISSUED", "Completed, some messages were already expunged");
    else
        kx_imap_ok(imap, NULL, done);
}

static void finish(Run *run)
{
    KxSearchTask *task = run->task;
    KxImap *imap = task->imap;
    task->end.unreadable = kx_imap_report_losses(imap, task->view, &run->losses);
    task->end.expunged = run->losses.expunged;
    g_autofree char *path = kx_folder_path(kx_view_folder(task->view));
    kx_debug(kx_session_core(imap->session)->logger, KX_DEBUG_SEARCH_SORT,
             "%s searched %s: %u of %u messages in %" G_GINT64_FORMAT " ms",
             kx_session_login(imap->session), path, task->found.seqs->len,
             kx_view_count(task->view), (g_get_monotonic_time() - run->started) / 1000);
    kx_imap_message_settle(imap);
    if ((task->end.error || task->end.unreadable) && (task->program->returns & KX_RETURN_SAVE))
        g_clear_pointer(&imap->saved,
                        g_array_unref); /* RFC 5182 section 2.1: NO leaves nothing saved */
    if (task->kind->next)
        task->kind->next(task);
    else
        kx_search_end(imap, &task->end, task->kind->done);
}

static KxStep step(KxSession *session, gpointer data)
{
    Run *run = data;
    if (!run->answer) {
        if (!search_slice(run))
            return KX_STEP_MORE;
        run->answer = g_string_new(NULL);
        if (!run->task->end.error)
            run->task->kind->answer(run->task, run->answer);
    }
    while (run->sent < run->answer->len && !kx_session_full(session)) {
        size_t n = MIN(run->answer->len - run->sent, PIECE);
        kx_session_write(session, run->answer->str + run->sent, n);
        run->sent += n;
    }
    if (run->sent < run->answer->len)
        return KX_STEP_MORE;
    finish(run);
    return KX_STEP_DONE;
}

/* What the whole is narrowed to by sets that stand beside the other keys: "UID SEARCH UID 5:9
 * UNSEEN". */
static GArray *ranges_to_search(const KxSearchProgram *program, KxView *view)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(KxSeqRange));
    KxSeqRange all = {1, kx_view_count(view)};
    if (all.to > 0)
        g_array_append_val(ranges, all);
    for (guint i = 0; i < program->root->keys->len; i++) {
        const KxSearchKey *key = g_ptr_array_index(program->root->keys, i);
        if (!key->seqs)
            continue;
        GArray *shared = kx_seqset_intersect(ranges, key->seqs);
        g_array_unref(ranges);
        ranges = shared;
    }
    return ranges;
}

gboolean kx_search_accept(KxImap *imap, KxImapParser *args, KxSearchProgram *program)
{
    if (kx_imap_parser_ok(args) && imap->enabled & KX_IMAP_UIDONLY &&
        kx_search_uses_numbers(program)) {
        args->code = "UIDREQUIRED";
        kx_imap_parser_fail(args, "After ENABLE UIDONLY there are no sequence numbers");
    }
    if (kx_imap_parser_ok(args) && (program->returns & KX_RETURN_UPDATE) &&
        kx_context_exists(imap, imap->tag))
        kx_imap_parser_fail(args, "This tag is in use for updates");
    if (!kx_imap_check(imap, args))
        return FALSE;
    if (program->bad_charset) {
        if (program->returns & KX_RETURN_SAVE)
            g_clear_pointer(&imap->saved, g_array_unref);
        kx_imap_no(imap, "BADCHARSET (US-ASCII UTF-8)", "Unknown character set");
        return FALSE;
    }
    if (program->modseq)
        kx_imap_use_condstore(imap);
    if (imap->view)
        kx_search_resolve(program, imap->view, imap->saved);
    return TRUE;
}

/* SEARCH looks at as many messages as the limit allows; SORT and THREAD mean all of them or none
 * (RFC 9738 section 3.3). FALSE: NO was sent. */
static gboolean limit_ranges(const KxSearchTask *task, GArray **ranges)
{
    if (task->view != task->imap->view)
        return TRUE;
    if (task->kind->wants_sort_data)
        return kx_imap_admit_all(task->imap, kx_seqset_count(*ranges));
    kx_imap_limit_ranges(task->imap, ranges);
    return TRUE;
}

void kx_search_run(KxSearchTask *task)
{
    g_autoptr(GArray) ranges = ranges_to_search(task->program, task->view);
    if (!limit_ranges(task, &ranges)) {
        task_free(task);
        return;
    }
    Run *run = g_new0(Run, 1);
    KxSearchFound *found = &task->found;
    run->task = task;
    task->modseq = kx_folder_highest_modseq(kx_view_folder(task->view));
    run->ranges = g_steal_pointer(&ranges);
    run->total = kx_seqset_count(run->ranges);
    found->seqs = g_array_new(FALSE, FALSE, sizeof(guint32));
    found->uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (task->program->modseq)
        found->modseqs = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (task->kind->wants_arrivals) {
        found->arrivals = g_array_new(FALSE, FALSE, sizeof(gint64));
        found->sizes = g_array_new(FALSE, FALSE, sizeof(gint64));
    }
    if (task->program->returns & KX_RETURN_RELEVANCY)
        found->scores = g_array_new(FALSE, FALSE, sizeof(guint8));
    run->prepared =
        !task->kind->wants_sort_data && !task->program->uses_ids && !task->program->uses_dates;
    if (!run->prepared)
        task->sort_data = kx_sort_data_get(kx_view_folder(task->view));
    run->started = g_get_monotonic_time();
    run->progress = (KxProgress){run->started};
    kx_search_fulltext_prepare(task->program, kx_session_core(task->imap->session)->search,
                               kx_view_folder(task->view));
    kx_session_set_cursor(task->imap->session, step, run, run_free);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/search-run.h"

#include "imap/message-limit.h"
#include "imap/progress.h"
#include "imap/search-match.h"
#include "imap/search-result.h"

enum {
    BATCH = 256,
    ENVELOPES = 32, /* read at once */
    SLICE_MICROSECONDS = 50 * 1000,
    PIECE = 32 * 1024,
};

typedef struct {
    KxImap *imap;
    KxSearchProgram *program;
    GArray *ranges; /* KxSeqRange: what can match */
    guint range;
    guint32 next_seq;
    guint n, at;     /* the batch */
    guint enveloped; /* items before it have been matched with their envelopes */
    KxItem items[BATCH];
    guint32 seqs[BATCH];
    KxMatch matches[BATCH];
    KxFetchZone zone;
    KxSearchFound found;
    KxImapLosses losses;
    gint64 started; /* monotonic, microseconds */
    KxProgress progress;
    guint seen, total; /* messages taken into batches, and to be looked at */
    GString *answer;   /* when all is found */
    size_t sent;
    GError *error;
} Run;

static void run_free(gpointer data)
{
    Run *run = data;
    kx_search_program_free(run->program);
    g_array_unref(run->ranges);
    g_array_unref(run->found.seqs);
    g_array_unref(run->found.uids);
    g_clear_pointer(&run->found.modseqs, g_array_unref);
    if (run->answer)
        g_string_free(run->answer, TRUE);
    g_clear_error(&run->error);
    kx_imap_losses_clear(&run->losses);
    g_free(run);
}

/* ---- batches ---- */

static void take_items(Run *run)
{
    const KxSeqRange *range = &g_array_index(run->ranges, KxSeqRange, run->range);
    guint32 from = MAX(range->from, run->next_seq);
    guint room = BATCH - run->n;
    guint got = kx_view_items(run->imap->view, from, range->to, run->items + run->n,
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
        .imap = run->imap,
        .level = level,
        .item = &run->items[i],
        .seq = run->seqs[i],
        .cache = cache,
        .zone = &run->zone,
    };
    if (level >= KX_SEARCH_ENVELOPE && run->program->uses_envelope && !cache->envelope) {
        kx_imap_lose(run->imap, &run->losses, message.item->uid, NULL);
        return KX_MATCH_NO;
    }
    KxMatch match = kx_search_match(run->program->root, &message);
    if (!message.unreadable)
        return match;
    kx_imap_lose(run->imap, &run->losses, message.item->uid, message.error);
    g_clear_error(&message.error);
    return KX_MATCH_NO;
}

static void clear_caches(KxItemCache *caches)
{
    for (guint i = 0; i < ENVELOPES; i++)
        kx_item_cache_clear(&caches[i]);
}

/* Reads the envelopes of some open items and goes on as far as `level`. FALSE: run->error is set.
 */
static gboolean match_with_envelopes(Run *run, const guint *open, guint n, KxSearchCost level)
{
    guint32 uids[ENVELOPES];
    KxItemCache caches[ENVELOPES] = {0};
    for (guint i = 0; i < n; i++)
        uids[i] = run->items[open[i]].uid;
    gboolean good =
        kx_folder_read_cache(kx_view_folder(run->imap->view), uids, n, caches, &run->error);
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
    if (!run->program->uses_envelope) {
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
    g_array_append_val(run->found.seqs, run->seqs[i]);
    g_array_append_val(run->found.uids, run->items[i].uid);
    if (run->found.modseqs)
        g_array_append_val(run->found.modseqs, run->items[i].modseq);
}

/* ---- the cursor ---- */

/* TRUE when all messages have been looked at, or run->error is set. */
static gboolean search_slice(Run *run)
{
    gint64 start = g_get_monotonic_time(), now = start;
    while (now - start < SLICE_MICROSECONDS) {
        if (run->at == run->n && !load_batch(run))
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
    kx_imap_progress(run->imap, &run->progress, run->seen - run->n + run->at, run->total);
    return FALSE;
}

static void finish(Run *run)
{
    KxImap *imap = run->imap;
    gboolean unreadable = kx_imap_report_losses(imap, &run->losses);
    g_autofree char *path = kx_folder_path(kx_view_folder(imap->view));
    kx_debug(kx_session_core(imap->session)->logger, KX_DEBUG_SEARCH_SORT,
             "%s searched %s: %u of %u messages in %" G_GINT64_FORMAT " ms",
             kx_session_login(imap->session), path, run->found.seqs->len, kx_view_count(imap->view),
             (g_get_monotonic_time() - run->started) / 1000);
    kx_imap_message_settle(imap);
    if ((run->error || unreadable) && (run->program->returns & KX_RETURN_SAVE))
        g_clear_pointer(&imap->saved,
                        g_array_unref); /* RFC 5182 section 2.1: NO leaves nothing saved */
    if (run->error)
        kx_imap_no_error(imap, run->error);
    else if (unreadable)
        kx_imap_no(imap, "SERVERBUG", "Some messages could not be read");
    else if (run->losses.expunged > 0)
        kx_imap_ok(imap, "EXPUNGEISSUED", "Search completed, some messages were already expunged");
    else
        kx_imap_ok(imap, NULL, "Search completed");
}

static KxStep step(KxSession *session, gpointer data)
{
    Run *run = data;
    if (!run->answer) {
        if (!search_slice(run))
            return KX_STEP_MORE;
        run->answer = g_string_new(NULL);
        if (!run->error)
            kx_search_answer(run->imap, run->program, &run->found, run->answer);
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

void kx_search_run(KxImap *imap, KxSearchProgram *program)
{
    Run *run = g_new0(Run, 1);
    run->imap = imap;
    run->program = program;
    run->ranges = ranges_to_search(program, imap->view);
    kx_imap_limit_ranges(imap, &run->ranges);
    run->total = kx_seqset_count(run->ranges);
    run->found.seqs = g_array_new(FALSE, FALSE, sizeof(guint32));
    run->found.uids = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (program->modseq)
        run->found.modseqs = g_array_new(FALSE, FALSE, sizeof(guint64));
    run->started = g_get_monotonic_time();
    run->progress = (KxProgress){run->started};
    kx_session_set_cursor(imap->session, step, run, run_free);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/fetch-cursor.h"

#include "base/error.h"
#include "imap/mailbox.h"
#include "store/change.h"

enum {
    FLUSH_SIZE = 32 * 1024,
    LITERAL_PIECE = 64 * 1024,
    NEEDS_INDEX = KX_FETCH_NEEDS_CACHE | KX_FETCH_NEEDS_IDS | KX_FETCH_NEEDS_PREVIEW,
};

static void clear_caches(KxFetchCursor *cursor)
{
    for (guint i = 0; i < KX_FETCH_CACHE_BATCH; i++)
        kx_item_cache_clear(&cursor->caches[i]);
    for (guint i = 0; i < KX_FETCH_CACHE_BATCH; i++)
        g_clear_pointer(&cursor->previews[i], g_free);
}

static void cursor_free(gpointer data)
{
    KxFetchCursor *cursor = data;
    clear_caches(cursor);
    g_clear_pointer(&cursor->literal.owned, g_bytes_unref);
    kx_vanished_free(cursor->vanished);
    kx_fetch_plan_free(cursor->plan);
    kx_fetch_plan_free(cursor->seen_plan);
    g_array_unref(cursor->ranges);
    g_string_free(cursor->out, TRUE);
    g_clear_error(&cursor->error);
    kx_imap_losses_clear(&cursor->losses);
    g_free(cursor->code);
    g_free(cursor);
}

/* ---- batches ---- */

/* Takes the items of the current range into the batch, as many as there is room for. */
static void take_items(KxFetchCursor *cursor, guint room)
{
    const KxSeqRange *range = &g_array_index(cursor->ranges, KxSeqRange, cursor->range);
    guint32 from = MAX(range->from, cursor->next_seq);
    guint n = cursor->n;
    guint got = kx_view_items(cursor->imap->view, from, range->to, cursor->items + n,
                              cursor->seqs + n, room - n);
    guint32 last = got < room - n ? range->to : cursor->seqs[n + got - 1];
    cursor->losses.expunged += last - from + 1 - got;
    cursor->next_seq = last + 1;
    if (last == range->to)
        cursor->range++;
    cursor->n += got;
}

static void keep_changed(KxFetchCursor *cursor)
{
    guint kept = 0;
    for (guint i = 0; i < cursor->n; i++) {
        if (cursor->items[i].modseq <= cursor->plan->changed_since)
            continue;
        cursor->items[kept] = cursor->items[i];
        cursor->seqs[kept++] = cursor->seqs[i];
    }
    cursor->n = kept;
}

/* One durable change for the batch, before it is shown: what the client is told is true. */
static gboolean set_seen(KxFetchCursor *cursor)
{
    KxFolder *folder = kx_view_folder(cursor->imap->view);
    const KxFlagsChange change = {.op = KX_FLAGS_ADD, .flags = KX_FLAG_SEEN};
    guint32 uids[KX_FETCH_BATCH];
    guint n = 0;
    guint64 modseq;
    for (guint i = 0; i < cursor->n; i++) {
        cursor->seen_now[i] = !(cursor->items[i].flags & KX_FLAG_SEEN);
        if (cursor->seen_now[i])
            uids[n++] = cursor->items[i].uid;
    }
    if (n == 0)
        return TRUE;
    if (!kx_folder_change_flags(folder, uids, n, &change, &modseq, NULL, &cursor->error))
        return FALSE;
    if (modseq > 0)
        kx_view_note_own(cursor->imap->view, uids, n, modseq);
    for (guint i = 0; i < cursor->n; i++)
        if (cursor->seen_now[i])
            kx_view_item(cursor->imap->view, cursor->items[i].uid, &cursor->items[i]);
    return TRUE;
}

/* What the plan needs of the index, for the batch. */
static gboolean read_caches(KxFetchCursor *cursor)
{
    KxFolder *folder = kx_view_folder(cursor->imap->view);
    guint traits = cursor->plan->traits;
    guint32 uids[KX_FETCH_CACHE_BATCH];
    for (guint i = 0; i < cursor->n; i++)
        uids[i] = cursor->items[i].uid;
    clear_caches(cursor);
    return (!(traits & KX_FETCH_NEEDS_CACHE) ||
            kx_folder_read_cache(folder, uids, cursor->n, cursor->caches, &cursor->error)) &&
           (!(traits & KX_FETCH_NEEDS_IDS) ||
            kx_folder_read_ids(folder, uids, cursor->n, cursor->ids, &cursor->error)) &&
           (!(traits & KX_FETCH_NEEDS_PREVIEW) ||
            kx_folder_read_previews(folder, uids, cursor->n, cursor->plan->lazy_preview,
                                    cursor->previews, &cursor->error));
}

static gboolean may_set_seen(const KxImap *imap)
{
    return !imap->read_only && imap->selected->rights & KX_RIGHT_SEEN;
}

/* FALSE at the end, or when something failed: cursor->error tells. */
static gboolean load_batch(KxFetchCursor *cursor)
{
    const KxFetchPlan *plan = cursor->plan;
    gboolean index = (plan->traits & NEEDS_INDEX) != 0;
    guint room = index ? KX_FETCH_CACHE_BATCH : KX_FETCH_BATCH;
    cursor->n = cursor->at = 0;
    while (cursor->n < room && cursor->range < cursor->ranges->len) {
        take_items(cursor, room);
        if (plan->since)
            keep_changed(cursor);
    }
    if (cursor->n == 0)
        return FALSE;
    if ((plan->traits & KX_FETCH_SETS_SEEN) && may_set_seen(cursor->imap) && !set_seen(cursor))
        return FALSE;
    return !index || read_caches(cursor);
}

/* ---- writing ---- */

static void flush(KxFetchCursor *cursor)
{
    kx_session_write(cursor->imap->session, cursor->out->str, cursor->out->len);
    g_string_truncate(cursor->out, 0);
}

/* A copy of the next piece, as it may be sent. Its length was promised: if an administrator has cut
 * the file meanwhile, blanks make up for the rest. */
static char *copy_piece(KxFetchCursor *cursor, size_t n)
{
    KxFetchLiteral *literal = &cursor->literal;
    char *piece = g_malloc(n);
    if (literal->bytes) {
        memcpy(piece, literal->bytes, n);
    } else {
        size_t got = kx_imap_message_read_decoded(cursor->message, literal->offset, piece, n);
        memset(piece + got, ' ', n - got);
    }
    for (char *at = piece; !literal->nul_kept && (at = memchr(at, '\0', n - (size_t)(at - piece)));)
        *at = (char)0x80;
    return piece;
}

static void write_literal(KxFetchCursor *cursor)
{
    KxFetchLiteral *literal = &cursor->literal;
    size_t n = (size_t)MIN(literal->left, LITERAL_PIECE);
    const char *bytes = literal->bytes;
    if (bytes && (literal->nul_kept || !memchr(bytes, '\0', n))) {
        kx_session_write(cursor->imap->session, bytes, n);
    } else {
        g_autofree char *piece = copy_piece(cursor, n);
        kx_session_write(cursor->imap->session, piece, n);
    }
    literal->left -= n;
    literal->offset += n;
    if (bytes)
        literal->bytes += n;
    if (literal->left == 0)
        g_clear_pointer(&literal->owned, g_bytes_unref);
}

/* FALSE if this message has no response: it is gone, or cannot be read. */
static gboolean begin_message(KxFetchCursor *cursor)
{
    const KxFetchPlan *plan = cursor->plan;
    guint32 uid = cursor->items[cursor->at].uid;
    g_autoptr(GError) error = NULL;
    gboolean found = TRUE;
    if (plan->traits & KX_FETCH_NEEDS_CACHE)
        found = cursor->caches[cursor->at].envelope != NULL;
    if (plan->traits & KX_FETCH_NEEDS_IDS)
        found = found && cursor->ids[cursor->at].known;
    if (found && (plan->traits & KX_FETCH_NEEDS_CONTENT)) {
        cursor->message =
            kx_imap_message(cursor->imap, kx_view_folder(cursor->imap->view), uid, &error);
        found = cursor->message != NULL;
    }
    if (!found) {
        kx_imap_lose(cursor->imap->view, &cursor->losses, uid, error);
        return FALSE;
    }
    cursor->highest = MAX(cursor->highest, cursor->items[cursor->at].modseq);
    cursor->begun = TRUE;
    cursor->any = FALSE;
    cursor->attr = 0;
    cursor->begin = cursor->out->len;
    gboolean uid_only = (cursor->imap->enabled & KX_IMAP_UIDONLY) != 0;
    g_string_append_len(cursor->out, "* ", 2);
    kx_fetch_append_uint(cursor->out, uid_only ? uid : cursor->seqs[cursor->at]);
    g_string_append(cursor->out, uid_only ? " UIDFETCH (" : " FETCH (");
    return TRUE;
}

/* The flags that changed by reading are part of the response, unless asked for anyway. */
static void write_seen(KxFetchCursor *cursor)
{
    const GPtrArray *attrs = cursor->seen_plan->attrs;
    for (guint i = 0; i < attrs->len; i++) {
        const KxFetchAttr *attr = g_ptr_array_index(attrs, i);
        if (!(attr->kind->traits & cursor->plan->traits))
            attr->kind->write(cursor, attr);
    }
}

static void end_message(KxFetchCursor *cursor)
{
    if (cursor->seen_now[cursor->at])
        write_seen(cursor);
    if (cursor->any)
        g_string_append_len(cursor->out, ")\r\n", 3);
    else /* only of parts that cannot be decoded: no response */
        g_string_truncate(cursor->out, cursor->begin);
    cursor->begun = FALSE;
    cursor->message = NULL;
    cursor->seen_now[cursor->at++] = FALSE;
}

/* Goes on with the current message up to its end, or to a long value. */
static void write_message(KxFetchCursor *cursor)
{
    const GPtrArray *attrs = cursor->plan->attrs;
    if (!cursor->begun && !begin_message(cursor)) {
        cursor->at++;
        return;
    }
    while (cursor->attr < attrs->len) {
        const KxFetchAttr *attr = g_ptr_array_index(attrs, cursor->attr++);
        attr->kind->write(cursor, attr);
        if (cursor->literal.left > 0) {
            flush(cursor);
            return;
        }
    }
    end_message(cursor);
}

/* ---- the end ---- */

static void finish(KxFetchCursor *cursor)
{
    KxImap *imap = cursor->imap;
    kx_imap_message_settle(imap);
    if (imap->command->flags &
        KX_IMAP_NO_SYNC) /* SELECT: what is new is told by the next command */
        kx_imap_cap_modseq(imap, cursor->highest);
    if (cursor->error)
        kx_imap_no_error(imap, cursor->error);
    else if (kx_imap_report_losses(imap, imap->view, &cursor->losses))
        kx_imap_no(imap, "SERVERBUG", "Some messages could not be read");
    else if (cursor->unknown_encoding)
        kx_imap_no(imap, "UNKNOWN-CTE", "Some parts have an unknown transfer encoding");
    else if (cursor->losses.expunged > 0 && !cursor->code)
        kx_imap_ok(imap, "EXPUNGEISSUED", "Some messages were already expunged");
    else
        kx_imap_ok(imap, cursor->code, cursor->text);
}

static KxStep step(KxSession *session, gpointer data)
{
    KxFetchCursor *cursor = data;
    if (cursor->vanished && !kx_vanished_step(cursor->vanished))
        return KX_STEP_MORE;
    g_clear_pointer(&cursor->vanished, kx_vanished_free);
    while (!kx_session_full(session)) {
        if (cursor->literal.left > 0) {
            write_literal(cursor);
        } else if (cursor->at == cursor->n && !load_batch(cursor)) {
            flush(cursor);
            finish(cursor);
            return KX_STEP_DONE;
        } else {
            write_message(cursor);
        }
        if (cursor->out->len >= FLUSH_SIZE)
            flush(cursor);
    }
    flush(cursor);
    return KX_STEP_MORE;
}

static KxFetchCursor *cursor_new(KxImap *imap, KxFetchPlan *plan, GArray *ranges)
{
    KxFetchCursor *cursor = g_new0(KxFetchCursor, 1);
    cursor->imap = imap;
    cursor->plan = plan;
    cursor->seen_plan = kx_fetch_plan_new(
        KX_FETCH_HAS_FLAGS | (imap->enabled & KX_IMAP_CONDSTORE ? KX_FETCH_HAS_MODSEQ : 0));
    cursor->ranges = ranges;
    cursor->out = g_string_sized_new(FLUSH_SIZE + FLUSH_SIZE / 4);
    return cursor;
}

void kx_fetch_run(KxImap *imap, KxFetchPlan *plan, GArray *ranges, char *code, const char *text)
{
    kx_fetch_run_after(imap, NULL, plan, ranges, code, text);
}

void kx_fetch_run_after(KxImap *imap, KxVanished *vanished, KxFetchPlan *plan, GArray *ranges,
                        char *code, const char *text)
{
    KxFetchCursor *cursor = cursor_new(imap, plan, ranges);
    cursor->vanished = vanished;
    cursor->code = code;
    cursor->text = text;
    kx_session_set_cursor(imap->session, step, cursor, cursor_free);
}

/* At most so many bytes are the response for the current message. */
static size_t bound(const KxFetchCursor *cursor)
{
    const KxFetchPlan *plan = cursor->plan;
    size_t bytes = 1024;
    for (guint i = 0; i < plan->attrs->len; i++) {
        const KxFetchAttr *attr = g_ptr_array_index(plan->attrs, i);
        bytes += strlen(attr->label) + 64;
        if (attr->kind->traits & KX_FETCH_NEEDS_CONTENT)
            bytes += cursor->items[cursor->at].size;
    }
    if (plan->traits & KX_FETCH_NEEDS_CACHE)
        bytes += cursor->caches[cursor->at].envelope_len + cursor->caches[cursor->at].structure_len;
    return bytes;
}

gboolean kx_fetch_tell(KxImap *imap, KxFetchPlan *plan, GArray *ranges, size_t room)
{
    KxFetchCursor *cursor = cursor_new(imap, plan, g_array_ref(ranges));
    gboolean fits = TRUE;
    for (;;) {
        if (cursor->literal.left > 0) {
            write_literal(cursor);
            continue;
        }
        if (cursor->at == cursor->n && !load_batch(cursor))
            break;
        if (!cursor->begun) {
            fits = bound(cursor) <= room;
            if (!fits)
                break;
            room -= bound(cursor);
        }
        write_message(cursor);
    }
    flush(cursor);
    kx_imap_message_settle(imap);
    cursor->plan = NULL; /* the caller's */
    cursor_free(cursor);
    return fits;
}

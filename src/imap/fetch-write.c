/* SPDX-License-Identifier: Apache-2.0 */
/* Data items that come from the index. */
#include "imap/fetch-write.h"

#include "imap/fetch-cursor.h"
#include "imap/object-id.h"
#include "mime/imap-envelope.h"

void kx_fetch_write_label(KxFetchCursor *cursor, const KxFetchAttr *attr)
{
    if (cursor->any)
        g_string_append_c(cursor->out, ' ');
    cursor->any = TRUE;
    g_string_append(cursor->out, attr->label);
}

static const KxItem *current(const KxFetchCursor *cursor)
{
    return &cursor->items[cursor->at];
}

KX_FETCH_WRITE(uid)
{
    kx_fetch_write_label(cursor, attr);
    kx_fetch_append_uint(cursor->out, current(cursor)->uid);
}

KX_FETCH_WRITE(flags)
{
    const KxItem *item = current(cursor);
    KxImap *imap = cursor->imap;
    /* \Recent is no more in IMAP4rev2 (RFC 9051 appendix E). */
    gboolean recent = !(imap->enabled & KX_IMAP_REV2) && kx_view_recent(imap->view) > 0 &&
                      kx_view_is_recent(imap->view, item->uid);
    kx_fetch_write_label(cursor, attr);
    kx_fetch_append_flags(cursor->out, item, recent);
}

KX_FETCH_WRITE(modseq)
{
    kx_fetch_write_label(cursor, attr);
    g_string_append_c(cursor->out, '(');
    kx_fetch_append_uint(cursor->out, current(cursor)->modseq);
    g_string_append_c(cursor->out, ')');
}

KX_FETCH_WRITE(internal_date)
{
    kx_fetch_write_label(cursor, attr);
    kx_fetch_append_date(cursor->out, &cursor->zone, current(cursor)->internal_date);
}

KX_FETCH_WRITE(save_date)
{
    kx_fetch_write_label(cursor, attr);
    kx_fetch_append_date(cursor->out, &cursor->zone, current(cursor)->save_date);
}

KX_FETCH_WRITE(size)
{
    kx_fetch_write_label(cursor, attr);
    kx_fetch_append_uint(cursor->out, current(cursor)->size);
}

KX_FETCH_WRITE(envelope)
{
    const KxItemCache *cache = &cursor->caches[cursor->at];
    kx_fetch_write_label(cursor, attr);
    g_string_append_len(cursor->out, cache->envelope, (gssize)cache->envelope_len);
}

KX_FETCH_WRITE(structure)
{
    const KxItemCache *cache = &cursor->caches[cursor->at];
    kx_fetch_write_label(cursor, attr);
    g_string_append_len(cursor->out, cache->structure, (gssize)cache->structure_len);
}

/* BODY without a section lacks the extension data, which the index does not keep apart. */
KX_FETCH_WRITE(body)
{
    kx_fetch_write_label(cursor, attr);
    kx_imap_append_body(cursor->out, kx_imap_message_parts(cursor->message));
}

/* ---- RFC 8474 ---- */

static void write_id(KxFetchCursor *cursor, const KxFetchAttr *attr, char kind,
                     const KxObjectId *id)
{
    char text[KX_OBJECT_ID_TEXT];
    kx_object_id_format(kind, id, text);
    kx_fetch_write_label(cursor, attr);
    g_string_append_printf(cursor->out, "(%s)", text);
}

KX_FETCH_WRITE(email_id)
{
    write_id(cursor, attr, 'M', &cursor->ids[cursor->at].email_id);
}

KX_FETCH_WRITE(thread_id)
{
    write_id(cursor, attr, 'T', &cursor->ids[cursor->at].thread_id);
}

/* ---- RFC 8970: NIL is for LAZY alone ---- */

KX_FETCH_WRITE(preview)
{
    const char *preview = cursor->previews[cursor->at];
    kx_fetch_write_label(cursor, attr);
    if (!preview && !cursor->plan->lazy_preview)
        preview = "";
    kx_imap_append_nstring(cursor->out, preview, -1);
}

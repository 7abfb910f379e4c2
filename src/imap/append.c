/* SPDX-License-Identifier: Apache-2.0 */
/* Content on its way in: what comes between the header of a literal and the end of its command. */
#include "imap/imap.h"
#include "mime/binary.h"

KxIncoming *kx_imap_new_incoming(KxImap *imap, GError **error)
{
    return kx_incoming_new(kx_session_core(imap->session)->store, error);
}

void kx_imap_drop_spools(KxImap *imap)
{
    g_ptr_array_set_size(imap->spools, 0);
    g_clear_error(&imap->spool_error);
    imap->spool_crlf = KX_CRLF_INIT;
    imap->spool_binary = FALSE;
}

/* Lines end in CRLF in the store; a literal8 is looked at as a whole, later. */
static gboolean write_piece(KxIncoming *incoming, KxCrlf *crlf, gboolean binary, KxSlice piece,
                            GError **error)
{
    if (binary)
        return kx_incoming_write(incoming, piece.data, piece.len, error);
    if (memchr(piece.data, '\0', piece.len))
        return kx_fail(error, KX_ERR_INVALID, "A message must not hold NUL, except as a literal8");
    g_autoptr(GString) lines = g_string_sized_new(piece.len + piece.len / 16);
    kx_crlf_append(crlf, lines, piece.data, piece.len);
    return kx_incoming_write(incoming, lines->str, lines->len, error);
}

static gboolean take_piece(KxImap *imap, KxSlice piece, GError **error)
{
    if (imap->spools->len == 0)
        return kx_fail(error, KX_ERR_BUSY, "The server restarted while the message came in");
    KxIncoming *incoming = imap->spools->pdata[imap->spools->len - 1];
    return write_piece(incoming, &imap->spool_crlf, imap->spool_binary, piece, error);
}

void kx_imap_begin_spool(KxImap *imap, gboolean binary)
{
    KxIncoming *incoming =
        imap->spool_error ? NULL : kx_imap_new_incoming(imap, &imap->spool_error);
    if (!incoming) {
        kx_imap_no_error(imap, imap->spool_error);
        return;
    }
    g_ptr_array_add(imap->spools, incoming);
    imap->spool_crlf = KX_CRLF_INIT;
    imap->spool_binary = binary;
    kx_session_reply(imap->session, 0, KX_IMAP_CODE_CONTINUE);
}

void kx_imap_spool(KxImap *imap, KxSlice data)
{
    if (!imap->spool_error)
        take_piece(imap, data, &imap->spool_error);
    kx_session_reply(imap->session, 0, KX_IMAP_CODE_NONE);
}

KxIncoming *kx_imap_take_bytes(KxImap *imap, KxSlice bytes, gboolean binary, GError **error)
{
    g_autoptr(KxIncoming) incoming = kx_imap_new_incoming(imap, error);
    KxCrlf crlf = KX_CRLF_INIT;
    if (!incoming || !write_piece(incoming, &crlf, binary, bytes, error))
        return NULL;
    return g_steal_pointer(&incoming);
}

static gboolean write_safe(const void *bytes, size_t len, gpointer incoming, GError **error)
{
    return kx_incoming_write(incoming, bytes, len, error);
}

KxIncoming *kx_imap_make_safe(KxImap *imap, KxIncoming *incoming, GError **error)
{
    g_autoptr(KxIncoming) raw = incoming;
    g_autoptr(KxIncoming) safe = kx_imap_new_incoming(imap, error);
    const char *data;
    size_t len;
    if (!safe || !kx_incoming_map(raw, &data, &len, error) ||
        !kx_mime_to_binary_safe(data, len, write_safe, safe, error))
        return NULL;
    return g_steal_pointer(&safe);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/fetch-message.h"

#include "imap/mailbox.h"
#include "mime/header.h"
#include "store/content.h"

enum {
    WORTH_KEEPING =
        256 * 1024, /* bytes; less is soon read and parsed again, more is mapped, not copied */
    DECODE_PIECE = 16 * 1024,
};

struct KxImapMessage {
    KxFolder *folder;
    guint32 uid;
    GBytes *content;
    const char *data;
    size_t len;
    size_t header_len; /* 0: not looked for yet */
    KxMimeMessage *parts;
    /* the part that is being decoded */
    const KxMimePart *part;
    KxImapDecoded decoded;
    KxMimeDecoder decoder;
    guint64 piece_start; /* decoded bytes before the piece */
    size_t piece_len;
    char piece[DECODE_PIECE];
};

void kx_imap_message_free(KxImapMessage *message)
{
    if (!message)
        return;
    kx_mime_message_free(message->parts);
    g_bytes_unref(message->content);
    kx_folder_unref(message->folder);
    g_free(message);
}

KxImapMessage *kx_imap_message(KxImap *imap, KxFolder *folder, guint32 uid, GError **error)
{
    if (imap->message && imap->message->folder == folder && imap->message->uid == uid)
        return imap->message;
    g_clear_pointer(&imap->message, kx_imap_message_free);
    GBytes *content = kx_item_content(folder, uid, error);
    if (!content)
        return NULL;
    KxImapMessage *message = g_malloc(sizeof *message);
    memset(message, 0, offsetof(KxImapMessage, piece));
    message->folder = kx_folder_ref(folder);
    message->uid = uid;
    message->content = content;
    const char *data = g_bytes_get_data(content, &message->len);
    message->data = data ? data : "";
    imap->message = message;
    return message;
}

void kx_imap_message_settle(KxImap *imap)
{
    if (imap->message && imap->message->len < WORTH_KEEPING)
        g_clear_pointer(&imap->message, kx_imap_message_free);
}

const char *kx_imap_message_data(const KxImapMessage *message, size_t *ret_len)
{
    *ret_len = message->len;
    return message->data;
}

size_t kx_imap_message_header_len(KxImapMessage *message)
{
    if (message->header_len == 0)
        message->header_len = kx_header_length(message->data, message->len);
    return message->header_len;
}

const KxMimeMessage *kx_imap_message_parts(KxImapMessage *message)
{
    if (!message->parts)
        message->parts = kx_mime_parse(message->data, message->len);
    return message->parts;
}

/* ---- decoding ---- */

static void restart_decoding(KxImapMessage *message)
{
    const KxMimePart *part = message->part;
    kx_mime_decoder_init(&message->decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    message->piece_start = 0;
    message->piece_len = 0;
}

static gboolean next_piece(KxImapMessage *message)
{
    message->piece_start += message->piece_len;
    message->piece_len = kx_mime_decoder_read(&message->decoder, message->piece, DECODE_PIECE);
    return message->piece_len > 0;
}

KxImapDecoded kx_imap_message_measure(KxImapMessage *message, const KxMimePart *part)
{
    if (message->part == part)
        return message->decoded;
    message->part = part;
    message->decoded = (KxImapDecoded){0};
    restart_decoding(message);
    while (next_piece(message)) {
        message->decoded.size += message->piece_len;
        if (!message->decoded.has_nul)
            message->decoded.has_nul = memchr(message->piece, '\0', message->piece_len) != NULL;
    }
    restart_decoding(message);
    return message->decoded;
}

size_t kx_imap_message_read_decoded(KxImapMessage *message, guint64 offset, char *out, size_t len)
{
    if (offset < message->piece_start)
        restart_decoding(message);
    size_t done = 0;
    while (done < len) {
        guint64 skip = offset + done - message->piece_start;
        if (skip >= message->piece_len) {
            if (!next_piece(message))
                break;
            continue;
        }
        size_t n = MIN(message->piece_len - (size_t)skip, len - done);
        memcpy(out + done, message->piece + skip, n);
        done += n;
    }
    return done;
}

/* ---- losses ---- */

void kx_imap_lose(KxView *view, KxImapLosses *losses, guint32 uid, const GError *error)
{
    if (!kx_view_item_stays(view, uid)) {
        losses->expunged++;
        return;
    }
    if (losses->unreadable++ == 0) {
        losses->first_uid = uid;
        losses->first_error = error ? g_error_copy(error) : NULL;
    }
}

gboolean kx_imap_report_losses(KxImap *imap, KxView *view, const KxImapLosses *losses)
{
    if (losses->unreadable == 0)
        return FALSE;
    g_autofree char *path = kx_folder_path(kx_view_folder(view));
    kx_log(kx_session_core(imap->session)->logger, KX_LOG_ERROR,
           "IMAP: %u messages of ~%s/%s cannot be read, the first is UID %u: %s",
           losses->unreadable, kx_account_name(kx_folder_account(kx_view_folder(view))), path,
           losses->first_uid,
           losses->first_error ? losses->first_error->message : "its envelope is missing");
    return TRUE;
}

void kx_imap_losses_clear(KxImapLosses *losses)
{
    g_clear_error(&losses->first_error);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What of a message goes into the index: all that SEARCH may look at, folded as it folds. */
#include "mime/decode.h"
#include "mime/envelope-read.h"
#include "mime/imap-envelope.h"
#include "search/search-private.h"

/* Addresses are searched as the envelope has them, which need not be how the header writes them. */
static void take_envelope(KxGrams *grams, const char *data, size_t len)
{
    static const KxEnvelopeField fields[] = {
        KX_ENVELOPE_SUBJECT, KX_ENVELOPE_FROM, KX_ENVELOPE_TO, KX_ENVELOPE_CC, KX_ENVELOPE_BCC,
    };
    g_autoptr(GString) envelope = g_string_new(NULL);
    kx_imap_append_envelope(envelope, data, len);
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *text = kx_envelope_get(envelope->str, envelope->len, fields[i]);
        if (text)
            kx_fold_text(KX_COLLATION_UNICODE, text, strlen(text), kx_grams_take, grams);
    }
}

/* ---- attachments ---- */

static gboolean may_have_text(const KxMimePart *part)
{
    static const char *const without[] = {"text",  "message", "multipart", "image",
                                          "audio", "video",   "font",      NULL};
    return part->kind == KX_MIME_LEAF && part->body_len > 0 &&
           !g_strv_contains(without, part->type);
}

/* The bytes of the part when decoded, or more than KX_SEARCH_ATTACHMENT_MAX when they are more.
 * They are counted first, for what is too big shall not be in memory up to where that shows. */
static size_t decoded_size(const KxMimeMessage *message, const KxMimePart *part)
{
    char piece[4096];
    size_t size = 0, n;
    KxMimeDecoder decoder;
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    while (size <= KX_SEARCH_ATTACHMENT_MAX &&
           (n = kx_mime_decoder_read(&decoder, piece, sizeof piece)) > 0)
        size += n;
    return size;
}

/* NULL: there is none, or it is too big. */
static GBytes *decode(const KxMimeMessage *message, const KxMimePart *part)
{
    enum { SPARE = 4 }; /* a decoder wants that much room at its end */
    size_t size = decoded_size(message, part), done = 0, n;
    if (size == 0 || size > KX_SEARCH_ATTACHMENT_MAX)
        return NULL;
    g_autofree char *bytes = g_malloc(size + SPARE);
    KxMimeDecoder decoder;
    kx_mime_decoder_init(&decoder, part->encoding, message->data + part->body_start,
                         part->body_len);
    while ((n = kx_mime_decoder_read(&decoder, bytes + done, size + SPARE - done)) > 0)
        done += n;
    return g_bytes_new_take(g_steal_pointer(&bytes), done);
}

static void append_text(GString *all, const char *text)
{
    size_t room = KX_SEARCH_TEXT_MAX - all->len;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    size_t take = MIN(strlen(valid), room > 0 ? room - 1 : 0);
    while (take > 0 && (valid[take] & 0xc0) == 0x80)
        take--;
    g_string_append_len(all, valid, (gssize)take);
    if (take > 0)
        g_string_append_c(all, '\n');
}

static const char *file_name_of(const KxMimePart *part)
{
    const char *name = kx_mime_param_get(&part->disposition_params, "filename");
    return name ? name : kx_mime_param_get(&part->type_params, "name");
}

/* FALSE: not now. */
static gboolean extract(KxSearch *search, const KxMimeMessage *message, const KxMimePart *part,
                        GString *all)
{
    g_autoptr(GBytes) content = decode(message, part);
    g_autofree char *type = g_strdup_printf("%s/%s", part->type, part->subtype);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    if (!content)
        return TRUE;
    if (search->extract(search->extract_data, type, file_name_of(part), content, &text, &error)) {
        append_text(all, text);
        return TRUE;
    }
    kx_debug(search->logger, KX_DEBUG_SEARCH_SORT, "no text in an attachment %s: %s", type,
             error->message);
    return !g_error_matches(error, KX_ERROR, KX_ERR_BUSY);
}

static gboolean extract_all(KxSearch *search, const KxMimeMessage *message, GString *all)
{
    gboolean ok = TRUE;
    for (const KxMimePart *part = message->root; part && ok; part = kx_mime_part_next(part))
        if (may_have_text(part) && all->len < KX_SEARCH_TEXT_MAX - 1)
            ok = extract(search, message, part, all);
    return ok;
}

gboolean kx_search_read_message(KxSearch *search, const char *data, size_t len,
                                GString *attachments)
{
    KxGrams *grams = search->grams;
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    if (search->extract && !extract_all(search, message, attachments))
        return FALSE;
    kx_grams_begin(grams);
    kx_grams_area(grams, KX_GRAMS_HEADER);
    kx_fold_header(KX_COLLATION_UNICODE, message, kx_grams_take, grams);
    take_envelope(grams, data, len);
    kx_grams_area(grams, KX_GRAMS_BODY);
    kx_fold_body(KX_COLLATION_UNICODE, message, kx_grams_take, grams);
    kx_fold_text(KX_COLLATION_UNICODE, attachments->str, attachments->len, kx_grams_take, grams);
    return TRUE;
}

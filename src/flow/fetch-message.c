/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A downloaded message on its way from the courier into mailboxes and the queue. Its header is
 * gathered first, as that of a message over SMTP: it says who gets it.
 */
#include "base/error.h"
#include "filter/results.h"
#include "flow/fetch-private.h"
#include "flow/footer.h"
#include "mime/header.h"

enum {
    HEADER_MAX = 1024 * 1024, /* bytes */
};

struct KxFetchMessage {
    const KxFetchSession *session;
    KxEnvelope *envelope;
    KxSender sender;
    KxRecipients recipients;
    KxIncoming *incoming;
    GString *head; /* until it is complete */
    gboolean head_done;
    gboolean cr; /* the last byte was CR */
    GString *piece;
    GChecksum *digest; /* of what copies have in common; NULL: not asked for */
    KxFetched outcome; /* of what could not be done; KX_FETCHED: all goes well */
    GError *error;
};

static gboolean stop(KxFetchMessage *message, KxFetched outcome)
{
    message->outcome = outcome;
    return FALSE;
}

KxFetchMessage *kx_fetch_message_new(const KxFetchSession *session)
{
    KxFetchMessage *message = g_new0(KxFetchMessage, 1);
    message->session = session;
    message->envelope = kx_envelope_new();
    message->head = g_string_new(NULL);
    message->piece = g_string_new(NULL);
    if (session->download->drop_duplicates)
        message->digest = g_checksum_new(G_CHECKSUM_SHA256);
    message->incoming = kx_incoming_new(session->tools->store, &message->error);
    if (!message->incoming)
        stop(message, KX_FETCHED_LATER);
    return message;
}

void kx_fetch_message_free(KxFetchMessage *message)
{
    if (!message)
        return;
    kx_recipients_clear(&message->recipients);
    kx_sender_clear(&message->sender);
    kx_envelope_free(message->envelope);
    kx_incoming_free(message->incoming);
    if (message->head)
        g_string_free(message->head, TRUE);
    g_string_free(message->piece, TRUE);
    g_clear_pointer(&message->digest, g_checksum_free);
    g_clear_error(&message->error);
    g_free(message);
}

/* ---- header ---- */

static gboolean put(KxFetchMessage *message, const char *bytes, size_t len)
{
    return kx_incoming_write(message->incoming, bytes, len, &message->error) ||
           stop(message, KX_FETCHED_LATER);
}

/* Trace fields and what servers add for one recipient: copies differ in them. */
static gboolean differs(const KxFetchMessage *message, const KxHeaderField *field)
{
    static const char *const names[] = {"Received",    "Return-Path",   "Delivered-To",
                                        "Envelope-To", "X-Envelope-To", "X-Original-To",
                                        "Status",      "X-UIDL"};
    const char *preferred = message->session->download->header;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (kx_header_field_is(field, names[i]))
            return TRUE;
    return *preferred && kx_header_field_is(field, preferred);
}

static void digest(KxFetchMessage *message, const char *bytes, size_t len)
{
    if (message->digest)
        g_checksum_update(message->digest, (const guchar *)bytes, (gssize)len);
}

/* The fields as they came, without Return-Path, of which there is to be one, and without what
 * others say in our name about who the message is from (RFC 8601 section 5). */
static void append_fields(KxFetchMessage *message, GString *out, size_t header_len)
{
    GString *head = message->head;
    g_autoptr(KxSettings) settings = kx_directory_settings(message->session->tools->directory);
    const char *hostname = kx_settings_text(settings, KX_SET_SERVER_HOSTNAME);
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, head->str, header_len);
    while (kx_header_iter_next(&iter, &field)) {
        if (!kx_header_field_is(&field, "Return-Path") && !kx_results_claims(&field, hostname))
            g_string_append_len(out, field.start, (gssize)field.len);
        if (!differs(message, &field))
            digest(message, field.start, field.len);
    }
    size_t rest = (size_t)(iter.pos - head->str);
    g_string_append_len(out, iter.pos, (gssize)(head->len - rest));
    digest(message, iter.pos, head->len - rest);
}

static gboolean check_hops(KxFetchMessage *message, gint64 hops)
{
    g_autoptr(KxSettings) settings = kx_directory_settings(message->session->tools->directory);
    if (hops <= kx_settings_int(settings, KX_SET_SMTP_MAX_HOPS))
        return TRUE;
    kx_fail(&message->error, KX_ERR_INVALID, "too many hops: the message is in a loop");
    return stop(message, KX_FETCHED_REFUSED);
}

/* From what the header says to an envelope with recipients. */
static gboolean address(KxFetchMessage *message, size_t header_len)
{
    const KxFetchSession *session = message->session;
    const KxFetchTools *tools = session->tools;
    KxEnvelope *envelope = message->envelope;
    envelope->service = g_strdup(session->download->protocol == KX_FETCH_IMAP ? "IMAP" : "POP3");
    envelope->sender = kx_fetch_find_sender(message->head->str, header_len);
    envelope->remote_ip = g_strdup(session->ip);
    envelope->secure = *session->tls != '\0';
    envelope->created = g_get_real_time() / G_USEC_PER_SEC;
    if (!kx_queue_new_id(tools->queue, envelope->created, envelope->id, &message->error))
        return stop(message, KX_FETCHED_LATER);
    kx_sender_get(tools->directory, NULL, envelope->sender, FALSE, &message->sender);
    kx_recipients_init(&message->recipients, tools->directory, tools->store, tools->logger,
                       envelope, &message->sender, TRUE);
    return kx_fetch_sort(session, &message->recipients, message->head->str, header_len,
                         &message->error) ||
           stop(message, KX_FETCHED_LATER);
}

/* The header is complete in `head`, perhaps with some of the body. */
static gboolean write_head(KxFetchMessage *message)
{
    GString *head = message->head;
    size_t len = kx_header_length(head->str, head->len);
    gboolean starts_with_field;
    gint64 hops = kx_fetch_count_hops(head->str, len, &starts_with_field);
    message->head_done = TRUE;
    if (!check_hops(message, hops) || !address(message, len))
        return FALSE;
    g_autoptr(GString) out = g_string_new(NULL);
    kx_fetch_append_trace(message->session, message->envelope, out);
    /* Content without a header would take our fields for its beginning. */
    if (!starts_with_field && !g_str_has_prefix(head->str, "\r\n"))
        g_string_append(out, "\r\n");
    append_fields(message, out, len);
    g_string_free(g_steal_pointer(&message->head), TRUE);
    return put(message, out->str, out->len);
}

static gboolean header_ends(const GString *head, size_t new_from)
{
    size_t from = new_from > 3 ? new_from - 3 : 0;
    return g_str_has_prefix(head->str, "\r\n") ||
           memmem(head->str + from, head->len - from, "\r\n\r\n", 4) != NULL;
}

/* ---- content ---- */

static gboolean take(KxFetchMessage *message, const char *bytes, size_t len)
{
    if (message->head_done) {
        digest(message, bytes, len);
        return put(message, bytes, len);
    }
    GString *head = message->head;
    size_t before = head->len;
    g_string_append_len(head, bytes, (gssize)len);
    if (header_ends(head, before))
        return write_head(message);
    if (head->len <= HEADER_MAX)
        return TRUE;
    kx_fail(&message->error, KX_ERR_TOO_BIG, "the message header is larger than 1 MiB");
    return stop(message, KX_FETCHED_REFUSED);
}

/* Lines end in CRLF and there is no NUL, whatever the other server stored. */
static void clean(KxFetchMessage *message, const char *bytes, size_t len)
{
    GString *piece = message->piece;
    g_string_truncate(piece, 0);
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (c == '\n' || (message->cr && c != '\r'))
            g_string_append(piece, "\r\n");
        if (c != '\n' && c != '\r' && c != '\0')
            g_string_append_c(piece, c);
        message->cr = c == '\r';
    }
}

void kx_fetch_message_write(KxFetchMessage *message, const char *bytes, size_t len)
{
    if (message->outcome != KX_FETCHED)
        return;
    clean(message, bytes, len);
    take(message, message->piece->str, message->piece->len);
}

/* ---- the end ---- */

/* Copies are those that go to the same recipients too: of those that differ in them, each gets
 * his. */
static char *finish_digest(KxFetchMessage *message)
{
    const GPtrArray *recipients = message->envelope->recipients;
    for (guint i = 0; i < recipients->len; i++) {
        const char *to = ((const KxEnvelopeRcpt *)recipients->pdata[i])->address;
        g_checksum_update(message->digest, (const guchar *)to, (gssize)strlen(to) + 1);
    }
    return g_strdup(g_checksum_get_string(message->digest));
}

static gboolean is_copy(KxFetchMessage *message, const char *digest_text)
{
    const KxFetchSession *session = message->session;
    gboolean is;
    if (!kx_fetch_memory_is_copy(session->tools->memory, session->mailbox, digest_text, &is,
                                 &message->error)) {
        stop(message, KX_FETCHED_LATER);
        return FALSE;
    }
    if (is) {
        kx_fail(&message->error, KX_ERR_EXISTS, "it was delivered before");
        stop(message, KX_FETCHED_COPY);
    }
    return is;
}

static gboolean deliver(KxFetchMessage *message)
{
    const KxFetchTools *tools = message->session->tools;
    return (kx_footer_apply(tools->directory, tools->store, &message->sender, message->envelope,
                            &message->incoming, &message->error) &&
            kx_queue_accept(tools->queue, message->envelope, message->incoming, &message->error)) ||
           stop(message, KX_FETCHED_LATER);
}

static void finish(KxFetchMessage *message)
{
    const KxFetchSession *session = message->session;
    if (message->cr)
        take(message, "\r\n", 2);
    if (message->outcome != KX_FETCHED || (!message->head_done && !write_head(message)))
        return;
    g_autofree char *text = message->digest ? finish_digest(message) : NULL;
    if (text && (is_copy(message, text) || message->outcome != KX_FETCHED))
        return;
    if (deliver(message) && text)
        kx_fetch_memory_note_copy(session->tools->memory, session->mailbox, text, NULL);
}

KxFetched kx_fetch_message_finish(KxFetchMessage *message, GError **error)
{
    if (message->outcome == KX_FETCHED)
        finish(message);
    if (message->outcome != KX_FETCHED)
        g_propagate_error(error, g_steal_pointer(&message->error));
    return message->outcome;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a message in the core. The header is gathered first: it is counted and completed,
 * gets the trace fields in front, and goes into the store's temporary file with all that follows.
 */
#include "base/error.h"
#include "base/text.h"
#include "filter/results.h"
#include "flow/footer.h"
#include "ipc/message.h"
#include "mime/binary.h"
#include "mime/crlf.h"
#include "mime/header.h"
#include "smtp/loop.h"
#include "smtp/transaction.h"

gboolean kx_smtp_refuse(KxSmtpTransaction *transaction, guint code, const char *text)
{
    transaction->refusal = (KxSmtpVerdict){code, text};
    return FALSE;
}

gboolean kx_smtp_refuse_error(KxSmtpTransaction *transaction, const GError *error)
{
    if (g_error_matches(error, KX_ERROR, KX_ERR_OVERQUOTA))
        return kx_smtp_refuse(transaction, 452, "4.2.2 The mailbox is full");
    if (g_error_matches(error, KX_ERROR, KX_ERR_NOT_FOUND))
        return kx_smtp_refuse(transaction, 550, "5.1.1 The mailbox does not exist any more");
    kx_log(kx_session_core(transaction->session)->logger, KX_LOG_ERROR,
           "A message from <%s> could not be taken: %s", transaction->envelope->sender,
           error->message);
    return kx_smtp_refuse(transaction, 451, "4.3.0 The message could not be stored, try again");
}

/* ---- beginning ---- */

static gboolean begin(KxSmtpTransaction *transaction)
{
    KxCore *core = kx_session_core(transaction->session);
    KxEnvelope *envelope = transaction->envelope;
    g_autoptr(GError) error = NULL;
    transaction->begun = TRUE;
    envelope->created = g_get_real_time() / G_USEC_PER_SEC;
    gboolean ok = kx_queue_new_id(core->queue, envelope->created, envelope->id, &error);
    if (ok)
        ok = (transaction->incoming = kx_incoming_new(core->store, &error)) != NULL;
    if (ok && (envelope->flags & KX_SMTP_BINARYMIME))
        ok = (transaction->raw = kx_incoming_new(core->store, &error)) != NULL;
    transaction->head = g_string_new(NULL);
    return ok || kx_smtp_refuse_error(transaction, error);
}

/* ---- header ---- */

typedef struct {
    gint64 hops;
    gboolean date, message_id, tls_optional;
    gboolean starts_with_field;
} HeaderFacts;

/* RFC 8689 section 3. */
static gboolean says_no(const KxHeaderField *field)
{
    g_autofree char *value = kx_header_unfold(field->value, field->value_len, 100);
    return g_ascii_strcasecmp(value, "No") == 0;
}

static HeaderFacts study(const char *header, size_t len)
{
    HeaderFacts facts = {0};
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    for (gboolean first = TRUE; kx_header_iter_next(&iter, &field); first = FALSE) {
        facts.starts_with_field |= first && field.name_len > 0;
        facts.hops += kx_header_field_is(&field, "Received");
        facts.date |= kx_header_field_is(&field, "Date");
        facts.message_id |= kx_header_field_is(&field, "Message-ID");
        facts.tls_optional |= kx_header_field_is(&field, "TLS-Required") && says_no(&field);
    }
    return facts;
}

/* What users' programs left out (RFC 6409 sections 8.1, 8.2). */
static void append_missing(GString *out, const KxSmtpTransaction *transaction,
                           const HeaderFacts *facts)
{
    const KxEnvelope *envelope = transaction->envelope;
    if (!kx_session_service(transaction->session)->submission)
        return;
    if (!facts->date) {
        g_autofree char *date = kx_format_rfc5322_date(envelope->created);
        g_string_append_printf(out, "Date: %s\r\n", date);
    }
    if (!facts->message_id)
        g_string_append_printf(
            out, "Message-ID: <%s@%s>\r\n", envelope->id,
            kx_settings_text(kx_session_settings(transaction->session), KX_SET_SERVER_HOSTNAME));
}

static gboolean put(KxSmtpTransaction *transaction, const void *bytes, size_t len)
{
    g_autoptr(GError) error = NULL;
    return kx_incoming_write(transaction->incoming, bytes, len, &error) ||
           kx_smtp_refuse_error(transaction, error);
}

/* But for what others say in our name about who a message is from (RFC 8601 section 5). */
static gboolean put_header(KxSmtpTransaction *transaction, const GString *head)
{
    const char *hostname =
        kx_settings_text(kx_session_settings(transaction->session), KX_SET_SERVER_HOSTNAME);
    const char *done = head->str, *end = head->str + head->len;
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, head->str, head->len);
    while (kx_header_iter_next(&iter, &field)) {
        if (!kx_results_claims(&field, hostname))
            continue;
        if (!put(transaction, done, (size_t)(field.start - done)))
            return FALSE;
        done = field.start + field.len;
    }
    return put(transaction, done, (size_t)(end - done));
}

/* REQUIRETLS comes before the field (RFC 8689 section 3). */
static void note_tls(KxSmtpTransaction *transaction, const HeaderFacts *facts)
{
    KxEnvelope *envelope = transaction->envelope;
    if (facts->tls_optional && !(envelope->flags & KX_SMTP_REQUIRETLS) &&
        kx_settings_bool(kx_session_settings(transaction->session), KX_SET_SMTP_TLS_REQUIRED_NO))
        envelope->flags |= KX_SMTP_TLS_OPTIONAL;
}

/* The trace fields name a recipient only where there is but one. */
static gboolean goes_round(const KxSmtpTransaction *transaction, const KxSettings *settings)
{
    const GPtrArray *given = transaction->envelope->given;
    return given->len == 1 &&
           kx_smtp_goes_round(transaction->head->str, transaction->head->len,
                              kx_settings_text(settings, KX_SET_SERVER_HOSTNAME), given->pdata[0]);
}

/* The header is complete in `head`, perhaps with some of the body. */
static gboolean write_head(KxSmtpTransaction *transaction)
{
    GString *head = transaction->head;
    KxSettings *settings = kx_session_settings(transaction->session);
    HeaderFacts facts = study(head->str, head->len);
    transaction->head_done = TRUE;
    if (facts.hops > kx_settings_int(settings, KX_SET_SMTP_MAX_HOPS))
        return kx_smtp_refuse(transaction, 554, "5.4.6 Too many hops: the message is in a loop");
    if (facts.hops > KX_SMTP_ROUNDS_MAX && goes_round(transaction, settings))
        return kx_smtp_refuse(transaction, 554,
                              "5.4.6 The message was here for this recipient before: it is in a "
                              "loop");
    if (!kx_smtp_check_author(transaction, head->str, head->len))
        return FALSE;
    note_tls(transaction, &facts);
    kx_smtp_note_signer(transaction, head->str, head->len);
    g_autofree char *trace = kx_smtp_trace(transaction);
    g_autoptr(GString) top = g_string_new(trace);
    append_missing(top, transaction, &facts);
    /* Content without a header would take our fields for its beginning. */
    if (!facts.starts_with_field && !g_str_has_prefix(head->str, "\r\n"))
        g_string_append(top, "\r\n");
    gboolean ok = put(transaction, top->str, top->len) && put_header(transaction, head);
    g_string_free(g_steal_pointer(&transaction->head), TRUE);
    return ok;
}

static gboolean header_ends(const GString *head, size_t new_from)
{
    size_t from = new_from > 3 ? new_from - 3 : 0;
    return g_str_has_prefix(head->str, "\r\n") ||
           memmem(head->str + from, head->len - from, "\r\n\r\n", 4) != NULL;
}

static gboolean take_head(KxSmtpTransaction *transaction, const char *bytes, size_t len)
{
    GString *head = transaction->head;
    size_t before = head->len;
    g_string_append_len(head, bytes, (gssize)len);
    if (header_ends(head, before))
        return write_head(transaction);
    if (head->len > KX_SMTP_HEADER_MAX)
        return kx_smtp_refuse(transaction, 552, "5.3.4 The message header is larger than 1 MiB");
    return TRUE;
}

/* Content as it will be stored. However much comes at once, no more of it is looked at for the end
 * of the header than a header may have. */
static gboolean take(KxSmtpTransaction *transaction, const char *bytes, size_t len)
{
    for (size_t n; len > 0 && !transaction->head_done; bytes += n, len -= n) {
        n = MIN(len, (size_t)KX_CHUNK_MAX);
        if (!take_head(transaction, bytes, n))
            return FALSE;
    }
    return len == 0 || put(transaction, bytes, len);
}

/* ---- for the handler ---- */

gboolean kx_smtp_content_write(KxSmtpTransaction *transaction, KxSlice data)
{
    if (!transaction->begun && !begin(transaction))
        return FALSE;
    guint64 most =
        (guint64)kx_settings_int(kx_session_settings(transaction->session), KX_SET_SMTP_MAX_SIZE);
    transaction->received += data.len;
    if (most > 0 && transaction->received > most) /* the edge does not count what BURL brings */
        return kx_smtp_refuse(transaction, 552, "5.3.4 Message size exceeds the limit");
    if (!kx_sender_check_size(&transaction->sender, transaction->received, NULL))
        return kx_smtp_refuse(transaction, 552, KX_SMTP_TOO_BIG);
    if (!transaction->raw)
        return take(transaction, data.data, data.len);
    g_autoptr(GError) error = NULL;
    return kx_incoming_write(transaction->raw, data.data, data.len, &error) ||
           kx_smtp_refuse_error(transaction, error);
}

static gboolean sink(const void *bytes, size_t len, gpointer user, GError **error)
{
    return take(user, bytes, len) || kx_fail(error, KX_ERR_FAILED, "refused");
}

/* BINARYMIME: what other protocols could not carry is encoded. */
static gboolean convert(KxSmtpTransaction *transaction)
{
    g_autoptr(GError) error = NULL;
    const char *data;
    size_t len;
    KxCrlfInfo info;
    if (!kx_incoming_map(transaction->raw, &data, &len, &error))
        return kx_smtp_refuse_error(transaction, error);
    kx_crlf_scan(data, len, &info);
    if (!info.bare_cr && !info.bare_lf && !info.nul)
        return take(transaction, data, len);
    return kx_mime_to_binary_safe(data, len, sink, transaction, &error);
}

gboolean kx_smtp_content_end(KxSmtpTransaction *transaction)
{
    if (transaction->raw && !convert(transaction))
        return FALSE;
    if (!transaction->head_done && !write_head(transaction))
        return FALSE;
    KxCore *core = kx_session_core(transaction->session);
    g_autoptr(GError) error = NULL;
    if (!kx_footer_apply(core->directory, core->store, &transaction->sender, transaction->envelope,
                         &transaction->incoming, &error))
        return kx_smtp_refuse_error(transaction, error);
    return kx_smtp_authenticate(transaction);
}

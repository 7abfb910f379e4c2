/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/envelope.h"

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "ipc/message.h"

static const char FIRST_LINE[] = "Keryx-Envelope: 1\n";
static const char LAST_LINE[] = "End\n";
static const char DONE[] = "Done:"; /* and numbers, each with a space before it */

typedef enum { TEXT, NUMBER, TIME, FLAG } Kind;
typedef struct {
    const char *name;
    Kind kind;
    size_t offset;
} Field;

#define MESSAGE_FIELD(name, kind, member)                                                          \
    {                                                                                              \
        name, kind, offsetof(KxEnvelope, member)                                                   \
    }
#define RCPT_FIELD(name, kind, member)                                                             \
    {                                                                                              \
        name, kind, offsetof(KxEnvelopeRcpt, member)                                               \
    }
static const Field MESSAGE_FIELDS[] = {
    MESSAGE_FIELD("Created", TIME, created),
    MESSAGE_FIELD("Next-Try", TIME, next_try),
    MESSAGE_FIELD("Attempts", NUMBER, attempts),
    MESSAGE_FIELD("Size", NUMBER, size),
    MESSAGE_FIELD("Skip", NUMBER, skip),
    MESSAGE_FIELD("Service", TEXT, service),
    MESSAGE_FIELD("Sender", TEXT, sender),
    MESSAGE_FIELD("User", TEXT, user),
    MESSAGE_FIELD("Sender-Host", TEXT, remote_ip),
    MESSAGE_FIELD("SSL", FLAG, secure),
    MESSAGE_FIELD("Flags", NUMBER, flags),
    MESSAGE_FIELD("Release", TIME, release),
    MESSAGE_FIELD("Deliver-By", TIME, deliver_by),
    MESSAGE_FIELD("Late-Told", FLAG, late_told),
    MESSAGE_FIELD("Priority", FLAG, priority),
    MESSAGE_FIELD("Ret", TEXT, ret),
    MESSAGE_FIELD("Envid", TEXT, envid),
    MESSAGE_FIELD("Auth", TEXT, auth),
    MESSAGE_FIELD("Held", FLAG, held),
    MESSAGE_FIELD("Urgent", FLAG, urgent),
    MESSAGE_FIELD("Begins", TIME, begins),
    MESSAGE_FIELD("Warned", FLAG, warned),
    MESSAGE_FIELD("Report", TEXT, report),
    MESSAGE_FIELD("Signer", TEXT, signer),
    MESSAGE_FIELD("Checked", FLAG, checked),
};
static const Field RCPT_FIELDS[] = {
    RCPT_FIELD("Original", TEXT, original), RCPT_FIELD("Account", TEXT, account),
    RCPT_FIELD("Folder", TEXT, folder),     RCPT_FIELD("Orcpt", TEXT, orcpt),
    RCPT_FIELD("Notify", FLAG, notify),     RCPT_FIELD("Status", TEXT, status),
    RCPT_FIELD("Remote", TEXT, remote),     RCPT_FIELD("Reply", FLAG, reply),
    RCPT_FIELD("Sent-As", TEXT, sender),
};

static void rcpt_free(KxEnvelopeRcpt *rcpt)
{
    if (!rcpt)
        return;
    g_free(rcpt->address);
    g_free(rcpt->original);
    g_free(rcpt->account);
    g_free(rcpt->folder);
    g_free(rcpt->sender);
    g_free(rcpt->orcpt);
    g_free(rcpt->status);
    g_free(rcpt->remote);
    g_free(rcpt);
}

KxEnvelope *kx_envelope_new(void)
{
    KxEnvelope *envelope = g_new0(KxEnvelope, 1);
    envelope->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)rcpt_free);
    envelope->expanded = g_ptr_array_new_with_free_func((GDestroyNotify)rcpt_free);
    envelope->given = g_ptr_array_new_with_free_func(g_free);
    return envelope;
}

void kx_envelope_free(KxEnvelope *envelope)
{
    if (!envelope)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(MESSAGE_FIELDS); i++) {
        if (MESSAGE_FIELDS[i].kind == TEXT)
            g_free(G_STRUCT_MEMBER(char *, envelope, MESSAGE_FIELDS[i].offset));
    }
    g_ptr_array_unref(envelope->expanded);
    g_ptr_array_unref(envelope->given);
    g_ptr_array_unref(envelope->recipients);
    g_free(envelope);
}

KxEnvelopeRcpt *kx_envelope_add(KxEnvelope *envelope, const char *address, const char *account)
{
    KxEnvelopeRcpt *rcpt = g_new0(KxEnvelopeRcpt, 1);
    rcpt->address = g_strdup(address);
    rcpt->account = g_strdup(account);
    rcpt->duty = account ? KX_DUTY_NOW : KX_DUTY_QUEUED;
    g_ptr_array_add(envelope->recipients, rcpt);
    return rcpt;
}

void kx_envelope_give(KxEnvelope *envelope, const char *address)
{
    g_ptr_array_add(envelope->given, g_strdup(address));
}

gboolean kx_envelope_rcpt_is_due(const KxEnvelopeRcpt *rcpt)
{
    return rcpt->account && !(rcpt->status && rcpt->status[0] == '5');
}

gboolean kx_envelope_rcpt_is_remote_due(const KxEnvelopeRcpt *rcpt)
{
    return !rcpt->account && rcpt->duty == KX_DUTY_QUEUED &&
           !(rcpt->status && rcpt->status[0] == '5');
}

const char *kx_envelope_sender_for(const KxEnvelope *envelope, const KxEnvelopeRcpt *rcpt)
{
    return rcpt->sender ? rcpt->sender : envelope->sender;
}

gint64 kx_envelope_begin(const KxEnvelope *envelope)
{
    return MAX(MAX(envelope->created, envelope->begins), envelope->release);
}

int kx_envelope_priority(const KxEnvelope *envelope)
{
    int priority = (int)envelope->priority - KX_PRIORITY_BASE;
    return envelope->priority > 0 ? CLAMP(priority, KX_PRIORITY_LEAST, KX_PRIORITY_MOST) : 0;
}

gboolean kx_envelope_is_too_late(const KxEnvelope *envelope, gint64 now)
{
    return (envelope->flags & KX_SMTP_BY_RETURN) && envelope->deliver_by > 0 &&
           now >= envelope->deliver_by;
}

guint kx_envelope_count(const KxEnvelope *envelope, KxDuty duty)
{
    guint count = 0;
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        count += rcpt->duty == duty;
    }
    return count;
}

/* ---- writing ---- */

static void append_escaped(GString *out, const char *value)
{
    size_t start = out->len;
    for (const char *at = value; *at && out->len - start < KX_ENVELOPE_VALUE_MAX - 4;) {
        gunichar c = g_utf8_get_char_validated(at, -1);
        if (c == (gunichar)-1 || c == (gunichar)-2 || c < ' ' || c == 0x7f || c == '\\') {
            g_string_append_printf(out, "\\x%02X", (guchar)*at++);
        } else {
            const char *next = g_utf8_next_char(at);
            g_string_append_len(out, at, next - at);
            at = next;
        }
    }
}

/* What is 0 or NULL is not written. */
static void append_field(GString *out, const Field *field, const void *object)
{
    const char *text = field->kind == TEXT ? G_STRUCT_MEMBER(char *, object, field->offset) : NULL;
    guint64 number = 0;
    if (field->kind == FLAG)
        number = G_STRUCT_MEMBER(guint, object, field->offset);
    else if (field->kind != TEXT) /* no time here is before 1970 */
        number = G_STRUCT_MEMBER(guint64, object, field->offset);
    if (!text && number == 0)
        return;
    g_string_append_printf(out, "%s: ", field->name);
    if (text)
        append_escaped(out, text);
    else
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, number);
    g_string_append_c(out, '\n');
}

char *kx_envelope_format(const KxEnvelope *envelope)
{
    GString *out = g_string_new(FIRST_LINE);
    g_string_append_printf(out, "ID: %s\n", envelope->id);
    for (guint i = 0; i < G_N_ELEMENTS(MESSAGE_FIELDS); i++)
        append_field(out, &MESSAGE_FIELDS[i], envelope);
    for (guint i = 0; i < envelope->recipients->len; i++) {
        const KxEnvelopeRcpt *rcpt = envelope->recipients->pdata[i];
        if (rcpt->duty != KX_DUTY_QUEUED)
            continue;
        g_string_append(out, "Recipient: ");
        append_escaped(out, rcpt->address);
        g_string_append_c(out, '\n');
        for (guint k = 0; k < G_N_ELEMENTS(RCPT_FIELDS); k++)
            append_field(out, &RCPT_FIELDS[k], rcpt);
    }
    g_string_append(out, LAST_LINE);
    return g_string_free(out, FALSE);
}

char *kx_envelope_done_line(const GArray *places)
{
    GString *out = g_string_new(DONE);
    for (guint i = 0; i < places->len; i++)
        g_string_append_printf(out, " %u", g_array_index(places, guint, i));
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

/* ---- reading ---- */

/* The value without its escapes, or NULL. */
static char *unescape(const char *at, size_t len)
{
    if (len > KX_ENVELOPE_VALUE_MAX || !g_utf8_validate(at, (gssize)len, NULL))
        return NULL;
    g_autoptr(GString) out = g_string_sized_new(len);
    for (size_t i = 0; i < len; i++) {
        if ((guchar)at[i] < ' ' || at[i] == 0x7f)
            return NULL;
        if (at[i] != '\\') {
            g_string_append_c(out, at[i]);
            continue;
        }
        if (len - i < 4 || at[i + 1] != 'x' || !g_ascii_isxdigit(at[i + 2]) ||
            !g_ascii_isxdigit(at[i + 3]))
            return NULL;
        int byte = g_ascii_xdigit_value(at[i + 2]) * 16 + g_ascii_xdigit_value(at[i + 3]);
        if (byte == 0)
            return NULL;
        g_string_append_c(out, (char)byte);
        i += 3;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static gboolean read_field(const Field *field, void *object, const char *value)
{
    guint64 number;
    if (field->kind == TEXT) {
        char **text = &G_STRUCT_MEMBER(char *, object, field->offset);
        if (*text)
            return FALSE;
        *text = g_strdup(value);
        return TRUE;
    }
    guint64 most = field->kind == FLAG ? G_MAXUINT16 : G_MAXINT64;
    if (!kx_parse_uint(value, most, &number))
        return FALSE;
    if (field->kind == FLAG)
        G_STRUCT_MEMBER(guint, object, field->offset) = (guint)number;
    else
        G_STRUCT_MEMBER(guint64, object, field->offset) = number;
    return TRUE;
}

gboolean kx_queue_id_valid(const char *id)
{
    for (int i = 0; i < KX_QUEUE_ID_SIZE - 1; i++) {
        if (i == 8 ? id[i] != '-' : !g_ascii_isxdigit(id[i]) || g_ascii_isupper(id[i]))
            return FALSE;
    }
    return id[KX_QUEUE_ID_SIZE - 1] == '\0';
}

static gboolean read_value(KxEnvelope *envelope, const char *name, size_t name_len,
                           const char *value)
{
    guint n = envelope->recipients->len;
    if (kx_ascii_equal(name, name_len, "Recipient")) {
        if (n >= KX_ENVELOPE_RECIPIENTS)
            return FALSE;
        kx_envelope_add(envelope, value, NULL)->place = n;
        return TRUE;
    }
    if (n == 0 && kx_ascii_equal(name, name_len, "ID")) {
        if (!kx_queue_id_valid(value))
            return FALSE;
        g_strlcpy(envelope->id, value, sizeof envelope->id);
        return TRUE;
    }
    const Field *fields = n ? RCPT_FIELDS : MESSAGE_FIELDS;
    guint count = n ? G_N_ELEMENTS(RCPT_FIELDS) : G_N_ELEMENTS(MESSAGE_FIELDS);
    void *object = n ? envelope->recipients->pdata[n - 1] : envelope;
    for (guint i = 0; i < count; i++) {
        if (kx_ascii_equal(name, name_len, fields[i].name))
            return read_field(&fields[i], object, value);
    }
    return FALSE;
}

static gboolean read_line(KxEnvelope *envelope, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon || (size_t)(colon - line) + 2 > len || colon[1] != ' ')
        return FALSE;
    g_autofree char *value = unescape(colon + 2, len - (size_t)(colon - line) - 2);
    return value && read_value(envelope, line, (size_t)(colon - line), value);
}

static gboolean read_done(KxEnvelope *envelope, const char *line, size_t len)
{
    size_t name = strlen(DONE);
    if (len < name || memcmp(line, DONE, name) != 0)
        return FALSE;
    g_autofree char *text = g_strndup(line + name, len - name);
    g_auto(GStrv) numbers = g_strsplit(g_strchug(text), " ", -1);
    for (guint i = 0; numbers[i]; i++) {
        guint64 place;
        if (!kx_parse_uint(numbers[i], envelope->recipients->len - 1, &place))
            return FALSE;
        ((KxEnvelopeRcpt *)envelope->recipients->pdata[place])->duty = KX_DUTY_DONE;
    }
    return TRUE;
}

/* Notes of who has it by now, as far as they make sense. */
static void read_notes(KxEnvelope *envelope, const char **at, const char *end)
{
    const char *lf;
    while ((lf = memchr(*at, '\n', (size_t)(end - *at))) &&
           read_done(envelope, *at, (size_t)(lf - *at)))
        *at = lf + 1;
}

static void drop_done(KxEnvelope *envelope)
{
    g_autoptr(GPtrArray) all = g_steal_pointer(&envelope->recipients);
    g_ptr_array_set_free_func(all, NULL);
    envelope->recipients = g_ptr_array_new_full(all->len, (GDestroyNotify)rcpt_free);
    for (guint i = 0; i < all->len; i++) {
        KxEnvelopeRcpt *rcpt = all->pdata[i];
        if (rcpt->duty == KX_DUTY_DONE)
            rcpt_free(rcpt);
        else
            g_ptr_array_add(envelope->recipients, rcpt);
    }
}

static gboolean is_last(const KxEnvelope *envelope, const char *line, const char *lf)
{
    size_t len = strlen(LAST_LINE);
    return lf && (size_t)(lf + 1 - line) == len && memcmp(line, LAST_LINE, len) == 0 &&
           envelope->sender && *envelope->id && envelope->recipients->len > 0;
}

/* One envelope; `*at` is behind it afterwards, or stays. */
static KxEnvelope *read_one(const char **at, const char *end, GError **error)
{
    size_t first = strlen(FIRST_LINE);
    if ((size_t)(end - *at) < first || memcmp(*at, FIRST_LINE, first) != 0) {
        kx_fail(error, KX_ERR_CORRUPT, "line 1: not an envelope of this version");
        return NULL;
    }
    g_autoptr(KxEnvelope) envelope = kx_envelope_new();
    const char *pos = *at + first;
    for (guint line = 2; pos < end; line++) {
        const char *lf = memchr(pos, '\n', (size_t)(end - pos));
        if (is_last(envelope, pos, lf)) {
            *at = lf + 1;
            return g_steal_pointer(&envelope);
        }
        if (!lf || !read_line(envelope, pos, (size_t)(lf - pos))) {
            kx_fail(error, KX_ERR_CORRUPT, "line %u makes no sense", line);
            return NULL;
        }
        pos = lf + 1;
    }
    kx_fail(error, KX_ERR_CORRUPT, "cut short");
    return NULL;
}

/* A write that a power cut undid may have left anything behind what was there before: reading ends
 * with the first that makes no sense. Who is not known to have it gets it again. */
KxEnvelope *kx_envelope_parse(const char *text, size_t len, GError **error)
{
    const char *at = text, *end = text + len;
    KxEnvelope *newest = read_one(&at, end, error), *next = newest;
    for (; next; next = at < end ? read_one(&at, end, NULL) : NULL) {
        if (next != newest)
            kx_envelope_free(newest);
        newest = next;
        read_notes(newest, &at, end);
    }
    if (newest) {
        newest->torn = at < end;
        drop_done(newest);
    }
    return newest;
}

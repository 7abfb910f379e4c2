/* SPDX-License-Identifier: Apache-2.0 */
#include "store/summary.h"

#include <sodium.h>
#include <string.h>

#include "mime/address.h"
#include "mime/base-subject.h"
#include "mime/casemap.h"
#include "mime/date.h"
#include "mime/header.h"
#include "mime/imap-envelope.h"
#include "mime/message-id.h"

enum {
    VERSION = 1,
    HAS_DATE = 1 << 0,
    REPLY = 1 << 1,
    LINKS_MAX = 20000, /* identifiers that are looked at in one message */
};

typedef struct {
    KxSummary *summary;
    KxHeaderField from, to, cc, subject, date, message_id, in_reply_to, references;
    GString *scratch;
} Reader;

/* ---- hashes ---- */

static KxObjectId hash_of(const void *bytes, size_t len)
{
    KxObjectId id;
    crypto_generichash(id.bytes, sizeof id.bytes, bytes, len, NULL, 0);
    return id;
}

KxObjectId kx_object_id_of(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return hash_of(text, strlen(text));
}

static guint64 link_of(const KxObjectId *id)
{
    guint64 link;
    memcpy(&link, id->bytes, sizeof link);
    return link == 0 ? 1 : GUINT64_FROM_LE(link);
}

/* ---- keys ---- */

/* Cut between characters. */
static char *folded(GString *scratch, const char *text, size_t max)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_string_truncate(scratch, 0);
    kx_casemap_append(scratch, KX_COLLATION_UNICODE, valid, strlen(valid));
    if (scratch->len > max) {
        const char *cut = g_utf8_find_prev_char(scratch->str, scratch->str + max + 1);
        g_string_truncate(scratch, cut ? (gsize)(cut - scratch->str) : 0);
    }
    return g_strndup(scratch->str, scratch->len);
}

static char *display_of(const KxAddress *address)
{
    if (address->name && *address->name) {
        g_autofree char *name =
            kx_header_decode(address->name, strlen(address->name), KX_SUBJECT_MAX);
        if (*name)
            return g_steal_pointer(&name);
    }
    if (!address->mailbox)
        return g_strdup("");
    return *address->host ? g_strdup_printf("%s@%s", address->mailbox, address->host)
                          : g_strdup(address->mailbox);
}

/* The key of a group is its name: it stands where a mailbox stands in an ENVELOPE. */
static void read_address(Reader *reader, const KxHeaderField *field, KxSortKey mailbox_key,
                         KxSortKey display_key)
{
    if (!field->start)
        return;
    g_autoptr(KxAddressList) list = kx_address_parse(field->value, field->value_len, 1);
    if (list->n == 0)
        return;
    const KxAddress *first = &list->items[0];
    const char *mailbox = first->kind == KX_ADDRESS_MAILBOX ? first->mailbox : first->name;
    char **keys = reader->summary->keys;
    keys[mailbox_key] = folded(reader->scratch, mailbox ? mailbox : "", KX_SUMMARY_ADDRESS_MAX);
    if (display_key == KX_SORT_KEYS)
        return;
    g_autofree char *display = display_of(first);
    keys[display_key] = folded(reader->scratch, display, KX_SUMMARY_ADDRESS_MAX);
}

/* ---- links ---- */

static gboolean first_link(Reader *reader, const KxHeaderField *field, KxObjectId *ret_id)
{
    const char *pos = field->value;
    if (!field->start || !kx_message_id_next(&pos, pos + field->value_len, reader->scratch))
        return FALSE;
    *ret_id = hash_of(reader->scratch->str, reader->scratch->len);
    return TRUE;
}

static void add_link(GArray *links, guint64 link)
{
    if (links->len == KX_SUMMARY_REFERENCES)
        g_array_remove_index(links, 1);
    g_array_append_val(links, link);
}

static gboolean read_references(Reader *reader, KxObjectId *ret_root)
{
    const KxHeaderField *field = &reader->references;
    if (!field->start)
        return FALSE;
    const char *pos = field->value, *end = pos + field->value_len;
    guint n = 0;
    for (; n < LINKS_MAX && kx_message_id_next(&pos, end, reader->scratch); n++) {
        KxObjectId id = hash_of(reader->scratch->str, reader->scratch->len);
        if (n == 0)
            *ret_root = id;
        add_link(reader->summary->references, link_of(&id));
    }
    return n > 0;
}

static void read_links(Reader *reader)
{
    KxSummary *summary = reader->summary;
    KxObjectId own, root = summary->email_id;
    gboolean has_own = first_link(reader, &reader->message_id, &own);
    if (has_own) {
        summary->message_id = link_of(&own);
        root = own;
    }
    if (!read_references(reader, &root) && first_link(reader, &reader->in_reply_to, &root))
        add_link(summary->references, link_of(&root));
    summary->thread_id = root;
}

/* ---- the whole ---- */

static void find_fields(Reader *reader, const char *data, size_t len)
{
    const struct {
        const char *name;
        KxHeaderField *field;
    } fields[] = {
        {"From", &reader->from},
        {"To", &reader->to},
        {"Cc", &reader->cc},
        {"Subject", &reader->subject},
        {"Date", &reader->date},
        {"Message-ID", &reader->message_id},
        {"In-Reply-To", &reader->in_reply_to},
        {"References", &reader->references},
    };
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, data, len);
    while (kx_header_iter_next(&iter, &field))
        for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
            if (!fields[i].field->start && kx_header_field_is(&field, fields[i].name))
                *fields[i].field = field;
}

static void read_subject(Reader *reader)
{
    KxSummary *summary = reader->summary;
    if (!reader->subject.start)
        return;
    g_autofree char *base =
        kx_base_subject(reader->subject.value, reader->subject.value_len, &summary->reply);
    summary->keys[KX_SORT_SUBJECT] = folded(reader->scratch, base, KX_SUMMARY_SUBJECT_MAX);
}

static void read_date(Reader *reader)
{
    KxDate date;
    KxSummary *summary = reader->summary;
    summary->has_date = reader->date.start &&
                        kx_date_parse_rfc5322(reader->date.value, reader->date.value_len, &date);
    summary->sent = summary->has_date ? date.unix_seconds : 0;
}

static void summary_init(KxSummary *summary)
{
    *summary = (KxSummary){.references = g_array_new(FALSE, FALSE, sizeof(guint64))};
}

static void fill_keys(KxSummary *summary)
{
    for (guint i = 0; i < KX_SORT_KEYS; i++)
        if (!summary->keys[i])
            summary->keys[i] = g_strdup("");
}

void kx_summary_of(const char *data, size_t len, KxSummary *ret_summary)
{
    g_autoptr(GString) scratch = g_string_new(NULL);
    Reader reader = {.summary = ret_summary, .scratch = scratch};
    summary_init(ret_summary);
    ret_summary->email_id = hash_of(data, len);
    find_fields(&reader, data, MIN(len, KX_IMAP_ENVELOPE_MAX));
    read_subject(&reader);
    read_date(&reader);
    read_address(&reader, &reader.from, KX_SORT_FROM, KX_SORT_DISPLAY_FROM);
    read_address(&reader, &reader.to, KX_SORT_TO, KX_SORT_DISPLAY_TO);
    read_address(&reader, &reader.cc, KX_SORT_CC, KX_SORT_KEYS);
    read_links(&reader);
    fill_keys(ret_summary);
}

void kx_summary_clear(KxSummary *summary)
{
    g_clear_pointer(&summary->references, g_array_unref);
    for (guint i = 0; i < KX_SORT_KEYS; i++)
        g_clear_pointer(&summary->keys[i], g_free);
}

/* ---- the row ---- */

/* Everything of fixed size first, little-endian; then the references, then the keys, each behind
 * its length in two bytes. */
typedef struct __attribute__((packed)) {
    guint8 version;
    guint8 flags;
    guint8 n_references;
    guint8 n_keys;
    gint64 sent;
    guint64 message_id;
    KxObjectId email_id;
    KxObjectId thread_id;
} Head;

GBytes *kx_summary_pack(const KxSummary *summary)
{
    Head head = {
        .version = VERSION,
        .flags = (guint8)((summary->has_date ? HAS_DATE : 0) | (summary->reply ? REPLY : 0)),
        .n_references = (guint8)summary->references->len,
        .n_keys = KX_SORT_KEYS,
        .sent = GINT64_TO_LE(summary->sent),
        .message_id = GUINT64_TO_LE(summary->message_id),
        .email_id = summary->email_id,
        .thread_id = summary->thread_id,
    };
    GByteArray *out = g_byte_array_sized_new(256);
    g_byte_array_append(out, (const guint8 *)&head, sizeof head);
    for (guint i = 0; i < summary->references->len; i++) {
        guint64 link = GUINT64_TO_LE(g_array_index(summary->references, guint64, i));
        g_byte_array_append(out, (const guint8 *)&link, sizeof link);
    }
    for (guint i = 0; i < KX_SORT_KEYS; i++) {
        size_t len = strlen(summary->keys[i]);
        const guint8 length[] = {(guint8)(len & 0xff), (guint8)(len >> 8)};
        g_byte_array_append(out, length, sizeof length);
        g_byte_array_append(out, (const guint8 *)summary->keys[i], (guint)len);
    }
    return g_byte_array_free_to_bytes(out);
}

static gboolean unpack_keys(const guint8 *at, const guint8 *end, KxSummary *summary)
{
    for (guint i = 0; i < KX_SORT_KEYS; i++) {
        if (end - at < 2)
            return FALSE;
        size_t len = (size_t)at[0] | (size_t)at[1] << 8;
        at += 2;
        if ((size_t)(end - at) < len)
            return FALSE;
        summary->keys[i] = g_strndup((const char *)at, len);
        at += len;
    }
    return at == end;
}

gboolean kx_summary_unpack(const void *bytes, size_t len, KxSummary *ret_summary)
{
    Head head;
    if (len < sizeof head)
        return FALSE;
    memcpy(&head, bytes, sizeof head);
    const guint8 *at = (const guint8 *)bytes + sizeof head;
    const guint8 *end = (const guint8 *)bytes + len;
    size_t links = head.n_references * sizeof(guint64);
    if (head.version != VERSION || head.n_keys != KX_SORT_KEYS || (size_t)(end - at) < links)
        return FALSE;
    KxSummary summary;
    summary_init(&summary);
    summary.has_date = (head.flags & HAS_DATE) != 0;
    summary.reply = (head.flags & REPLY) != 0;
    summary.sent = GINT64_FROM_LE(head.sent);
    summary.message_id = GUINT64_FROM_LE(head.message_id);
    summary.email_id = head.email_id;
    summary.thread_id = head.thread_id;
    for (guint i = 0; i < head.n_references; i++, at += sizeof(guint64)) {
        guint64 link;
        memcpy(&link, at, sizeof link);
        link = GUINT64_FROM_LE(link);
        g_array_append_val(summary.references, link);
    }
    if (!unpack_keys(at, end, &summary)) {
        kx_summary_clear(&summary);
        return FALSE;
    }
    *ret_summary = summary;
    return TRUE;
}

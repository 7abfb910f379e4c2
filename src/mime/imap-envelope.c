/* SPDX-License-Identifier: Apache-2.0 */
/* ENVELOPE and the strings it is made of: see imap-envelope.h. */
#include "mime/imap-envelope.h"
#include "base/text.h"
#include "mime/address.h"
#include "mime/header.h"

/* A host that is missing may not be NIL: that would mean a group (RFC 9051 section 7.5.2). */
#define MISSING_MAILBOX "MISSING_MAILBOX"
#define MISSING_DOMAIN  "MISSING_DOMAIN"

typedef enum {
    FIELD_DATE,
    FIELD_SUBJECT,
    FIELD_FROM,
    FIELD_SENDER,
    FIELD_REPLY_TO,
    FIELD_TO,
    FIELD_CC,
    FIELD_BCC,
    FIELD_IN_REPLY_TO,
    FIELD_MESSAGE_ID,
    N_FIELDS,
} Field;

static const struct {
    const char *name;
    gboolean addresses;
} fields[N_FIELDS] = {
    [FIELD_DATE] = {"Date", FALSE},
    [FIELD_SUBJECT] = {"Subject", FALSE},
    [FIELD_FROM] = {"From", TRUE},
    [FIELD_SENDER] = {"Sender", TRUE},
    [FIELD_REPLY_TO] = {"Reply-To", TRUE},
    [FIELD_TO] = {"To", TRUE},
    [FIELD_CC] = {"Cc", TRUE},
    [FIELD_BCC] = {"Bcc", TRUE},
    [FIELD_IN_REPLY_TO] = {"In-Reply-To", FALSE},
    [FIELD_MESSAGE_ID] = {"Message-ID", FALSE},
};

/* Values of one field; addresses of a field that occurs more than once are joined. */
typedef struct Values {
    KxHeaderField first;
    unsigned n;
} Values;

static gboolean must_be_literal(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((guchar)text[i] >= 0x80 || text[i] == '\r' || text[i] == '\n' || text[i] == '\0')
            return TRUE;
    }
    return FALSE;
}

static void append_literal(GString *out, const char *text, size_t len)
{
    size_t nuls = 0;
    for (size_t i = 0; i < len; i++)
        nuls += text[i] == '\0';
    g_string_append_printf(out, "{%" G_GSIZE_FORMAT "}\r\n", len - nuls);
    for (const char *end = text + len; text < end;) {
        const char *nul = memchr(text, '\0', (size_t)(end - text));
        const char *stop = nul ? nul : end;
        g_string_append_len(out, text, stop - text);
        text = stop + (nul != NULL);
    }
}

void kx_imap_append_nstring(GString *out, const char *text, gssize text_len)
{
    if (!text) {
        g_string_append_len(out, "NIL", 3);
        return;
    }
    size_t len = text_len < 0 ? strlen(text) : (size_t)text_len;
    if (must_be_literal(text, len)) {
        append_literal(out, text, len);
        return;
    }
    g_string_append_c(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '"' && text[i] != '\\')
            continue;
        g_string_append_len(out, text + start, (gssize)(i - start));
        g_string_append_c(out, '\\');
        start = i;
    }
    g_string_append_len(out, text + start, (gssize)(len - start));
    g_string_append_c(out, '"');
}

static void append_address(GString *out, const KxAddress *address)
{
    const char *name = address->name, *mailbox = address->mailbox, *host = address->host;
    if (address->kind == KX_ADDRESS_MAILBOX) {
        mailbox = *mailbox ? mailbox : MISSING_MAILBOX;
        host = *host ? host : MISSING_DOMAIN;
    } else if (address->kind == KX_ADDRESS_GROUP_START) {
        mailbox = name;
        name = NULL;
    }
    const char *strings[] = {name, address->route, mailbox, host};
    for (unsigned i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_string_append_c(out, i == 0 ? '(' : ' ');
        kx_imap_append_nstring(out, strings[i], -1);
    }
    g_string_append_c(out, ')');
}

/* Appends the addresses of one field without the outer parentheses; returns how many. */
static unsigned append_field_addresses(GString *out, const KxHeaderField *field, unsigned max)
{
    g_autoptr(KxAddressList) list = kx_address_parse(field->value, field->value_len, max);
    for (unsigned i = 0; i < list->n; i++)
        append_address(out, &list->items[i]);
    return list->n;
}

static unsigned append_repeated(GString *out, const char *header, size_t len, const char *name)
{
    KxHeaderIter iter;
    KxHeaderField field;
    unsigned n = 0;
    kx_header_iter_init(&iter, header, len);
    while (n < KX_ADDRESS_MAX && kx_header_iter_next(&iter, &field)) {
        if (kx_header_field_is(&field, name))
            n += append_field_addresses(out, &field, KX_ADDRESS_MAX - n);
    }
    return n;
}

/* Returns FALSE, and appends nothing, if there is no address. */
static gboolean append_addresses(GString *out, const char *header, size_t len, const char *name,
                                 const Values *values)
{
    size_t before = out->len;
    g_string_append_c(out, '(');
    unsigned n = 0;
    if (values->n == 1)
        n = append_field_addresses(out, &values->first, KX_ADDRESS_MAX);
    else if (values->n > 1)
        n = append_repeated(out, header, len, name);
    if (n == 0) {
        g_string_truncate(out, before);
        return FALSE;
    }
    g_string_append_c(out, ')');
    return TRUE;
}

static void append_text(GString *out, const Values *values)
{
    if (values->n == 0) {
        kx_imap_append_nstring(out, NULL, 0);
        return;
    }
    g_autofree char *text =
        kx_header_unfold(values->first.value, values->first.value_len, KX_IMAP_ENVELOPE_MAX);
    kx_imap_append_nstring(out, text, -1);
}

static void collect(const char *header, size_t len, Values values[N_FIELDS])
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, header, len);
    while (kx_header_iter_next(&iter, &field)) {
        for (unsigned i = 0; i < N_FIELDS; i++) {
            if (!kx_header_field_is(&field, fields[i].name))
                continue;
            if (values[i].n++ == 0)
                values[i].first = field;
            break;
        }
    }
}

void kx_imap_append_envelope(GString *out, const char *header, size_t len)
{
    Values values[N_FIELDS] = {0};
    len = MIN(len, KX_IMAP_ENVELOPE_MAX);
    collect(header, len, values);
    size_t from = 0, from_len = 0; /* what From became, in `out` */
    for (unsigned i = 0; i < N_FIELDS; i++) {
        g_string_append_c(out, i == 0 ? '(' : ' ');
        size_t start = out->len;
        if (!fields[i].addresses) {
            append_text(out, &values[i]);
        } else if (!append_addresses(out, header, len, fields[i].name, &values[i])) {
            gboolean from_serves = (i == FIELD_SENDER || i == FIELD_REPLY_TO) && from_len > 0;
            g_autofree char *copy =
                from_serves ? g_strndup(out->str + from, from_len) : g_strdup("NIL");
            g_string_append_len(out, copy, from_serves ? (gssize)from_len : 3);
        }
        if (i == FIELD_FROM) {
            from = start;
            from_len = out->len - start;
        }
    }
    g_string_append_c(out, ')');
}

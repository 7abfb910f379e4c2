/* SPDX-License-Identifier: Apache-2.0 */
/* The argument parser and modified UTF-7: the first byte says which readers to run over the rest,
 * in turn. */
#include "imap/id.h"
#include "imap/imap.h"
#include "imap/list-match.h"
#include "imap/utf7.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

typedef void (*Reader)(KxImapParser *parser);

static void check_slice(const KxImapParser *parser, KxSlice slice)
{
    /* Every byte of a result can be read. */
    guint sum = 0;
    for (size_t i = 0; i < slice.len; i++)
        sum += (guchar)slice.data[i];
    g_assert_true(sum <= slice.len * 255);
    g_assert_true(parser->at <= parser->end);
}

#define SLICE_READER(name)                                                                         \
    static void read_##name(KxImapParser *parser)                                                  \
    {                                                                                              \
        KxSlice value = {0};                                                                       \
        if (kx_imap_parse_##name(parser, &value))                                                  \
            check_slice(parser, value);                                                            \
    }
SLICE_READER(tag)
SLICE_READER(atom)
SLICE_READER(astring)
SLICE_READER(flag)

static void read_name(KxImapParser *parser)
{
    const char *name = NULL;
    if (!kx_imap_parse_mailbox(parser, &name))
        return;
    g_assert_true(g_utf8_validate(name, -1, NULL));
    g_autoptr(GString) coded = g_string_new(NULL);
    g_autoptr(GString) back = g_string_new(NULL);
    kx_utf7_encode(coded, name);
    g_assert_true(kx_utf7_decode(back, coded->str, coded->len));
    g_assert_cmpstr(back->str, ==, name);
}

static void read_pattern(KxImapParser *parser)
{
    const char *pattern = NULL;
    if (kx_imap_parse_list_mailbox(parser, &pattern) && strlen(pattern) < 200)
        kx_list_match(pattern, "INBOX/Some folder/Another one");
}

static void read_dates(KxImapParser *parser)
{
    gint64 seconds;
    if (kx_imap_peek(parser, '"'))
        kx_imap_parse_date_time(parser, &seconds);
    else
        kx_imap_parse_date(parser, &seconds);
}

static void read_number(KxImapParser *parser)
{
    guint64 value = 0;
    if (kx_imap_parse_number(parser, 1000000, &value))
        g_assert_cmpuint(value, <=, 1000000);
}

static void read_content(KxImapParser *parser)
{
    KxImapContent content = {0};
    if (kx_imap_parse_content(parser, &content) && !content.spooled)
        check_slice(parser, content.bytes);
}

static void read_flags(KxImapParser *parser)
{
    g_auto(KxImapFlags) flags = {0};
    kx_imap_parse_flags(parser, TRUE, &flags);
}

static void read_id(KxImapParser *parser)
{
    kx_imap_parse_id(parser);
}

static const Reader readers[] = {read_tag,     read_atom,    read_astring, read_flag,
                                 read_name,    read_pattern, read_dates,   read_number,
                                 read_content, read_flags,   read_id};

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    if (size == 0)
        return 0;
    g_auto(KxImapParser) parser = {0};
    kx_imap_parser_init(&parser, (const char *)data + 1, size - 1, data[0] & 0x80);
    for (guint i = data[0] & 0x7f; kx_imap_parser_ok(&parser) && !kx_imap_at_end(&parser); i++) {
        const char *before = parser.at;
        readers[i % G_N_ELEMENTS(readers)](&parser);
        kx_imap_accept(&parser, ' ');
        if (parser.at == before)
            break;
    }
    g_assert_true(parser.at <= parser.end);
    return 0;
}

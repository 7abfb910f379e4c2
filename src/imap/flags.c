/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/flags.h"

#include "base/text.h"
#include "imap/imap.h"

static const struct {
    const char *name;
    guint32 flag;
} names[] = {
    {"\\Answered", KX_FLAG_ANSWERED}, {"\\Flagged", KX_FLAG_FLAGGED},
    {"\\Deleted", KX_FLAG_DELETED},   {"\\Seen", KX_FLAG_SEEN},
    {"\\Draft", KX_FLAG_DRAFT},
};

static void append_word(GString *out, gsize start, const char *word)
{
    if (out->len > start)
        g_string_append_c(out, ' ');
    g_string_append(out, word);
}

void kx_imap_format_flags(GString *out, guint32 flags, const char *const *keywords)
{
    gsize start = out->len;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (flags & names[i].flag)
            append_word(out, start, names[i].name);
    }
    for (; keywords && *keywords; keywords++)
        append_word(out, start, *keywords);
}

void kx_imap_flags_clear(KxImapFlags *flags)
{
    flags->flags = 0;
    g_clear_pointer(&flags->keywords, g_ptr_array_unref);
}

static gboolean has_keyword(const KxImapFlags *flags, KxSlice word)
{
    for (guint i = 0; i < flags->keywords->len; i++) {
        if (kx_ascii_equal(word.data, word.len, flags->keywords->pdata[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean add_flag(KxImapParser *args, KxImapFlags *flags)
{
    KxSlice word = {0};
    if (!kx_imap_parse_flag(args, &word))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (kx_ascii_equal(word.data, word.len, names[i].name)) {
            flags->flags |= names[i].flag;
            return TRUE;
        }
    }
    if (word.data[0] == '\\')
        return kx_imap_parser_fail(args, "The flag %.*s cannot be set", (int)MIN(word.len, 40),
                                   word.data);
    if (word.len > KX_KEYWORD_MAX_LEN)
        return kx_imap_parser_fail(args, "A keyword may have at most %d bytes", KX_KEYWORD_MAX_LEN);
    if (has_keyword(flags, word))
        return TRUE;
    if (flags->keywords->len == KX_KEYWORDS_PER_ITEM)
        return kx_imap_parser_fail(args, "At most %d keywords are allowed", KX_KEYWORDS_PER_ITEM);
    g_ptr_array_add(flags->keywords, g_strndup(word.data, word.len));
    return TRUE;
}

gboolean kx_imap_parse_flags(KxImapParser *args, gboolean bare_allowed, KxImapFlags *ret)
{
    g_auto(KxImapFlags) flags = {.keywords = g_ptr_array_new_with_free_func(g_free)};
    gboolean bare = bare_allowed && !kx_imap_peek(args, '(');
    if (!bare && !kx_imap_parse_char(args, '('))
        return FALSE;
    if (bare || !kx_imap_accept(args, ')')) {
        do {
            if (!add_flag(args, &flags))
                return FALSE;
        } while (kx_imap_accept(args, ' '));
        if (!bare && !kx_imap_parse_char(args, ')'))
            return FALSE;
    }
    g_ptr_array_add(flags.keywords, NULL);
    kx_imap_flags_clear(ret);
    *ret = flags;
    flags = (KxImapFlags){0};
    return TRUE;
}

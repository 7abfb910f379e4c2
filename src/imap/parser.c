/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of command arguments (RFC 9051 section 9). */
#include "imap/parser.h"

#include <stdarg.h>

#include "base/text.h"
#include "imap/utf7.h"
#include "imap/wire.h"

void kx_imap_parser_init(KxImapParser *parser, const char *text, size_t len, gboolean utf8)
{
    *parser = (KxImapParser){.start = text, .at = text, .end = text + len, .utf8 = utf8};
}

void kx_imap_parser_clear(KxImapParser *parser)
{
    g_clear_pointer(&parser->owned, g_ptr_array_unref);
}

gboolean kx_imap_parser_ok(const KxImapParser *parser)
{
    return parser->error[0] == '\0';
}

gboolean kx_imap_parser_fail(KxImapParser *parser, const char *format, ...)
{
    if (!kx_imap_parser_ok(parser))
        return FALSE;
    va_list args;
    va_start(args, format);
    g_vsnprintf(parser->error, sizeof parser->error, format, args);
    va_end(args);
    for (char *c = parser->error; *c != '\0'; c++) {
        if (!g_ascii_isprint(*c))
            *c = '?';
    }
    return FALSE;
}

static gboolean expected(KxImapParser *parser, const char *what)
{
    guchar found = parser->at < parser->end ? (guchar)*parser->at : '\r';
    if (found == '\r' || found == '\n')
        return kx_imap_parser_fail(parser, "Expected %s, found the end of the line", what);
    if (!g_ascii_isprint(found))
        return kx_imap_parser_fail(parser, "Expected %s, found byte 0x%02x", what, found);
    return kx_imap_parser_fail(parser, "Expected %s, found '%c'", what, found);
}

char *kx_imap_parser_own(KxImapParser *parser, char *text)
{
    if (!parser->owned)
        parser->owned = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(parser->owned, text);
    return text;
}

/* ---- characters ---- */

static gboolean is_atom_char(char c)
{
    return c > 0x20 && c < 0x7f && !strchr("(){%*\"\\]", c);
}

static gboolean is_astring_char(char c)
{
    return is_atom_char(c) || c == ']';
}

static gboolean is_tag_char(char c)
{
    return is_astring_char(c) && c != '+';
}

static gboolean is_list_char(char c)
{
    return is_astring_char(c) || c == '%' || c == '*';
}

gboolean kx_imap_peek(const KxImapParser *parser, char c)
{
    return kx_imap_parser_ok(parser) && parser->at < parser->end && *parser->at == c;
}

gboolean kx_imap_accept(KxImapParser *parser, char c)
{
    if (!kx_imap_peek(parser, c))
        return FALSE;
    parser->at++;
    return TRUE;
}

gboolean kx_imap_parse_char(KxImapParser *parser, char c)
{
    const char name[] = {'\'', c, '\'', '\0'};
    return kx_imap_accept(parser, c) || expected(parser, name);
}

gboolean kx_imap_parse_space(KxImapParser *parser)
{
    return kx_imap_accept(parser, ' ') || expected(parser, "a space");
}

gboolean kx_imap_at_end(const KxImapParser *parser)
{
    return parser->at >= parser->end ||
           (parser->end - parser->at == 2 && parser->at[0] == '\r' && parser->at[1] == '\n');
}

gboolean kx_imap_parse_end(KxImapParser *parser)
{
    if (!kx_imap_parser_ok(parser))
        return FALSE;
    if (!kx_imap_at_end(parser))
        return expected(parser, "the end of the command");
    parser->at = parser->end;
    return TRUE;
}

/* ---- words ---- */

static gboolean parse_word(KxImapParser *parser, gboolean (*in_word)(char c), const char *what,
                           KxSlice *ret)
{
    if (!kx_imap_parser_ok(parser))
        return FALSE;
    const char *start = parser->at;
    const char *at = start;
    while (at < parser->end && in_word(*at))
        at++;
    if (at == start)
        return expected(parser, what);
    parser->at = at;
    *ret = (KxSlice){start, (size_t)(at - start)};
    return TRUE;
}

gboolean kx_imap_parse_tag(KxImapParser *parser, KxSlice *ret)
{
    KxSlice tag = {0};
    if (!parse_word(parser, is_tag_char, "a tag", &tag))
        return FALSE;
    if (tag.len > KX_IMAP_TAG_MAX)
        return kx_imap_parser_fail(parser, "The tag is too long");
    *ret = tag;
    return TRUE;
}

gboolean kx_imap_parse_atom(KxImapParser *parser, KxSlice *ret)
{
    return parse_word(parser, is_atom_char, "a word", ret);
}

gboolean kx_imap_accept_atom(KxImapParser *parser, const char *word)
{
    size_t len = strlen(word);
    if (!kx_imap_parser_ok(parser) || (size_t)(parser->end - parser->at) < len ||
        g_ascii_strncasecmp(parser->at, word, len) != 0)
        return FALSE;
    const char *after = parser->at + len;
    if (after < parser->end && is_atom_char(*after))
        return FALSE;
    parser->at = after;
    return TRUE;
}

gboolean kx_imap_parse_flag(KxImapParser *parser, KxSlice *ret)
{
    const char *start = parser->at;
    gboolean system = kx_imap_accept(parser, '\\');
    KxSlice word = {0};
    if (!parse_word(parser, is_atom_char, system ? "the name of a flag" : "a flag", &word))
        return FALSE;
    *ret = (KxSlice){start, word.len + (system ? 1 : 0)};
    return TRUE;
}

gboolean kx_imap_parse_number(KxImapParser *parser, guint64 max, guint64 *ret)
{
    if (!kx_imap_parser_ok(parser))
        return FALSE;
    const char *at = parser->at;
    guint64 value = 0;
    for (; at < parser->end && g_ascii_isdigit(*at); at++) {
        guint64 digit = (guint64)(*at - '0');
        if (value > (max - digit) / 10 || digit > max)
            return kx_imap_parser_fail(parser, "The number is too large");
        value = value * 10 + digit;
    }
    if (at == parser->at)
        return expected(parser, "a number");
    parser->at = at;
    *ret = value;
    return TRUE;
}

/* ---- strings ---- */

static char *unescape(const char *text, size_t len, size_t *ret_len)
{
    char *out = g_malloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\')
            i++;
        out[n++] = text[i];
    }
    out[n] = '\0';
    *ret_len = n;
    return out;
}

static gboolean parse_quoted(KxImapParser *parser, KxSlice *ret)
{
    const char *start = ++parser->at;
    gboolean escaped = FALSE;
    const char *at = start;
    for (; at < parser->end && *at != '"'; at++) {
        if (*at == '\r' || *at == '\n' || *at == '\0')
            break;
        if (*at != '\\')
            continue;
        escaped = TRUE;
        at++;
        if (at >= parser->end || (*at != '"' && *at != '\\'))
            return kx_imap_parser_fail(parser,
                                       "In a quoted string only \" and \\ may follow a backslash");
    }
    if (at >= parser->end || *at != '"')
        return kx_imap_parser_fail(parser, "A quoted string has no closing quote");
    if (parser->utf8 && !g_utf8_validate(start, at - start, NULL))
        return kx_imap_parser_fail(parser, "A quoted string is not in UTF-8");
    parser->at = at + 1;
    *ret = (KxSlice){start, (size_t)(at - start)};
    if (escaped)
        ret->data = kx_imap_parser_own(parser, unescape(start, ret->len, &ret->len));
    return TRUE;
}

/* "{" number ["+"] "}" CRLF; leaves the parser at the first byte of the content. */
static gboolean parse_literal_header(KxImapParser *parser, KxImapLiteral *ret)
{
    KxImapLiteral literal = {.binary = kx_imap_accept(parser, '~')};
    if (!kx_imap_parse_char(parser, '{') ||
        !kx_imap_parse_number(parser, G_MAXINT64, &literal.size))
        return FALSE;
    literal.non_sync = kx_imap_accept(parser, '+');
    if (!kx_imap_parse_char(parser, '}'))
        return FALSE;
    if (!kx_imap_accept(parser, '\r') || !kx_imap_accept(parser, '\n'))
        return expected(parser, "the end of the line after the size of a literal");
    *ret = literal;
    return TRUE;
}

static gboolean parse_literal(KxImapParser *parser, KxSlice *ret)
{
    KxImapLiteral literal = {0};
    if (!parse_literal_header(parser, &literal))
        return FALSE;
    if (literal.size > KX_IMAP_INLINE_MAX)
        return kx_imap_parser_fail(parser, "A literal may hold at most %d bytes here",
                                   KX_IMAP_INLINE_MAX);
    if ((guint64)(parser->end - parser->at) < literal.size)
        return kx_imap_parser_fail(parser, "A literal is shorter than announced");
    if (memchr(parser->at, '\0', literal.size))
        return kx_imap_parser_fail(parser, "A literal must not hold NUL");
    *ret = (KxSlice){parser->at, literal.size};
    parser->at += literal.size;
    return TRUE;
}

gboolean kx_imap_parse_string(KxImapParser *parser, KxSlice *ret)
{
    if (kx_imap_peek(parser, '"'))
        return parse_quoted(parser, ret);
    if (kx_imap_peek(parser, '{'))
        return parse_literal(parser, ret);
    return expected(parser, "a string");
}

gboolean kx_imap_parse_astring(KxImapParser *parser, KxSlice *ret)
{
    if (kx_imap_peek(parser, '"') || kx_imap_peek(parser, '{'))
        return kx_imap_parse_string(parser, ret);
    return parse_word(parser, is_astring_char, "a string", ret);
}

gboolean kx_imap_parse_nstring(KxImapParser *parser, KxSlice *ret, gboolean *ret_nil)
{
    if (kx_imap_accept_atom(parser, "NIL")) {
        *ret = (KxSlice){"", 0};
        *ret_nil = TRUE;
        return TRUE;
    }
    if (!kx_imap_parse_string(parser, ret))
        return FALSE;
    *ret_nil = FALSE;
    return TRUE;
}

gboolean kx_imap_parse_content(KxImapParser *parser, KxImapContent *ret)
{
    KxImapLiteral literal = {0};
    if (!kx_imap_parser_ok(parser) || !parse_literal_header(parser, &literal))
        return FALSE;
    KxImapContent content = {.size = literal.size, .binary = literal.binary};
    if (kx_imap_is_spooled((size_t)(parser->at - parser->start), literal.size)) {
        content.spooled = TRUE;
        content.spool = parser->spooled++;
    } else if ((guint64)(parser->end - parser->at) < literal.size) {
        return kx_imap_parser_fail(parser, "A literal is shorter than announced");
    } else {
        content.bytes = (KxSlice){parser->at, literal.size};
        parser->at += literal.size;
    }
    *ret = content;
    return TRUE;
}

gboolean kx_imap_literal_at_end(const char *line, size_t len, KxImapLiteral *ret)
{
    size_t at = len;
    if (at == 0 || line[--at] != '}')
        return FALSE;
    KxImapLiteral literal = {.non_sync = at > 0 && line[at - 1] == '+'};
    if (literal.non_sync)
        at--;
    size_t end = at;
    while (at > 0 && g_ascii_isdigit(line[at - 1]))
        at--;
    if (at == end || at == 0 || line[at - 1] != '{')
        return FALSE;
    for (size_t i = at; i < end; i++) {
        guint64 digit = (guint64)(line[i] - '0');
        gboolean fits = literal.size <= (G_MAXINT64 - digit) / 10;
        literal.size = fits ? literal.size * 10 + digit : G_MAXUINT64;
    }
    at--;
    literal.binary = at > 0 && line[at - 1] == '~';
    if (literal.binary)
        at--;
    if (at == 0 || (line[at - 1] != ' ' && line[at - 1] != '('))
        return FALSE;
    *ret = literal;
    return TRUE;
}

/* ---- mailbox names ---- */

/* As UTF-8 in NFC; NULL if it is neither well-formed UTF-8 nor modified UTF-7, as the mode asks. */
static char *decode_name(const KxImapParser *parser, KxSlice raw)
{
    g_autoptr(GString) name = g_string_sized_new(raw.len + 1);
    if (parser->utf8)
        g_string_append_len(name, raw.data, (gssize)raw.len);
    else if (!kx_utf7_decode(name, raw.data, raw.len))
        return NULL;
    if (!g_utf8_validate(name->str, (gssize)name->len, NULL))
        return NULL;
    return g_utf8_normalize(name->str, (gssize)name->len, G_NORMALIZE_NFC);
}

gboolean kx_imap_decode_mailbox(KxImapParser *parser, KxSlice raw, const char **ret)
{
    char *name = decode_name(parser, raw);
    if (!name)
        return kx_imap_parser_fail(parser, parser->utf8
                                               ? "A mailbox name is not in UTF-8"
                                               : "A mailbox name is not in modified UTF-7");
    if (g_ascii_strncasecmp(name, "INBOX", 5) == 0 && (name[5] == '\0' || name[5] == '/'))
        memcpy(name, "INBOX", 5);
    *ret = kx_imap_parser_own(parser, name);
    return TRUE;
}

gboolean kx_imap_parse_mailbox(KxImapParser *parser, const char **ret)
{
    KxSlice raw = {0};
    return kx_imap_parse_astring(parser, &raw) && kx_imap_decode_mailbox(parser, raw, ret);
}

gboolean kx_imap_parse_list_mailbox(KxImapParser *parser, const char **ret)
{
    KxSlice raw = {0};
    gboolean is_string = kx_imap_peek(parser, '"') || kx_imap_peek(parser, '{');
    if (!(is_string ? kx_imap_parse_string(parser, &raw)
                    : parse_word(parser, is_list_char, "a mailbox name or pattern", &raw)))
        return FALSE;
    return kx_imap_decode_mailbox(parser, raw, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "courier/fetch-parse.h"

#include "base/text.h"

static KxSlice from(KxSlice text, size_t at)
{
    return (KxSlice){text.data + at, text.len - at};
}

static gboolean begins(KxSlice text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && kx_ascii_equal(text.data, len, word);
}

static KxSlice skip_spaces(KxSlice text)
{
    size_t n = 0;
    while (n < text.len && text.data[n] == ' ')
        n++;
    return from(text, n);
}

/* Takes the first word off the text. */
static KxSlice take_word(KxSlice *text)
{
    KxSlice at = skip_spaces(*text);
    size_t n = 0;
    while (n < at.len && at.data[n] != ' ')
        n++;
    *text = from(at, n);
    return (KxSlice){at.data, n};
}

gboolean kx_fetch_number(KxSlice text, guint64 *ret_number)
{
    enum { DIGITS_MAX = 19 };
    guint64 number = 0;
    if (text.len == 0 || text.len > DIGITS_MAX)
        return FALSE;
    for (size_t i = 0; i < text.len; i++) {
        if (!g_ascii_isdigit(text.data[i]))
            return FALSE;
        number = number * 10 + (guint64)(text.data[i] - '0');
    }
    *ret_number = number;
    return TRUE;
}

gboolean kx_fetch_has_word(KxSlice line, guint first, const char *word)
{
    for (guint i = 0; line.len > 0; i++) {
        KxSlice found = take_word(&line);
        if (i >= first && kx_ascii_equal(found.data, found.len, word))
            return TRUE;
    }
    return FALSE;
}

/* ---- POP3 ---- */

KxFetchReply kx_pop3_reply(KxSlice line, KxSlice *ret_text)
{
    static const struct {
        const char *word;
        KxFetchReply reply;
    } words[] = {{"+OK", KX_REPLY_GOOD}, {"-ERR", KX_REPLY_REFUSED}, {"+", KX_REPLY_GO_ON}};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t len = strlen(words[i].word);
        if (!begins(line, words[i].word) || (line.len > len && line.data[len] != ' '))
            continue;
        *ret_text = from(line, MIN(len + 1, line.len));
        return words[i].reply;
    }
    *ret_text = line;
    return KX_REPLY_BAD;
}

gboolean kx_pop3_timestamp(KxSlice text, KxSlice *ret_timestamp)
{
    const char *open = text.len ? memchr(text.data, '<', text.len) : NULL;
    const char *end = text.data + text.len;
    const char *close = open ? memchr(open, '>', (size_t)(end - open)) : NULL;
    if (!close || !memchr(open, '@', (size_t)(close - open)))
        return FALSE;
    *ret_timestamp = (KxSlice){open, (size_t)(close - open) + 1};
    return TRUE;
}

gboolean kx_pop3_entry(KxSlice line, guint64 *ret_number, KxSlice *ret_text)
{
    KxSlice number = take_word(&line);
    *ret_text = take_word(&line);
    return kx_fetch_number(number, ret_number) && ret_text->len > 0;
}

/* Text up to and with the next line ending goes over in one piece. */
static size_t read_text(KxDots *dots, KxSlice piece, GString *out)
{
    const char *lf = memchr(piece.data, '\n', piece.len);
    size_t len = lf ? (size_t)(lf - piece.data) + 1 : piece.len;
    g_string_append_len(out, piece.data, (gssize)len);
    dots->state = lf ? KX_DOTS_LINE_START : KX_DOTS_TEXT;
    return len;
}

size_t kx_dots_read(KxDots *dots, KxSlice piece, GString *out, gboolean *ret_end)
{
    size_t at = 0;
    *ret_end = FALSE;
    while (at < piece.len && !*ret_end) {
        char c = piece.data[at];
        if (dots->state == KX_DOTS_LINE_START && c == '.') {
            dots->state = KX_DOTS_DOT;
            at++;
        } else if (dots->state == KX_DOTS_DOT && c == '\r') {
            dots->state = KX_DOTS_DOT_CR;
            at++;
        } else if ((dots->state == KX_DOTS_DOT || dots->state == KX_DOTS_DOT_CR) && c == '\n') {
            *ret_end = TRUE;
            at++;
        } else {
            if (dots->state == KX_DOTS_DOT_CR)
                g_string_append_c(out, '\r');
            at += read_text(dots, from(piece, at), out);
        }
    }
    return at;
}

/* ---- SCRAM ---- */

/* "LETTER=VALUE" and the comma behind it off the text. */
static gboolean take_attribute(KxSlice *text, char letter, KxSlice *ret_value)
{
    if (text->len < 3 || text->data[0] != letter || text->data[1] != '=')
        return FALSE;
    KxSlice value = from(*text, 2);
    const char *comma = memchr(value.data, ',', value.len);
    *ret_value = (KxSlice){value.data, comma ? (size_t)(comma - value.data) : value.len};
    *text = from(value, ret_value->len + (comma != NULL));
    return ret_value->len > 0;
}

gboolean kx_scram_first(KxSlice text, KxScramFirst *ret_first)
{
    KxScramFirst first;
    KxSlice number;
    if (memchr(text.data, '\0', text.len) || !take_attribute(&text, 'r', &first.nonce) ||
        !take_attribute(&text, 's', &first.salt) || !take_attribute(&text, 'i', &number) ||
        !kx_fetch_number(number, &first.iterations))
        return FALSE;
    *ret_first = first;
    return TRUE;
}

/* ---- IMAP ---- */

gboolean kx_imap_literal(KxSlice line, guint64 *ret_len)
{
    if (line.len < 3 || line.data[line.len - 1] != '}')
        return FALSE;
    size_t open = line.len - 1;
    while (open > 0 && line.data[open] != '{')
        open--;
    KxSlice number = {line.data + open + 1, line.len - open - 2};
    return line.data[open] == '{' && kx_fetch_number(number, ret_len);
}

gboolean kx_imap_code(KxSlice line, const char *name, guint64 *ret_number)
{
    if (!begins(line, "* OK ["))
        return FALSE;
    KxSlice text = from(line, strlen("* OK ["));
    if (!begins(text, name))
        return FALSE;
    text = from(text, strlen(name));
    const char *close = text.len ? memchr(text.data, ']', text.len) : NULL;
    if (!close || *text.data != ' ')
        return FALSE;
    return kx_fetch_number((KxSlice){text.data + 1, (size_t)(close - text.data) - 1}, ret_number);
}

/* The length of a quoted string with its quotes; 0: it does not end. */
static size_t quoted_length(KxSlice text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            return i + 1;
    }
    return 0;
}

/* An atom, a list in parentheses, or a string; what follows stays in the text. */
static gboolean take_value(KxSlice *text, KxSlice *ret_value)
{
    enum { DEPTH_MAX = 8 };
    KxSlice at = skip_spaces(*text);
    guint depth = 0;
    size_t i = 0;
    while (i < at.len) {
        char c = at.data[i];
        size_t quoted = c == '"' ? quoted_length(from(at, i)) : 1;
        if (quoted == 0 || (c == '(' && ++depth > DEPTH_MAX))
            return FALSE;
        if (depth == 0 && (c == ' ' || c == ')'))
            break;
        depth -= c == ')';
        i += quoted;
    }
    *ret_value = (KxSlice){at.data, i};
    *text = from(at, i);
    return depth == 0 && i > 0;
}

static gboolean take_body(KxSlice value, KxImapItem *item)
{
    item->has_body = TRUE;
    item->is_literal = kx_imap_literal(value, &item->literal);
    if (value.len >= 2 && value.data[0] == '"')
        item->quoted = (KxSlice){value.data + 1, value.len - 2};
    else if (!item->is_literal)
        item->has_body = FALSE; /* NIL */
    return TRUE;
}

static gboolean take_flags(KxSlice value, KxImapItem *item)
{
    if (value.len < 2 || value.data[0] != '(')
        return FALSE;
    item->deleted = kx_fetch_has_word((KxSlice){value.data + 1, value.len - 2}, 0, "\\Deleted");
    return TRUE;
}

static gboolean take_item(KxSlice name, KxSlice value, KxImapItem *item)
{
    if (kx_ascii_equal(name.data, name.len, "UID"))
        return kx_fetch_number(value, &item->uid);
    if (kx_ascii_equal(name.data, name.len, "RFC822.SIZE"))
        return item->has_size = kx_fetch_number(value, &item->size);
    if (kx_ascii_equal(name.data, name.len, "FLAGS"))
        return take_flags(value, item);
    if (kx_ascii_equal(name.data, name.len, "BODY[]"))
        return take_body(value, item);
    return TRUE;
}

gboolean kx_imap_item(KxSlice line, KxImapItem *ret_item)
{
    KxImapItem item = {0};
    guint64 number;
    KxSlice name, value;
    if (!begins(line, "* "))
        return FALSE;
    line = from(line, 2);
    if (!kx_fetch_number(take_word(&line), &number))
        return FALSE;
    KxSlice word = take_word(&line);
    line = skip_spaces(line);
    if (!kx_ascii_equal(word.data, word.len, "FETCH") || !begins(line, "("))
        return FALSE;
    line = from(line, 1);
    while (line.len > 0 && line.data[0] != ')')
        if (!take_value(&line, &name) || !take_value(&line, &value) ||
            !take_item(name, value, &item))
            return FALSE;
    *ret_item = item;
    return TRUE;
}

char *kx_imap_quote(const char *text)
{
    if (strpbrk(text, "\r\n"))
        return NULL;
    GString *out = g_string_new("\"");
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *at);
    }
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

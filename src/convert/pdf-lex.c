/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/pdf-private.h"

enum { OPERANDS_MAX = 100000, DEPTH_MAX = 64, WORD_MAX = 127 };

void kx_pdf_lexer_init(KxPdfLexer *lexer, const char *data, size_t len)
{
    *lexer = (KxPdfLexer){data, data + len, g_string_new(NULL),
                          g_array_new(FALSE, FALSE, sizeof(KxPdfToken))};
}

void kx_pdf_lexer_clear(KxPdfLexer *lexer)
{
    if (lexer->bytes)
        g_string_free(lexer->bytes, TRUE);
    if (lexer->operands)
        g_array_unref(lexer->operands);
    *lexer = (KxPdfLexer){0};
}

static gboolean is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

static gboolean is_delimiter(char c)
{
    return c && strchr("()<>[]{}/%", c) != NULL;
}

static gboolean is_regular(char c)
{
    return !is_space(c) && !is_delimiter(c);
}

static void skip_space(KxPdfLexer *lexer)
{
    while (lexer->pos < lexer->end) {
        if (*lexer->pos == '%')
            while (lexer->pos < lexer->end && *lexer->pos != '\n' && *lexer->pos != '\r')
                lexer->pos++;
        else if (is_space(*lexer->pos))
            lexer->pos++;
        else
            break;
    }
}

/* ---- strings (section 7.3.4) ---- */

static void read_octal(KxPdfLexer *lexer, char first)
{
    guint value = (guint)(first - '0');
    for (guint i = 0; i < 2 && lexer->pos < lexer->end && *lexer->pos >= '0' && *lexer->pos <= '7';
         i++)
        value = value * 8 + (guint)(*lexer->pos++ - '0');
    g_string_append_c(lexer->bytes, (char)value);
}

static void read_escape(KxPdfLexer *lexer)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    if (lexer->pos == lexer->end)
        return;
    char c = *lexer->pos++;
    const char *known = c ? strchr(from, c) : NULL;
    if (known)
        g_string_append_c(lexer->bytes, to[known - from]);
    else if (c >= '0' && c <= '7')
        read_octal(lexer, c);
    else if (c == '\r' && lexer->pos < lexer->end && *lexer->pos == '\n')
        lexer->pos++; /* the line goes on */
    else if (c != '\n' && c != '\r')
        g_string_append_c(lexer->bytes, c);
}

static void read_literal(KxPdfLexer *lexer)
{
    guint open = 1;
    while (lexer->pos < lexer->end) {
        char c = *lexer->pos++;
        if (c == '\\') {
            read_escape(lexer);
            continue;
        }
        open += c == '(';
        if (c == ')' && --open == 0)
            return;
        g_string_append_c(lexer->bytes, c);
    }
}

static void read_hex(KxPdfLexer *lexer)
{
    int high = -1;
    while (lexer->pos < lexer->end && *lexer->pos != '>') {
        int value = g_ascii_xdigit_value(*lexer->pos++);
        if (value < 0)
            continue;
        if (high < 0) {
            high = value;
        } else {
            g_string_append_c(lexer->bytes, (char)(high << 4 | value));
            high = -1;
        }
    }
    if (high >= 0)
        g_string_append_c(lexer->bytes, (char)(high << 4));
    lexer->pos += lexer->pos < lexer->end;
}

/* ---- tokens ---- */

static void read_name(KxPdfLexer *lexer)
{
    while (lexer->pos < lexer->end && is_regular(*lexer->pos)) {
        char c = *lexer->pos++;
        int high = -1, low = -1;
        if (c == '#' && lexer->end - lexer->pos >= 2) {
            high = g_ascii_xdigit_value(lexer->pos[0]);
            low = g_ascii_xdigit_value(lexer->pos[1]);
        }
        if (high >= 0 && low >= 0) {
            c = (char)(high << 4 | low);
            lexer->pos += 2;
        }
        g_string_append_c(lexer->bytes, c ? c : '?');
    }
}

static gboolean read_number(const char *word, size_t len, double *ret_number)
{
    char text[32];
    if (len == 0 || len >= sizeof text || !strchr("+-.0123456789", word[0]))
        return FALSE;
    memcpy(text, word, len);
    text[len] = '\0';
    char *end;
    *ret_number = g_ascii_strtod(text, &end);
    return strspn(text, "+-.0123456789") == len;
}

static KxPdfKind read_word(KxPdfLexer *lexer, KxPdfToken *token)
{
    const char *start = lexer->pos;
    while (lexer->pos < lexer->end && is_regular(*lexer->pos))
        lexer->pos++;
    size_t len = (size_t)(lexer->pos - start);
    if (read_number(start, len, &token->number))
        return KX_PDF_NUMBER;
    g_string_append_len(lexer->bytes, start, (gssize)MIN(len, (size_t)WORD_MAX));
    return KX_PDF_OPERATOR;
}

/* FALSE: nothing to collect. */
static gboolean read_delimited(KxPdfLexer *lexer, KxPdfToken *token)
{
    char c = *lexer->pos++;
    switch (c) {
    case '(':
        read_literal(lexer);
        token->kind = KX_PDF_STRING;
        return TRUE;
    case '/':
        read_name(lexer);
        token->kind = KX_PDF_NAME;
        return TRUE;
    case '[':
    case ']':
        token->kind = c == '[' ? KX_PDF_ARRAY : KX_PDF_ARRAY_END;
        return TRUE;
    case '<':
        if (lexer->pos < lexer->end && *lexer->pos == '<') {
            lexer->pos++;
            return FALSE;
        }
        read_hex(lexer);
        token->kind = KX_PDF_STRING;
        return TRUE;
    default: /* the braces and the ends of dictionaries say nothing of text */
        return FALSE;
    }
}

static gboolean read_token(KxPdfLexer *lexer, KxPdfToken *token)
{
    for (;;) {
        skip_space(lexer);
        *token = (KxPdfToken){.kind = KX_PDF_END, .start = lexer->bytes->len};
        if (lexer->pos == lexer->end)
            return FALSE;
        if (is_regular(*lexer->pos))
            token->kind = read_word(lexer, token);
        else if (!read_delimited(lexer, token))
            continue;
        token->len = lexer->bytes->len - token->start;
        g_string_append_c(lexer->bytes, '\0');
        return TRUE;
    }
}

/* After ID come bytes of any kind, up to a lone EI (section 8.9.7). */
static void skip_image(KxPdfLexer *lexer)
{
    const char *at = lexer->pos;
    while (at < lexer->end) {
        const char *found = memmem(at, (size_t)(lexer->end - at), "EI", 2);
        if (!found)
            break;
        gboolean before = found > lexer->pos && is_space(found[-1]);
        if (before && (found + 2 == lexer->end || is_space(found[2]))) {
            lexer->pos = found + 2;
            return;
        }
        at = found + 2;
    }
    lexer->pos = lexer->end;
}

const char *kx_pdf_lexer_next(KxPdfLexer *lexer)
{
    KxPdfToken token;
    g_string_truncate(lexer->bytes, 0);
    g_array_set_size(lexer->operands, 0);
    while (read_token(lexer, &token)) {
        if (token.kind == KX_PDF_OPERATOR) {
            const char *word = lexer->bytes->str + token.start;
            if (strcmp(word, "ID") == 0)
                skip_image(lexer);
            return word;
        }
        if (lexer->operands->len < OPERANDS_MAX)
            g_array_append_val(lexer->operands, token);
    }
    return NULL;
}

const KxPdfToken *kx_pdf_operand(const KxPdfLexer *lexer, guint back, KxPdfKind kind)
{
    if (back >= lexer->operands->len)
        return NULL;
    const KxPdfToken *token =
        &g_array_index(lexer->operands, KxPdfToken, lexer->operands->len - 1 - back);
    return token->kind == kind ? token : NULL;
}

double kx_pdf_operand_number(const KxPdfLexer *lexer, guint back)
{
    const KxPdfToken *token = kx_pdf_operand(lexer, back, KX_PDF_NUMBER);
    return token ? token->number : 0;
}

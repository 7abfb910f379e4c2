/* SPDX-License-Identifier: Apache-2.0 */
/* See lex-private.h. */
#include "mime/lex-private.h"

static gboolean is_dropped(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

/* At an opening parenthesis. An unfinished comment goes on to the end. */
static void read_comment(KxLex *lex, GString *comment)
{
    size_t depth = 0;
    for (; lex->pos < lex->end; lex->pos++) {
        char c = *lex->pos;
        if (c == ')' && --depth == 0) {
            lex->pos++;
            return;
        }
        if (c == '(' && depth++ == 0)
            continue;
        if (c == '\\' && lex->pos + 1 < lex->end)
            c = *++lex->pos;
        if (comment && !is_dropped(c))
            g_string_append_c(comment, c);
    }
}

void kx_lex_skip(KxLex *lex, GString *comment)
{
    for (; lex->pos < lex->end; lex->pos++) {
        char c = *lex->pos;
        if (c == '(') {
            if (comment)
                g_string_truncate(comment, 0);
            read_comment(lex, comment);
            lex->pos--;
        } else if (c != ' ' && c != '\t' && !is_dropped(c)) {
            return;
        }
    }
}

static gboolean is_token_char(char c)
{
    return g_ascii_isgraph(c) && !strchr("()<>@,;:\\\"/[]?=", c);
}

gboolean kx_lex_token(KxLex *lex, const char **ret_start, size_t *ret_len)
{
    const char *start = lex->pos;
    while (lex->pos < lex->end && is_token_char(*lex->pos))
        lex->pos++;
    if (lex->pos == start)
        return FALSE;
    *ret_start = start;
    *ret_len = (size_t)(lex->pos - start);
    return TRUE;
}

void kx_lex_quoted(KxLex *lex, GString *out)
{
    for (lex->pos++; lex->pos < lex->end; lex->pos++) {
        char c = *lex->pos;
        if (c == '"') {
            lex->pos++;
            return;
        }
        if (c == '\\' && lex->pos + 1 < lex->end)
            c = *++lex->pos;
        if (!is_dropped(c))
            g_string_append_c(out, c);
    }
}

gboolean kx_lex_accept(KxLex *lex, char c)
{
    if (lex->pos == lex->end || *lex->pos != c)
        return FALSE;
    lex->pos++;
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See params.h. */
#include "mime/params-private.h"

/* One parameter as written: "name*3*" is name, index 3, encoded. */
typedef struct Segment {
    char *name;
    char *value;
    int index; /* -1: not a continuation */
    unsigned order;
    gboolean encoded;
} Segment;

/* Takes the RFC 2231 suffix off the name. */
static void split_name(Segment *segment, size_t len)
{
    char *name = segment->name;
    size_t end = len;
    if (end > 1 && name[end - 1] == '*') {
        segment->encoded = TRUE;
        name[--end] = '\0';
    }
    size_t digits = end;
    while (digits > 0 && g_ascii_isdigit(name[digits - 1]))
        digits--;
    if (digits == end || end - digits > 3 || digits < 2 || name[digits - 1] != '*')
        return;
    segment->index = (int)g_ascii_strtoll(name + digits, NULL, 10);
    name[digits - 1] = '\0';
}

/* A value without quotes goes up to the next semicolon or comment: strict readers would stop at the
 * first blank, but senders do write filename=my file.pdf. */
static void read_bare_value(KxLex *lex, GString *out)
{
    for (; lex->pos < lex->end && *lex->pos != ';' && *lex->pos != '('; lex->pos++) {
        if (*lex->pos != '\r' && *lex->pos != '\n' && *lex->pos != '\0')
            g_string_append_c(out, *lex->pos);
    }
    while (out->len > 0 && g_ascii_isspace(out->str[out->len - 1]))
        g_string_truncate(out, out->len - 1);
}

static gboolean read_segment(KxMimeArena *arena, KxLex *lex, GString *scratch, Segment *segment)
{
    const char *name;
    size_t len;
    kx_lex_skip(lex, NULL);
    if (!kx_lex_token(lex, &name, &len))
        return FALSE;
    kx_lex_skip(lex, NULL);
    if (!kx_lex_accept(lex, '='))
        return FALSE;
    kx_lex_skip(lex, NULL);
    g_string_truncate(scratch, 0);
    if (lex->pos < lex->end && *lex->pos == '"')
        kx_lex_quoted(lex, scratch);
    else
        read_bare_value(lex, scratch);

    *segment = (Segment){.index = -1};
    segment->name = kx_mime_arena_strndup(arena, name, len);
    for (char *c = segment->name; *c; c++)
        *c = g_ascii_tolower(*c);
    segment->value = kx_mime_arena_strndup(arena, scratch->str, scratch->len);
    split_name(segment, len);
    return TRUE;
}

/* Plain parameters first, as written; then continuations by name and index. */
static int compare_segments(const void *a_void, const void *b_void)
{
    const Segment *a = a_void, *b = b_void;
    gboolean a_plain = a->index < 0, b_plain = b->index < 0;
    if (a_plain != b_plain)
        return a_plain ? -1 : 1;
    int order = a->order < b->order ? -1 : 1;
    if (a_plain)
        return order;
    int by_name = strcmp(a->name, b->name);
    if (by_name != 0)
        return by_name;
    return a->index != b->index ? a->index - b->index : order;
}

static void append_percent_encoded(GString *out, const char *text)
{
    for (; *text; text++) {
        if (g_ascii_isgraph(*text) && !strchr("*'%()<>@,;:\\\"/[]?=", *text))
            g_string_append_c(out, *text);
        else
            g_string_append_printf(out, "%%%02X", (guchar)*text);
    }
}

/* Joins segments[0..n) of one name up to the first gap. */
static void join_segments(const Segment *segments, unsigned n, GString *out, gboolean *ret_encoded)
{
    gboolean encoded = FALSE;
    for (unsigned i = 0; i < n; i++)
        encoded |= segments[i].encoded;
    g_string_assign(out, encoded && !segments[0].encoded ? "''" : "");
    int expected = 0;
    for (unsigned i = 0; i < n; i++) {
        if (segments[i].index < expected)
            continue; /* the same index twice: the first counts */
        if (segments[i].index > expected++)
            break;
        if (encoded && !segments[i].encoded)
            append_percent_encoded(out, segments[i].value);
        else
            g_string_append(out, segments[i].value);
    }
    *ret_encoded = encoded;
}

static const char *final_name(KxMimeArena *arena, const char *name, gboolean encoded)
{
    if (!encoded)
        return name;
    size_t len = strlen(name);
    char *starred = kx_mime_arena_strndup(arena, name, len + 1); /* copies the NUL too */
    starred[len] = '*';
    return starred;
}

static void build_params(KxMimeArena *arena, Segment *segments, unsigned n, GString *scratch,
                         KxMimeParams *ret_params)
{
    KxMimeParam *items = kx_mime_arena_alloc(arena, n * sizeof(KxMimeParam));
    unsigned n_items = 0;
    for (unsigned i = 0, next; i < n; i = next) {
        next = i + 1;
        if (segments[i].index < 0) {
            items[n_items++] = (KxMimeParam){
                final_name(arena, segments[i].name, segments[i].encoded), segments[i].value};
            continue;
        }
        while (next < n && strcmp(segments[next].name, segments[i].name) == 0)
            next++;
        gboolean encoded;
        join_segments(segments + i, next - i, scratch, &encoded);
        items[n_items++] = (KxMimeParam){final_name(arena, segments[i].name, encoded),
                                         kx_mime_arena_strndup(arena, scratch->str, scratch->len)};
    }
    *ret_params = (KxMimeParams){items, n_items};
}

void kx_mime_params_parse(KxMimeArena *arena, KxLex *lex, GString *scratch,
                          KxMimeParams *ret_params)
{
    Segment segments[KX_MIME_MAX_PARAMS];
    unsigned n = 0;
    gboolean continued = FALSE;
    while (lex->pos < lex->end && n < KX_MIME_MAX_PARAMS) {
        if (read_segment(arena, lex, scratch, &segments[n])) {
            segments[n].order = n;
            continued |= segments[n].index >= 0;
            n++;
        }
        while (lex->pos < lex->end && *lex->pos != ';')
            lex->pos++;
        kx_lex_accept(lex, ';');
    }
    *ret_params = (KxMimeParams){NULL, 0};
    if (n == 0)
        return;
    if (continued)
        qsort(segments, n, sizeof(Segment), compare_segments);
    build_params(arena, segments, n, scratch, ret_params);
}

const char *kx_mime_param_get(const KxMimeParams *params, const char *name)
{
    for (unsigned i = 0; i < params->n; i++) {
        if (strcmp(params->items[i].name, name) == 0)
            return params->items[i].value;
    }
    return NULL;
}

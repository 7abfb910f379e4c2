/* SPDX-License-Identifier: Apache-2.0 */
/* The pass over a message that finds its parts: see part.h. */
#include "mime/part.h"
#include "mime/boundary-private.h"
#include "mime/content-private.h"

/*
 * The invariant that keeps offsets simple: the line ending before a delimiter belongs to the
 * delimiter, and whatever a delimiter closes ends before it, header or body.
 */
typedef struct Parser {
    KxMimeMessage *message;
    const char *data, *end;
    const char *pos;  /* always at the start of a line */
    size_t lines;     /* line feeds before pos */
    KxMimePart *open; /* innermost part not closed yet */
    KxBoundarySet boundaries;
    KxMimeContent content;
} Parser;

static const char *line_stop(const Parser *parser, const char *pos)
{
    const char *lf = memchr(pos, '\n', (size_t)(parser->end - pos));
    return lf ? lf + 1 : parser->end;
}

static size_t offset_of(const Parser *parser, const char *pos)
{
    return (size_t)(pos - parser->data);
}

static void next_line(Parser *parser, const char *stop)
{
    parser->lines += stop > parser->pos && stop[-1] == '\n';
    parser->pos = stop;
}

/* The index of the boundary that the line at pos is a delimiter of, or -1. */
static int match_delimiter(const Parser *parser, const char *stop)
{
    size_t len = (size_t)(stop - parser->pos);
    if (parser->boundaries.n == 0 || len < 3 || parser->pos[0] != '-' || parser->pos[1] != '-')
        return -1;
    if (stop[-1] == '\n')
        len--;
    return kx_boundary_match(&parser->boundaries, parser->pos, len);
}

static KxMimePart *begin_part(Parser *parser, KxMimePart *parent)
{
    KxMimePart *part = kx_mime_arena_alloc(parser->content.arena, sizeof(KxMimePart));
    part->header_start = offset_of(parser, parser->pos);
    part->parent = parent;
    parser->message->n_parts++;
    parser->open = part;
    if (!parent)
        return part;
    part->depth = parent->depth + 1;
    if (parent->last_child)
        parent->last_child->next = part;
    else
        parent->first_child = part;
    parent->last_child = part;
    parent->n_children++;
    return part;
}

/* The end of content before the delimiter at pos. */
static size_t end_before_delimiter(const Parser *parser)
{
    const char *pos = parser->pos;
    if (pos > parser->data && pos[-1] == '\n')
        pos--;
    if (pos > parser->data && pos[-1] == '\r' && pos < parser->pos)
        pos--;
    return offset_of(parser, pos);
}

/* body_lines held the count at the body's start until now. */
static void close_part(const Parser *parser, KxMimePart *part, size_t end)
{
    size_t here = offset_of(parser, parser->pos);
    gboolean newline_taken = end < here && part->body_start < here;
    part->body_lines = parser->lines - part->body_lines - (newline_taken ? 1 : 0);
    part->header_start = MIN(part->header_start, end);
    part->body_start = MIN(part->body_start, end);
    part->header_len = part->body_start - part->header_start;
    part->body_len = end - part->body_start;
}

/* Closes open parts up to, not including, `keep`. */
static void close_until(Parser *parser, const KxMimePart *keep, size_t end)
{
    while (parser->open != keep) {
        close_part(parser, parser->open, end);
        parser->open = parser->open->parent;
    }
}

static void read_field(Parser *parser, const char *start)
{
    KxHeaderIter iter;
    KxHeaderField field;
    kx_header_iter_init(&iter, start, (size_t)(parser->pos - start));
    if (kx_header_iter_next(&iter, &field))
        kx_mime_content_field(&parser->content, parser->open, &field);
}

/* Reads the header of the open part. Returns the boundary whose delimiter cut it short, or -1 when
 * pos is at the start of the body. */
static int read_header(Parser *parser)
{
    int delimiter = -1;
    while (parser->pos < parser->end) {
        const char *start = parser->pos;
        const char *stop = line_stop(parser, start);
        delimiter = match_delimiter(parser, stop);
        if (delimiter >= 0)
            break;
        next_line(parser, stop);
        if (*start == '\n' || (*start == '\r' && stop - start == 2))
            break;
        while (parser->pos < parser->end && (*parser->pos == ' ' || *parser->pos == '\t'))
            next_line(parser, line_stop(parser, parser->pos));
        if (*start == 'C' || *start == 'c')
            read_field(parser, start);
    }
    parser->open->body_start = offset_of(parser, parser->pos);
    parser->open->body_lines = parser->lines;
    kx_mime_content_defaults(parser->open);
    return delimiter;
}

/* The boundary of a multipart, without the blanks at its end that transport may take from lines. */
static size_t get_boundary(const KxMimePart *part, const char **ret_text)
{
    const char *text = kx_mime_param_get(&part->type_params, "boundary");
    size_t len = text ? strlen(text) : 0;
    while (len > 0 && g_ascii_isspace(text[len - 1]))
        len--;
    *ret_text = text;
    return len <= KX_MIME_MAX_BOUNDARY ? len : 0;
}

static void open_multipart(Parser *parser, KxMimePart *part)
{
    const char *text;
    size_t len = get_boundary(part, &text);
    if (len == 0) {
        part->type = "text";
        part->subtype = "plain";
        part->type_params = (KxMimeParams){NULL, 0};
        return;
    }
    if (part->depth >= KX_MIME_MAX_DEPTH) {
        part->opaque = TRUE;
        return;
    }
    part->kind = KX_MIME_MULTIPART;
    kx_boundary_push(&parser->boundaries, text, len, part);
}

/* Returns TRUE if the body of the open part begins with the header of an inner message, then open.
 */
static gboolean open_container(Parser *parser)
{
    KxMimePart *part = parser->open;
    if (strcmp(part->type, "multipart") == 0) {
        open_multipart(parser, part);
        return FALSE;
    }
    if (!kx_mime_part_is(part, "message", "rfc822") && !kx_mime_part_is(part, "message", "global"))
        return FALSE;
    if (part->depth >= KX_MIME_MAX_DEPTH || parser->message->n_parts >= KX_MIME_MAX_PARTS) {
        part->opaque = TRUE;
        return FALSE;
    }
    part->kind = KX_MIME_MESSAGE;
    begin_part(parser, part);
    return TRUE;
}

/* Moves pos to the next delimiter and returns its boundary, or -1 at the end of the message. */
static int find_delimiter(Parser *parser)
{
    while (parser->pos < parser->end) {
        const char *stop = line_stop(parser, parser->pos);
        int delimiter = match_delimiter(parser, stop);
        if (delimiter >= 0)
            return delimiter;
        next_line(parser, stop);
    }
    return -1;
}

/* At a delimiter: closes what it ends and passes over the line. Returns TRUE if a part begins. */
static gboolean pass_delimiter(Parser *parser, int index)
{
    const KxBoundary *boundary = &parser->boundaries.items[index];
    close_until(parser, boundary->part, end_before_delimiter(parser));
    const char *stop = line_stop(parser, parser->pos);
    const char *after = parser->pos + 2 + boundary->len;
    gboolean last = stop - after >= 2 && after[0] == '-' && after[1] == '-';
    next_line(parser, stop);
    if (last || parser->message->n_parts >= KX_MIME_MAX_PARTS) {
        kx_boundary_truncate(&parser->boundaries, (unsigned)index);
        return FALSE;
    }
    kx_boundary_truncate(&parser->boundaries, (unsigned)index + 1);
    begin_part(parser, boundary->part);
    return TRUE;
}

static void parse_parts(Parser *parser)
{
    gboolean at_header = TRUE;
    for (;;) {
        int delimiter = -1;
        if (at_header)
            delimiter = read_header(parser);
        /* Also when a delimiter cut the header short: the container is then an empty one. */
        if (at_header && open_container(parser))
            continue;
        if (delimiter < 0)
            delimiter = find_delimiter(parser);
        if (delimiter < 0)
            break;
        at_header = pass_delimiter(parser, delimiter);
    }
    close_until(parser, NULL, parser->message->len);
}

KxMimeMessage *kx_mime_parse(const char *data, size_t len)
{
    data = len > 0 ? data : "";
    KxMimeArena *arena = kx_mime_arena_new();
    KxMimeMessage *message = kx_mime_arena_alloc(arena, sizeof(KxMimeMessage));
    *message = (KxMimeMessage){.data = data, .len = len, .arena = arena};
    g_autoptr(GString) scratch = g_string_sized_new(256);
    Parser parser = {
        .message = message,
        .data = data,
        .end = data + len,
        .pos = data,
        .content = {.arena = arena, .scratch = scratch, .budget = KX_MIME_MAX_FIELDS_TOTAL},
    };
    kx_boundary_set_init(&parser.boundaries);
    message->root = begin_part(&parser, NULL);
    parse_parts(&parser);
    return message;
}

void kx_mime_message_free(KxMimeMessage *message)
{
    if (message)
        kx_mime_arena_free(message->arena);
}

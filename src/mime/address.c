/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. */
#include "mime/address.h"
#include "mime/arena-private.h"
#include "mime/lex-private.h"

typedef struct Reader {
    KxLex lex;
    KxMimeArena *arena;
    GArray *items;  /* of KxAddress */
    GString *words; /* a phrase or local part */
    GString *domain;
    GString *comment; /* the last comment since the element began */
    gboolean quoted;  /* words hold a quoted string */
    gboolean in_group;
} Reader;

static char peek(const Reader *reader)
{
    return reader->lex.pos < reader->lex.end ? *reader->lex.pos : '\0';
}

static gboolean is_special(char c)
{
    return strchr("()<>,;:@\"[]\\", c) != NULL; /* and NUL */
}

static gboolean is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *copy(Reader *reader, const GString *text)
{
    return kx_mime_arena_strndup(reader->arena, text->str, text->len);
}

static void read_atom(Reader *reader, GString *out)
{
    const char *start = reader->lex.pos;
    while (reader->lex.pos < reader->lex.end && !is_special(*reader->lex.pos) &&
           !is_white(*reader->lex.pos))
        reader->lex.pos++;
    g_string_append_len(out, start, reader->lex.pos - start);
}

/* Reads atoms and quoted strings up to something else; white space between them becomes a blank. */
static void read_words(Reader *reader)
{
    g_string_truncate(reader->words, 0);
    reader->quoted = FALSE;
    for (;;) {
        const char *before = reader->lex.pos;
        kx_lex_skip(&reader->lex, reader->comment);
        gboolean gap = reader->lex.pos > before && reader->words->len > 0;
        char c = peek(reader);
        if (c != '"' && c != '\\' && is_special(c))
            return;
        if (gap)
            g_string_append_c(reader->words, ' ');
        if (c == '"') {
            kx_lex_quoted(&reader->lex, reader->words);
            reader->quoted = TRUE;
        } else if (c == '\\') {
            reader->lex.pos++;
        } else {
            read_atom(reader, reader->words);
        }
    }
}

/* A local part may have blanks around its dots (RFC 5322 section 4.4). */
static const char *copy_local_part(Reader *reader)
{
    GString *words = reader->words;
    if (!reader->quoted) {
        size_t out = 0;
        for (size_t i = 0; i < words->len; i++) {
            char c = words->str[i];
            gboolean beside_dot =
                c == ' ' && ((out > 0 && words->str[out - 1] == '.') || words->str[i + 1] == '.');
            if (!beside_dot)
                words->str[out++] = c;
        }
        g_string_truncate(words, out);
    }
    return copy(reader, words);
}

static void read_domain_literal(Reader *reader)
{
    const char *start = reader->lex.pos;
    while (reader->lex.pos < reader->lex.end && *reader->lex.pos != ']') {
        if (!is_white(*reader->lex.pos) && *reader->lex.pos != '\0')
            g_string_append_c(reader->domain, *reader->lex.pos);
        reader->lex.pos++;
    }
    if (kx_lex_accept(&reader->lex, ']'))
        g_string_append_c(reader->domain, ']');
    else if (reader->domain->len > 0 && reader->lex.pos > start)
        g_string_append_c(reader->domain, ']');
}

/* After an at sign. Blanks and comments may stand around the dots. */
static void read_domain(Reader *reader)
{
    g_string_truncate(reader->domain, 0);
    kx_lex_skip(&reader->lex, reader->comment);
    if (peek(reader) == '[') {
        read_domain_literal(reader);
        return;
    }
    for (;;) {
        read_atom(reader, reader->domain);
        kx_lex_skip(&reader->lex, reader->comment);
        gboolean more =
            peek(reader) == '.' ||
            (reader->domain->len > 0 && reader->domain->str[reader->domain->len - 1] == '.');
        if (!more || is_special(peek(reader)))
            return;
    }
}

/* "@a,@b:" inside angle brackets (obs-route). */
static const char *read_route(Reader *reader)
{
    g_autoptr(GString) route = g_string_new(NULL);
    for (;;) {
        kx_lex_skip(&reader->lex, reader->comment);
        char c = peek(reader);
        if (c == '@') {
            reader->lex.pos++;
            read_domain(reader);
            g_string_append_printf(route, "%s@%s", route->len > 0 ? "," : "", reader->domain->str);
        } else if (c == ',') {
            reader->lex.pos++;
        } else {
            break;
        }
    }
    kx_lex_accept(&reader->lex, ':');
    return route->len > 0 ? copy(reader, route) : NULL;
}

static void read_angle(Reader *reader, KxAddress *address)
{
    reader->lex.pos++;
    address->route = read_route(reader);
    read_words(reader);
    address->mailbox = copy_local_part(reader);
    address->host = "";
    if (kx_lex_accept(&reader->lex, '@')) {
        read_domain(reader);
        address->host = copy(reader, reader->domain);
    }
    while (reader->lex.pos < reader->lex.end && *reader->lex.pos != '>' && *reader->lex.pos != ',')
        reader->lex.pos++;
    kx_lex_accept(&reader->lex, '>');
}

static void end_group(Reader *reader)
{
    if (reader->in_group) {
        KxAddress end = {.kind = KX_ADDRESS_GROUP_END};
        g_array_append_val(reader->items, end);
    }
    reader->in_group = FALSE;
}

static void begin_group(Reader *reader)
{
    end_group(reader);
    reader->lex.pos++;
    KxAddress start = {.kind = KX_ADDRESS_GROUP_START, .name = copy(reader, reader->words)};
    g_array_append_val(reader->items, start);
    reader->in_group = TRUE;
}

/* Passes over what cannot belong to the address just read. */
static void skip_rest(Reader *reader)
{
    for (;;) {
        kx_lex_skip(&reader->lex, reader->comment);
        char c = peek(reader);
        if (reader->lex.pos == reader->lex.end || c == ',' || c == ';' || c == '<')
            return;
        reader->lex.pos++;
    }
}

static void finish_mailbox(Reader *reader, KxAddress *address)
{
    skip_rest(reader);
    if (!address->name && reader->comment->len > 0)
        address->name = copy(reader, reader->comment);
    g_array_append_val(reader->items, *address);
}

/* "local@domain", or "someone@somewhere <local@domain>", where the first serves as the name. */
static void read_plain_address(Reader *reader, KxAddress *address)
{
    reader->lex.pos++;
    address->mailbox = copy_local_part(reader);
    read_domain(reader);
    address->host = copy(reader, reader->domain);
    if (peek(reader) != '<')
        return;
    g_autofree char *name = g_strdup_printf("%s@%s", address->mailbox, address->host);
    address->name = kx_mime_arena_strndup(reader->arena, name, strlen(name));
    read_angle(reader, address);
}

/* One mailbox or the start of a group; always moves on. */
static void read_element(Reader *reader)
{
    g_string_truncate(reader->comment, 0);
    read_words(reader);
    KxAddress address = {.kind = KX_ADDRESS_MAILBOX, .mailbox = "", .host = ""};
    char c = peek(reader);
    if (c == ':') {
        begin_group(reader);
    } else if (c == '<') {
        address.name = reader->words->len > 0 ? copy(reader, reader->words) : NULL;
        read_angle(reader, &address);
        finish_mailbox(reader, &address);
    } else if (c == '@') {
        read_plain_address(reader, &address);
        finish_mailbox(reader, &address);
    } else if (reader->words->len > 0) {
        address.mailbox = copy(reader, reader->words);
        finish_mailbox(reader, &address);
    } else if (reader->lex.pos < reader->lex.end && c != ',' && c != ';') {
        reader->lex.pos++; /* stray punctuation */
    }
}

static void read_list(Reader *reader, unsigned max)
{
    while (reader->items->len < max) {
        kx_lex_skip(&reader->lex, NULL);
        if (reader->lex.pos == reader->lex.end)
            break;
        if (kx_lex_accept(&reader->lex, ';'))
            end_group(reader);
        else if (!kx_lex_accept(&reader->lex, ','))
            read_element(reader);
    }
    end_group(reader);
}

KxAddressList *kx_address_parse(const char *value, size_t len, unsigned max)
{
    KxMimeArena *arena = kx_mime_arena_new();
    Reader reader = {
        .lex = {value, value + len},
        .arena = arena,
        .items = g_array_new(FALSE, FALSE, sizeof(KxAddress)),
        .words = g_string_new(NULL),
        .domain = g_string_new(NULL),
        .comment = g_string_new(NULL),
    };
    read_list(&reader, MIN(max, KX_ADDRESS_MAX));

    KxAddressList *list = kx_mime_arena_alloc(arena, sizeof(KxAddressList));
    KxAddress *items = kx_mime_arena_alloc(arena, reader.items->len * sizeof(KxAddress));
    if (reader.items->len > 0)
        memcpy(items, reader.items->data, reader.items->len * sizeof(KxAddress));
    *list = (KxAddressList){items, reader.items->len, arena};
    g_array_free(reader.items, TRUE);
    g_string_free(reader.words, TRUE);
    g_string_free(reader.domain, TRUE);
    g_string_free(reader.comment, TRUE);
    return list;
}

void kx_address_list_free(KxAddressList *list)
{
    if (list)
        kx_mime_arena_free(list->arena);
}

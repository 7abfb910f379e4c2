/* SPDX-License-Identifier: Apache-2.0 */
/* ToUnicode maps: the lines between beginbfchar or beginbfrange and their ends. */
#include "convert/pdf-private.h"

enum { ENTRIES_MAX = 70000, UNITS_MAX = 32 };

struct KxPdfMap {
    GHashTable *texts; /* code to UTF-8 in `chunk` */
    GStringChunk *chunk;
};

static guint32 read_code(const KxPdfLexer *lexer, const KxPdfToken *token)
{
    guint32 code = 0;
    for (size_t i = 0; i < MIN(token->len, (size_t)4); i++)
        code = code << 8 | (guint8)lexer->bytes->str[token->start + i];
    return code;
}

/* UTF-16BE, its last unit `more` further on. */
static void put(KxPdfMap *map, guint32 code, const KxPdfLexer *lexer, const KxPdfToken *to,
                guint32 more)
{
    gunichar2 units[UNITS_MAX];
    guint n = (guint)MIN(to->len / 2, (size_t)UNITS_MAX);
    const guint8 *bytes = (const guint8 *)lexer->bytes->str + to->start;
    for (guint i = 0; i < n; i++)
        units[i] = (gunichar2)(bytes[i * 2] << 8 | bytes[i * 2 + 1]);
    if (to->len == 1) /* not allowed, and common */
        units[n++] = bytes[0];
    if (n == 0 || g_hash_table_size(map->texts) >= ENTRIES_MAX)
        return;
    units[n - 1] = (gunichar2)(units[n - 1] + more);
    g_autofree char *text = g_utf16_to_utf8(units, n, NULL, NULL, NULL);
    if (text && *text)
        g_hash_table_insert(map->texts, GUINT_TO_POINTER(code),
                            g_string_chunk_insert_const(map->chunk, text));
}

static const KxPdfToken *at(const KxPdfLexer *lexer, guint i)
{
    return &g_array_index(lexer->operands, KxPdfToken, i);
}

static void read_chars(KxPdfMap *map, const KxPdfLexer *lexer)
{
    for (guint i = 0; i + 1 < lexer->operands->len; i += 2) {
        const KxPdfToken *from = at(lexer, i), *to = at(lexer, i + 1);
        if (from->kind == KX_PDF_STRING && to->kind == KX_PDF_STRING)
            put(map, read_code(lexer, from), lexer, to, 0);
    }
}

/* One destination for each code of the range; returns the index behind the array. */
static guint read_array(KxPdfMap *map, const KxPdfLexer *lexer, guint i, guint32 low, guint32 high)
{
    for (guint32 code = low; i < lexer->operands->len; i++, code++) {
        const KxPdfToken *token = at(lexer, i);
        if (token->kind == KX_PDF_ARRAY_END)
            return i + 1;
        if (token->kind == KX_PDF_STRING && code <= high && code >= low)
            put(map, code, lexer, token, 0);
    }
    return i;
}

static void read_ranges(KxPdfMap *map, const KxPdfLexer *lexer)
{
    guint i = 0;
    while (i + 2 < lexer->operands->len) {
        guint32 low = read_code(lexer, at(lexer, i)), high = read_code(lexer, at(lexer, i + 1));
        const KxPdfToken *to = at(lexer, i + 2);
        i += 3;
        if (to->kind == KX_PDF_ARRAY)
            i = read_array(map, lexer, i, low, high);
        else if (to->kind == KX_PDF_STRING)
            for (guint32 n = 0; high >= low && n <= MIN(high - low, 0xffffU); n++)
                put(map, low + n, lexer, to, n);
    }
}

KxPdfMap *kx_pdf_map_parse(const char *data, size_t len)
{
    KxPdfMap *map = g_new(KxPdfMap, 1);
    map->texts = g_hash_table_new(NULL, NULL);
    map->chunk = g_string_chunk_new(4096);
    g_auto(KxPdfLexer) lexer;
    kx_pdf_lexer_init(&lexer, data, len);
    const char *word;
    while ((word = kx_pdf_lexer_next(&lexer)) && g_hash_table_size(map->texts) < ENTRIES_MAX) {
        if (strcmp(word, "endbfchar") == 0)
            read_chars(map, &lexer);
        else if (strcmp(word, "endbfrange") == 0)
            read_ranges(map, &lexer);
    }
    return map;
}

void kx_pdf_map_free(KxPdfMap *map)
{
    if (!map)
        return;
    g_hash_table_unref(map->texts);
    g_string_chunk_free(map->chunk);
    g_free(map);
}

const char *kx_pdf_map_get(const KxPdfMap *map, guint32 code)
{
    return g_hash_table_lookup(map->texts, GUINT_TO_POINTER(code));
}

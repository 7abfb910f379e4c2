/* SPDX-License-Identifier: Apache-2.0 */
/* See fold.h and fold-private.h; what of a message is text is in text.c. */
#include "mime/fold-private.h"

/* Text is folded in pieces of about this many bytes. */
#define PIECE_SIZE 32768

static gboolean is_ascii(const char *text, size_t len)
{
    guchar all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (guchar)text[i];
    return all < 0x80;
}

/* Appends `text` (valid UTF-8 without NUL) folded: case first, then NFKD, then case again for what
 * the decomposition brought out (a full-width or superscript capital). */
static void append_folded(GString *out, KxCollation collation, const char *text, size_t len)
{
    if (collation != KX_COLLATION_UNICODE) {
        kx_casemap_append(out, collation, text, len);
        return;
    }
    if (is_ascii(text, len)) {
        size_t start = out->len;
        g_string_append_len(out, text, (gssize)len);
        for (char *c = out->str + start; *c; c++)
            *c = g_ascii_tolower(*c);
        return;
    }
    g_autofree char *folded = g_utf8_casefold(text, (gssize)len);
    g_autofree char *decomposed = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL);
    g_autofree char *again = g_utf8_casefold(decomposed, -1);
    g_string_append(out, again);
}

char *kx_fold(KxCollation collation, const char *text, size_t len, size_t *ret_len)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
    GString *out = g_string_new(NULL);
    append_folded(out, collation, valid, strlen(valid));
    *ret_len = out->len;
    return g_string_free(out, FALSE);
}

void kx_folding_init(KxFolding *folding, KxCollation collation, KxTextTake take, gpointer data)
{
    *folding = (KxFolding){.collation = collation,
                           .raw = g_string_new(NULL),
                           .folded = g_string_new(NULL),
                           .take = take,
                           .data = data};
}

void kx_folding_clear(KxFolding *folding)
{
    g_string_free(g_steal_pointer(&folding->raw), TRUE);
    g_string_free(g_steal_pointer(&folding->folded), TRUE);
}

/* Where to cut so that no sequence of combining marks is torn: before the last ASCII character,
 * which never combines with what is before it; in a long text without any, between two characters.
 */
static size_t cut_at(const GString *raw)
{
    size_t cut = raw->len;
    while (cut > 0 && (guchar)raw->str[cut - 1] >= 0x80)
        cut--;
    if (cut > 1)
        return cut - 1;
    if (raw->len < PIECE_SIZE)
        return 0;
    return (size_t)(g_utf8_find_prev_char(raw->str, raw->str + raw->len) - raw->str);
}

gboolean kx_folding_go(KxFolding *folding, gboolean last)
{
    GString *raw = folding->raw, *folded = folding->folded;
    size_t cut = last ? raw->len : cut_at(raw);
    gboolean enough = FALSE;
    if (cut > 0 || last) {
        g_string_truncate(folded, 0);
        append_folded(folded, folding->collation, raw->str, cut);
        enough = folding->take(folding->data, folded->str, folded->len, last);
    }
    g_string_erase(raw, 0, (gssize)cut);
    return enough;
}

gboolean kx_fold_text(KxCollation collation, const char *text, size_t len, KxTextTake take,
                      gpointer data)
{
    size_t folded_len;
    g_autofree char *folded = kx_fold(collation, text, len, &folded_len);
    return take(data, folded, folded_len, TRUE);
}

/* ---- looser still ---- */

/* Letters that no decomposition takes apart. */
static gunichar plain_letter(gunichar c)
{
    static const struct {
        gunichar from, to;
    } pairs[] = {
        {0xe6, 'a'},  {0xf0, 'd'},  {0xf8, 'o'},  {0xfe, 't'},  {0x111, 'd'}, {0x127, 'h'},
        {0x131, 'i'}, {0x138, 'k'}, {0x142, 'l'}, {0x14b, 'n'}, {0x153, 'o'}, {0x167, 't'},
    };
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (pairs[i].from == c)
            return pairs[i].to;
    return c;
}

gunichar kx_fold_next_loose(const char **at, const char *end)
{
    while (*at < end) {
        gunichar c = (guchar) * *at;
        if (c < 0x80) {
            (*at)++;
            return c;
        }
        c = g_utf8_get_char(*at);
        *at = g_utf8_next_char(*at);
        if (!g_unichar_ismark(c))
            return c < 0x180 ? plain_letter(c) : c;
    }
    return 0;
}

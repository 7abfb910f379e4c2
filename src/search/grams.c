/* SPDX-License-Identifier: Apache-2.0 */
#include "search/grams.h"

enum { WORD_BITS = 64, WORDS = (1 << KX_GRAM_KEY_BITS) / WORD_BITS };

typedef struct {
    gunichar last[2]; /* the characters before, the nearer one second; 0: none */
} Window;

struct KxGrams {
    KxGramArea area;
    Window window;
    gboolean rich; /* the area holds anything */
    GArray *keys;
    guint64 seen[WORDS]; /* a bit for each key in `keys` */
};

/* ---- numbers ---- */

/* ASCII triples have numbers of their own below 2^21, the rest share those above. */
static guint32 mix(guint32 a, guint32 b, guint32 c)
{
    guint32 x = a * 0x9e3779b1U + b;
    x = (x ^ x >> 15) * 0x85ebca77U + c;
    x = (x ^ x >> 13) * 0xc2b2ae3dU;
    x ^= x >> 16;
    return 1U << 23 | (x & ((1U << 23) - 1));
}

static guint32 triple(gunichar a, gunichar b, gunichar c)
{
    if ((a | b | c) < 0x80)
        return a << 14 | b << 7 | c;
    return mix(a, b, c);
}

static guint32 pair(gunichar a, gunichar b)
{
    return mix(a, b, 0xffffffffU);
}

static guint32 single(gunichar a)
{
    return mix(a, 0xffffffffU, 0xffffffffU);
}

/* Ideographs, syllables and the letters they are folded to. */
static gboolean is_dense(gunichar c)
{
    return c >= 0x1100 &&
           (c < 0x1200 || (c >= 0x2e80 && c < 0xa4d0) || (c >= 0xac00 && c < 0xd800) ||
            (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x40000));
}

/* ---- texts ---- */

KxGrams *kx_grams_new(void)
{
    KxGrams *grams = g_new0(KxGrams, 1);
    grams->keys = g_array_new(FALSE, FALSE, sizeof(guint32));
    return grams;
}

void kx_grams_free(KxGrams *grams)
{
    if (!grams)
        return;
    g_array_unref(grams->keys);
    g_free(grams);
}

void kx_grams_begin(KxGrams *grams)
{
    for (guint i = 0; i < grams->keys->len; i++)
        grams->seen[g_array_index(grams->keys, guint32, i) / WORD_BITS] = 0;
    g_array_set_size(grams->keys, 0);
    kx_grams_area(grams, KX_GRAMS_HEADER);
}

void kx_grams_area(KxGrams *grams, KxGramArea area)
{
    grams->area = area;
    grams->window = (Window){0};
    grams->rich = FALSE;
}

static void add(KxGrams *grams, guint32 gram)
{
    guint32 key = KX_GRAM_KEY(grams->area, gram);
    guint64 bit = G_GUINT64_CONSTANT(1) << key % WORD_BITS;
    guint64 *word = &grams->seen[key / WORD_BITS];
    if (*word & bit)
        return;
    *word |= bit;
    g_array_append_val(grams->keys, key);
}

static void take_character(KxGrams *grams, gunichar c)
{
    Window *window = &grams->window;
    if (window->last[0])
        add(grams, triple(window->last[0], window->last[1], c));
    if (c >= 0x80 && is_dense(c)) {
        add(grams, single(c));
        if (is_dense(window->last[1]))
            add(grams, pair(window->last[1], c));
    }
    window->last[0] = window->last[1];
    window->last[1] = c;
}

gboolean kx_grams_take(gpointer data, const char *folded, size_t len, gboolean end)
{
    KxGrams *grams = data;
    const char *at = folded, *stop = folded + len;
    gunichar c;
    while (!grams->rich && (c = kx_fold_next_loose(&at, stop)) != 0)
        take_character(grams, c);
    if (end)
        grams->window = (Window){0};
    if (!grams->rich && grams->keys->len > KX_GRAMS_PER_MESSAGE) {
        add(grams, KX_GRAM_ANYTHING);
        grams->rich = TRUE;
    }
    return grams->rich;
}

void kx_grams_anything(KxGrams *grams)
{
    for (guint area = KX_GRAMS_HEADER; area <= KX_GRAMS_BODY; area++) {
        kx_grams_area(grams, area);
        add(grams, KX_GRAM_ANYTHING);
    }
}

const GArray *kx_grams_keys(KxGrams *grams)
{
    return grams->keys;
}

/* ---- what is sought ---- */

static void add_once(GArray *grams, guint32 gram)
{
    for (guint i = 0; i < grams->len; i++)
        if (g_array_index(grams, guint32, i) == gram)
            return;
    g_array_append_val(grams, gram);
}

void kx_grams_of_needle(const char *folded, size_t len, GArray *grams)
{
    const char *at = folded, *stop = folded + len;
    gunichar c, last[2] = {0};
    guint n = 0, first = grams->len;
    for (; grams->len - first < KX_GRAMS_PER_NEEDLE && (c = kx_fold_next_loose(&at, stop)); n++) {
        if (n >= 2)
            add_once(grams, triple(last[0], last[1], c));
        last[0] = last[1];
        last[1] = c;
    }
    if (n == 2 && is_dense(last[0]) && is_dense(last[1]))
        add_once(grams, pair(last[0], last[1]));
    if (n == 1 && is_dense(last[1]))
        add_once(grams, single(last[1]));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/fuzzy.h"

enum {
    INSIDE = 40, /* points of a word */
    PREFIX = 70,
    WHOLE = 100,
    SCATTERED = 80, /* percent, if several words do not follow each other */
    TEXT_MAX = 64 * 1024,
};

struct KxFuzzy {
    GPtrArray *words; /* char *, loosely folded; NULL at the end */
    GString *phrase;  /* all of them with a space between */
    size_t longest;   /* bytes */
};

static void append_loose(GString *out, const char *folded, size_t len)
{
    const char *end = folded + len;
    gunichar c;
    while ((c = kx_fold_next_loose(&folded, end)) != 0) {
        if (c < 0x80)
            g_string_append_c(out, (char)c);
        else
            g_string_append_unichar(out, c);
    }
}

static gboolean is_word(gunichar c)
{
    return c < 0x80 ? g_ascii_isalnum((char)c) : g_unichar_isalnum(c);
}

static void add_words(KxFuzzy *fuzzy, const char *text)
{
    while (*text && fuzzy->words->len < KX_FUZZY_WORDS) {
        const char *start = text;
        while (*text && is_word(g_utf8_get_char(text)))
            text = g_utf8_next_char(text);
        if (text > start)
            g_ptr_array_add(fuzzy->words, g_strndup(start, (gsize)(text - start)));
        else
            text = g_utf8_next_char(text);
    }
}

KxFuzzy *kx_fuzzy_new(const char *text, size_t len)
{
    KxFuzzy *fuzzy = g_new0(KxFuzzy, 1);
    size_t folded_len;
    g_autofree char *folded = kx_fold(KX_COLLATION_UNICODE, text, len, &folded_len);
    g_autoptr(GString) loose = g_string_new(NULL);
    append_loose(loose, folded, folded_len);
    fuzzy->words = g_ptr_array_new_with_free_func(g_free);
    add_words(fuzzy, loose->str);
    if (fuzzy->words->len == 0 && loose->len > 0) /* signs alone: these, then */
        g_ptr_array_add(fuzzy->words, g_strdup(loose->str));
    fuzzy->phrase = g_string_new(NULL);
    for (guint i = 0; i < fuzzy->words->len; i++) {
        g_string_append(fuzzy->phrase, i > 0 ? " " : "");
        g_string_append(fuzzy->phrase, fuzzy->words->pdata[i]);
    }
    fuzzy->longest = fuzzy->phrase->len;
    g_ptr_array_add(fuzzy->words, NULL);
    return fuzzy;
}

void kx_fuzzy_free(KxFuzzy *fuzzy)
{
    if (!fuzzy)
        return;
    g_ptr_array_unref(fuzzy->words);
    g_string_free(fuzzy->phrase, TRUE);
    g_free(fuzzy);
}

const char *const *kx_fuzzy_words(const KxFuzzy *fuzzy, guint *ret_n)
{
    *ret_n = fuzzy->words->len - 1;
    return (const char *const *)fuzzy->words->pdata;
}

/* ---- scanning ---- */

void kx_fuzzy_scan_init(KxFuzzyScan *scan, const KxFuzzy *fuzzy)
{
    *scan = (KxFuzzyScan){.fuzzy = fuzzy, .text = g_string_new(NULL)};
    scan->phrase = fuzzy->words->len <= 2;
}

static gboolean word_before(const GString *text, const char *at)
{
    return at > text->str && is_word(g_utf8_get_char(g_utf8_prev_char(at)));
}

static gboolean word_after(const GString *text, const char *at)
{
    return at < text->str + text->len && is_word(g_utf8_get_char(at));
}

/* The most points any occurrence gives. */
static guint8 rate(const GString *text, const char *word, guint8 best)
{
    size_t len = strlen(word);
    const char *at = text->str, *end = text->str + text->len;
    for (; best < WHOLE && (at = memmem(at, (size_t)(end - at), word, len)); at++) {
        gboolean before = word_before(text, at), after = word_after(text, at + len);
        guint8 points = before ? INSIDE : after ? PREFIX : WHOLE;
        best = MAX(best, points);
    }
    return best;
}

static gboolean search(KxFuzzyScan *scan)
{
    const KxFuzzy *fuzzy = scan->fuzzy;
    gboolean all = TRUE;
    for (guint i = 0; fuzzy->words->pdata[i]; i++) {
        scan->best[i] = rate(scan->text, fuzzy->words->pdata[i], scan->best[i]);
        all = all && scan->best[i] == WHOLE;
    }
    if (!scan->phrase)
        scan->phrase = memmem(scan->text->str, scan->text->len, fuzzy->phrase->str,
                              fuzzy->phrase->len) != NULL;
    return all && scan->phrase;
}

gboolean kx_fuzzy_take(gpointer data, const char *folded, size_t len, gboolean end)
{
    KxFuzzyScan *scan = data;
    append_loose(scan->text, folded, len);
    if (!end && scan->text->len < TEXT_MAX)
        return FALSE;
    gboolean enough = search(scan);
    size_t keep = end ? 0 : MIN(scan->text->len, scan->fuzzy->longest);
    const char *from = scan->text->str + scan->text->len - keep;
    while (from > scan->text->str && (*from & 0xc0) == 0x80)
        from--;
    g_string_erase(scan->text, 0, end ? -1 : (gssize)(from - scan->text->str));
    return enough;
}

guint kx_fuzzy_scan_end(KxFuzzyScan *scan)
{
    guint n, sum = 0;
    gboolean all = TRUE;
    kx_fuzzy_words(scan->fuzzy, &n);
    for (guint i = 0; i < n; i++) {
        sum += scan->best[i];
        all = all && scan->best[i] > 0;
    }
    g_string_free(g_steal_pointer(&scan->text), TRUE);
    if (n == 0)
        return 100;
    if (!all)
        return 0;
    guint score = sum / n;
    return scan->phrase ? score : score * SCATTERED / 100;
}

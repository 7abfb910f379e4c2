/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzy matching: every word, in any order, and the better fit has the higher score. */
#include "mime/fuzzy.h"

static guint score(const char *sought, const char *text)
{
    g_autoptr(KxFuzzy) fuzzy = kx_fuzzy_new(sought, strlen(sought));
    KxFuzzyScan scan;
    kx_fuzzy_scan_init(&scan, fuzzy);
    kx_fold_text(KX_COLLATION_UNICODE, text, strlen(text), kx_fuzzy_take, &scan);
    return kx_fuzzy_scan_end(&scan);
}

static void test_order_of_scores(void)
{
    static const char *const texts[] = {
        "a brown fox is here",         /* as it was sought */
        "a fox that is brown",         /* all words */
        "foxes are brown",             /* the beginning of one */
        "brownish foxes",              /* of both */
        "an outfoxed and embrowned x", /* inside */
    };
    guint before = 101;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        guint now = score("Brown FOX", texts[i]);
        g_assert_cmpuint(now, >, 0);
        g_assert_cmpuint(now, <, before);
        before = now;
    }
    g_assert_cmpuint(score("brown fox", "a brown dog"), ==, 0);
}

static void test_loose_letters(void)
{
    static const struct {
        const char *sought, *text;
    } cases[] = {
        {"cafe", "Caf\xc3\xa9"},
        {"caf\xc3\xa9", "CAFE"},
        {"strasse", "Stra\xc3\x9f"
                    "e"},
        {"istanbul", "\xc4\xb0stanbul"},
        {"\xc4\xb1"
         "l\xc4\xb1k",
         "ilik"},
        {"lodz", "\xc5\x81\xc3\xb3"
                 "d\xc5\xba"},
        {"\xe6\xbc\xa2\xe5\xad\x97",
         "\xe3\x81\x93\xe3\x81\xae\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\xaf"},
        {"***", "stars *** here"},
        {"", "anything"},
        {"", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        if (score(cases[i].sought, cases[i].text) == 0)
            g_error("\"%s\" is not in \"%s\"", cases[i].sought, cases[i].text);
}

/* Words are found wherever the pieces of a long text end. */
static void test_pieces(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    while (text->len < 400000)
        g_string_append(text, "\xc3\xa4\xe6\xbc\xa2 filler words ");
    g_string_append(text, "needle in the haystack");
    g_autoptr(KxFuzzy) fuzzy = kx_fuzzy_new("haystack needle", 15);
    for (gsize piece = 1000; piece < 70000; piece += 7919) {
        KxFuzzyScan scan;
        kx_fuzzy_scan_init(&scan, fuzzy);
        for (const char *at = text->str, *end = text->str + text->len; at < end;) {
            const char *to = MIN(at + piece, end);
            while (to < end && (*to & 0xc0) == 0x80)
                to++;
            kx_fuzzy_take(&scan, at, (size_t)(to - at), to == end);
            at = to;
        }
        g_assert_cmpuint(kx_fuzzy_scan_end(&scan), >, 0);
    }
}

static void test_many_words(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 10000; i++)
        g_string_append_printf(text, "w%u ", i);
    g_assert_cmpuint(score(text->str, text->str), >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzzy/order-of-scores", test_order_of_scores);
    g_test_add_func("/fuzzy/loose-letters", test_loose_letters);
    g_test_add_func("/fuzzy/pieces", test_pieces);
    g_test_add_func("/fuzzy/many-words", test_many_words);
    return g_test_run();
}

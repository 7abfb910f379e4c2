/* SPDX-License-Identifier: Apache-2.0 */
/* The promise of the index: a text that is in a message leaves all its grams there. */
#include "mime/text.h"
#include "search/grams.h"
#include "search/pack.h"

enum { MESSAGES = 400, NEEDLES = 60 };

/* What goes wrong in folding, if anything does. */
static const char *const PIECES[] = {
    "a",
    "B",
    "z",
    "0",
    " ",
    "\r\n",
    "-",
    "\xc3\xa9" /* é */,
    "\xc3\x89",
    "e\xcc\x81" /* e + acute */,
    "\xc3\x9f" /* ß */,
    "\xe1\xba\x9e" /* capital ß */,
    "\xc4\xb0" /* İ */,
    "\xc4\xb1" /* ı */,
    "I",
    "i",
    "\xef\xac\x81" /* fi ligature */,
    "\xce\xa3" /* Σ */,
    "\xcf\x82" /* final σ */,
    "\xe6\xbc\xa2" /* 漢 */,
    "\xe5\xad\x97" /* 字 */,
    "\xe3\x81\x8c" /* が */,
    "\xe3\x81\x8b\xe3\x82\x99" /* か + voiced mark */,
    "\xef\xbd\xb6" /* half-width カ */,
    "\xed\x95\x9c" /* 한 */,
    "\xea\xb8\x80" /* 글 */,
    "\xf0\x9f\x98\x80" /* emoji */,
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb" /* joined emoji */,
    "\xcc\x88" /* a mark alone */,
    "\xcc\xa7\xcc\x81" /* two marks */,
    "\xef\xbc\xa1" /* wide A */,
    "\xe2\x84\xab" /* Angstrom */,
    "\xd7\xa9\xd6\xb8" /* Hebrew with vowel */,
    "\xd8\xb9\xd9\x8e" /* Arabic with vowel */,
    "\xe0\xb8\xab\xe0\xb8\xa1\xe0\xb9\x89" /* Thai */,
    "\xc2\xbd" /* one half */,
    "\xef\xbf\xbf" /* no character */,
    "\xc5\x82" /* ł */,
};

static void append_random(GString *out, GRand *random, guint n)
{
    for (guint i = 0; i < n; i++)
        g_string_append(out, PIECES[g_rand_int_range(random, 0, G_N_ELEMENTS(PIECES))]);
}

static char *random_message(GRand *random)
{
    static const char *const encodings[] = {"8bit", "quoted-printable", "base64"};
    GString *out = g_string_new(NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    guint encoding = (guint)g_rand_int_range(random, 0, 3);
    append_random(text, random, (guint)g_rand_int_range(random, 0, 400));
    g_string_append_printf(out,
                           "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: %s\r\n\r\n",
                           encodings[encoding]);
    g_autofree char *base64 = g_base64_encode((const guchar *)text->str, text->len);
    if (encoding == 2)
        g_string_append(out, base64);
    for (gsize i = 0; encoding == 1 && i < text->len; i++)
        g_string_append_printf(out, i % 20 == 19 ? "=%02X=\r\n" : "=%02X", (guchar)text->str[i]);
    if (encoding == 0)
        g_string_append(out, text->str);
    return g_string_free(out, FALSE);
}

static gboolean has_all(KxGrams *grams, KxGramArea area, const KxNeedle *needle)
{
    g_autoptr(GArray) sought = g_array_new(FALSE, FALSE, sizeof(guint32));
    const GArray *keys = kx_grams_keys(grams);
    size_t len;
    const char *folded = kx_needle_folded(needle, &len);
    kx_grams_of_needle(folded, len, sought);
    for (guint i = 0; i < sought->len; i++) {
        gboolean found = FALSE;
        for (guint k = 0; !found && k < keys->len; k++)
            found = g_array_index(keys, guint32, k) ==
                    KX_GRAM_KEY(area, g_array_index(sought, guint32, i));
        if (!found)
            return FALSE;
    }
    return TRUE;
}

/* What the exact search finds, the grams do not exclude: whatever the text, its encoding and the
 * needle. */
static void test_nothing_is_lost(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(6203);
    g_autoptr(KxGrams) grams = kx_grams_new();
    guint found = 0, excluded = 0;
    for (guint i = 0; i < MESSAGES; i++) {
        g_autofree char *data = random_message(random);
        g_autoptr(KxMimeMessage) message = kx_mime_parse(data, strlen(data));
        kx_grams_begin(grams);
        kx_grams_area(grams, KX_GRAMS_BODY);
        kx_fold_body(KX_COLLATION_UNICODE, message, kx_grams_take, grams);
        for (guint k = 0; k < NEEDLES; k++) {
            g_autoptr(GString) text = g_string_new(NULL);
            append_random(text, random, (guint)g_rand_int_range(random, 1, 6));
            g_autoptr(KxNeedle) needle = kx_needle_new(KX_COLLATION_UNICODE, text->str, text->len);
            gboolean there = kx_mime_search_body(message, needle);
            gboolean all = has_all(grams, KX_GRAMS_BODY, needle);
            found += there;
            excluded += !all;
            if (there && !all)
                g_error("lost: \"%s\" in \"%s\"", text->str, data);
        }
    }
    g_assert_cmpuint(found, >, 1000); /* both happen */
    g_assert_cmpuint(excluded, >, 5000);
}

/* Needles cut out of the text itself, at any place, also across the pieces in which it is read. */
static void test_cuttings_are_found(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(9051);
    g_autoptr(KxGrams) grams = kx_grams_new();
    g_autoptr(GString) text = g_string_new(NULL);
    append_random(text, random, 60000);
    g_autofree char *data = g_strconcat(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        text->str, NULL);
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, strlen(data));
    kx_grams_begin(grams);
    kx_grams_area(grams, KX_GRAMS_BODY);
    kx_fold_body(KX_COLLATION_UNICODE, message, kx_grams_take, grams);
    for (guint i = 0; i < 300; i++) {
        const char *from = text->str + g_rand_int_range(random, 0, (gint32)text->len - 200);
        from = g_utf8_find_next_char(from, NULL);
        const char *to = g_utf8_offset_to_pointer(from, g_rand_int_range(random, 3, 30));
        g_autoptr(KxNeedle) needle = kx_needle_new(KX_COLLATION_UNICODE, from, (gsize)(to - from));
        if (kx_mime_search_body(message, needle))
            g_assert_true(has_all(grams, KX_GRAMS_BODY, needle));
    }
}

static guint n_grams(const char *text)
{
    g_autoptr(GArray) grams = g_array_new(FALSE, FALSE, sizeof(guint32));
    size_t len;
    g_autofree char *folded = kx_fold(KX_COLLATION_UNICODE, text, strlen(text), &len);
    kx_grams_of_needle(folded, len, grams);
    return grams->len;
}

/* Too short to tell, but not where a word is a character or two. */
static void test_short_needles(void)
{
    g_assert_cmpuint(n_grams(""), ==, 0);
    g_assert_cmpuint(n_grams("ab"), ==, 0);
    g_assert_cmpuint(n_grams("\xc3\xa9\xc3\xa8"), ==, 0);
    g_assert_cmpuint(n_grams("abc"), ==, 1);
    g_assert_cmpuint(n_grams("aaaaaaa"), ==, 1);
    g_assert_cmpuint(n_grams("\xe6\xbc\xa2"), ==, 1);
    g_assert_cmpuint(n_grams("\xe6\xbc\xa2\xe5\xad\x97"), ==, 1);
    g_autofree char *long_text = g_strnfill(100000, 'x');
    for (guint i = 0; i < 100000; i++)
        long_text[i] = (char)('a' + i * i % 23);
    g_assert_cmpuint(n_grams(long_text), <=, KX_GRAMS_PER_NEEDLE);
}

/* A text with more different triples than are kept may hold anything. */
static void test_rich_texts(void)
{
    g_autoptr(KxGrams) grams = kx_grams_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 4 * KX_GRAMS_PER_MESSAGE; i++)
        g_string_append_unichar(text, (gunichar)g_rand_int_range(random, 0x4e00, 0x9fff));
    kx_grams_begin(grams);
    kx_grams_area(grams, KX_GRAMS_BODY);
    for (gsize at = 0; at < text->len; at += 3000)
        kx_grams_take(grams, text->str + at, MIN(3000, text->len - at), FALSE);
    const GArray *keys = kx_grams_keys(grams);
    guint32 last = g_array_index(keys, guint32, keys->len - 1);
    g_assert_cmpuint(keys->len, <, 2 * KX_GRAMS_PER_MESSAGE);
    g_assert_cmpuint(last, ==, KX_GRAM_KEY(KX_GRAMS_BODY, KX_GRAM_ANYTHING));
    kx_grams_begin(grams);
    kx_grams_take(grams, "abcd", 4, TRUE);
    g_assert_cmpuint(kx_grams_keys(grams)->len, ==, 2); /* nothing is left of the last */
}

static void check_members(const guint32 *numbers, guint n)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint64 bits[KX_BLOCK_WORDS];
    kx_pack_members(bytes, 77, numbers, n);
    g_assert_true(kx_unpack_members(bytes->data, bytes->len, 77, bits));
    guint count = 0;
    for (guint i = 0; i < KX_BLOCK_WORDS; i++)
        count += (guint)__builtin_popcountll(bits[i]);
    g_assert_cmpuint(count, ==, n);
    for (guint i = 0; i < n; i++)
        g_assert_true(bits[numbers[i] / 64] >> numbers[i] % 64 & 1);
    g_assert_false(kx_unpack_members(bytes->data, bytes->len, 78, bits));
}

static void test_packed_sets(void)
{
    guint32 all[KX_BLOCK_ITEMS];
    for (guint i = 0; i < KX_BLOCK_ITEMS; i++)
        all[i] = i;
    check_members(all, KX_BLOCK_ITEMS);
    check_members(all, 1);
    check_members(all, 0);
    check_members((const guint32[]){3, 500, 1023}, 3);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    const guint32 wide[] = {1, 127, 128, 70000, G_MAXUINT32};
    kx_pack(bytes, 5, wide, G_N_ELEMENTS(wide));
    g_assert_true(kx_unpack(bytes->data, bytes->len, 5, numbers));
    g_assert_cmpuint(numbers->len, ==, G_N_ELEMENTS(wide));
    g_assert_cmpint(memcmp(numbers->data, wide, sizeof wide), ==, 0);
    guint noticed = 0;
    for (guint i = 0; i < bytes->len * 8; i++) {
        bytes->data[i / 8] ^= (guint8)(1 << i % 8);
        noticed += !kx_unpack(bytes->data, bytes->len, 5, numbers);
        bytes->data[i / 8] ^= (guint8)(1 << i % 8);
    }
    g_assert_cmpuint(noticed, ==, bytes->len * 8); /* every bit that is turned */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/grams/nothing-is-lost", test_nothing_is_lost);
    g_test_add_func("/grams/cuttings-are-found", test_cuttings_are_found);
    g_test_add_func("/grams/short-needles", test_short_needles);
    g_test_add_func("/grams/rich-texts", test_rich_texts);
    g_test_add_func("/grams/packed-sets", test_packed_sets);
    return g_test_run();
}

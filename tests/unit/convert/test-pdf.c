/* SPDX-License-Identifier: Apache-2.0 */
/* PDF files made here: their text, and what hostile ones get. */
#include <zlib.h>

#include "base/error.h"
#include "convert/content.h"
#include "convert/pdf-private.h"

/* ---- making files ---- */

typedef struct {
    GString *bytes;
    GArray *offsets; /* of objects 1, 2, ... */
} File;

static File file_new(void)
{
    return (File){g_string_new("%PDF-1.5\n"), g_array_new(FALSE, FALSE, sizeof(size_t))};
}

static void add(File *file, const char *object, size_t len)
{
    g_array_append_val(file->offsets, file->bytes->len);
    g_string_append_printf(file->bytes, "%u 0 obj\n", file->offsets->len);
    g_string_append_len(file->bytes, object, (gssize)len);
    g_string_append(file->bytes, "\nendobj\n");
}

static void add_text(File *file, const char *object)
{
    add(file, object, strlen(object));
}

static void add_stream(File *file, const char *keys, const char *data, size_t len, gboolean deflate)
{
    uLongf room = compressBound(len);
    g_autofree Bytef *packed = g_malloc(room);
    g_assert_cmpint(compress(packed, &room, (const Bytef *)data, len), ==, Z_OK);
    GString *object = g_string_new(NULL);
    g_string_append_printf(object, "<</Length %zu%s%s>>\nstream\n", deflate ? (size_t)room : len,
                           deflate ? "/Filter/FlateDecode" : "", keys);
    g_string_append_len(object, deflate ? (const char *)packed : data,
                        (gssize)(deflate ? room : len));
    g_string_append(object, "\nendstream");
    add(file, object->str, object->len);
    g_string_free(object, TRUE);
}

static GBytes *finish_with(File *file, const char *trailer)
{
    size_t at = file->bytes->len;
    g_string_append_printf(file->bytes, "xref\n0 %u\n0000000000 65535 f \n",
                           file->offsets->len + 1);
    for (guint i = 0; i < file->offsets->len; i++)
        g_string_append_printf(file->bytes, "%010zu 00000 n \n",
                               g_array_index(file->offsets, size_t, i));
    g_string_append_printf(file->bytes,
                           "trailer\n<</Size %u/Root 1 0 R%s>>\nstartxref\n%zu\n%%%%EOF\n",
                           file->offsets->len + 1, trailer, at);
    g_array_unref(file->offsets);
    return g_string_free_to_bytes(file->bytes);
}

static GBytes *finish(File *file)
{
    return finish_with(file, "");
}

/* One page with object 4 as its contents and object 5 as font F1. */
static File page_file(const char *contents, const char *font)
{
    File file = file_new();
    add_text(&file, "<</Type/Catalog/Pages 2 0 R>>");
    add_text(&file, "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R>>"
                    "/XObject<</X 6 0 R>>>>>>");
    add_text(&file, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>");
    add_stream(&file, "", contents, strlen(contents), TRUE);
    add_text(&file, font);
    return file;
}

#define HELVETICA "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
/* Every letter is half as wide as it is high. */
#define SIZED                                                                                      \
    "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding/FirstChar 0/Widths[]"    \
    "/FontDescriptor<</MissingWidth 500>>>>"

static char *text_of(GBytes *pdf, GError **error)
{
    KxContent content = {.type = "", .file_name = ""};
    content.data = g_bytes_get_data(pdf, &content.len);
    g_auto(KxTextOut) out;
    kx_text_out_init(&out);
    KxConverter converter = kx_convert_find(&content, error);
    if (!converter || !converter(&content, &out, error))
        return NULL;
    return g_strndup(out.text->str, out.text->len);
}

static void assert_file(File *file, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pdf = finish(file);
    g_autofree char *text = text_of(pdf, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, wanted);
}

static void assert_page(const char *contents, const char *font, const char *wanted)
{
    File file = page_file(contents, font);
    assert_file(&file, wanted);
}

/* ---- text ---- */

static void test_lines_and_words(void)
{
    assert_page("BT /F1 12 Tf 72 700 Td (Hello) Tj 0 -14 Td (second) Tj ET", HELVETICA,
                "Hello\nsecond");
    assert_page("BT /F1 12 Tf 14 TL (a) Tj T* (b) Tj (c) ' 1 2 (d) \" ET", HELVETICA, "a\nb\nc\nd");
    assert_page("BT /F1 12 Tf [(Wo)10(rd)-300(n)-20(ext)] TJ ET", HELVETICA, "Word next");
    assert_page(
        "BT /F1 10 Tf 1 0 0 1 0 0 Tm (ab) Tj 1 0 0 1 10 0 Tm (cd) Tj 1 0 0 1 25 0 Tm (ef) Tj ET",
        SIZED, "abcd ef");
    assert_page("BT /F1 10 Tf 0 1 -1 0 0 0 Tm (up) Tj 0 1 -1 0 0 10 Tm (on) Tj ET", SIZED, "upon");
    assert_page("q 2 0 0 2 0 0 cm BT /F1 10 Tf (a) Tj ET Q BT /F1 10 Tf 10 0 Td (b) Tj ET", SIZED,
                "a"
                "b");
}

static void test_strings(void)
{
    assert_page("BT /F1 12 Tf (a\\(b\\)\\\\ (c) \\101\\\nB) Tj <44 4> Tj ET", HELVETICA,
                "a(b)\\ (c) ABD@");
    assert_page("BI /W 1 ID \x01(no) Tj\xff EI BT /F1 12 Tf (yes) Tj ET", HELVETICA, "yes");
    assert_page("BT /F1 12 Tf % (no) Tj\n (yes) Tj ET", HELVETICA, "yes");
}

static void test_encodings(void)
{
    assert_page("BT /F1 12 Tf (caf\\351 \\200 \\223x\\224) Tj ET", HELVETICA, "café € “x”");
    assert_page("BT /F1 12 Tf (caf\\216) Tj ET",
                "<</Type/Font/Subtype/Type1/BaseFont/X/Encoding/MacRomanEncoding>>", "café");
    assert_page("BT /F1 12 Tf (it's \\256nd) Tj ET", "<</Type/Font/Subtype/Type1/BaseFont/X>>",
                "it’s find");
    assert_page("BT /F1 12 Tf (\\001\\002\\003\\004\\005\\006) Tj ET",
                "<</Type/Font/Subtype/Type1/BaseFont/X/Encoding<</Differences[1/ffi/Zcaron/uni20AC"
                "/afii10049/g17/a.alt]>>>>",
                "ffiŽ€Яa");
}

static void test_maps_to_unicode(void)
{
    static const char map[] =
        "1 begincodespacerange <0000> <ffff> endcodespacerange "
        "2 beginbfchar <0001> <0041> <0002> <d83dde00> endbfchar "
        "2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<00780079> <007a>] endbfrange";
    File file = page_file(
        "BT /F1 12 Tf <000100020010001100120020002100ff> Tj ET",
        "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/ToUnicode 6 0 R"
        "/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/DW 500/W[1[500]2 9 300]>>]>>");
    add_stream(&file, "", map, strlen(map), TRUE);
    assert_file(&file, "A😀abcxyz");
    assert_page("BT /F1 12 Tf <65e5672c> Tj ET",
                "<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/UniJIS-UCS2-H>>", "日本");
}

static void test_forms(void)
{
    File file = page_file("BT /F1 12 Tf (page) Tj ET /X Do", HELVETICA);
    static const char form[] = "BT /F1 12 Tf 0 -20 Td (form) Tj ET /X Do";
    add_stream(&file, "/Type/XObject/Subtype/Form", form, strlen(form), TRUE);
    g_autoptr(GBytes) pdf = finish(&file);
    g_autofree char *text = text_of(pdf, NULL); /* it draws itself: nested so deep and no deeper */
    g_assert_nonnull(text);
    g_assert_true(g_str_has_prefix(text, "page\nform form"));
    g_assert_cmpuint(strlen(text), <, 100);
}

/* Objects in a compressed stream and a table that is one too (PDF 1.5). */
static void test_compressed_objects(void)
{
    static const char *const objects[] = {
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R/Resources<</Font<</F1 4 0 "
        "R>>>>>>",
        HELVETICA,
    };
    File file = file_new();
    g_autoptr(GString) head = g_string_new(NULL), body = g_string_new(NULL),
                       table = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(objects); i++) {
        g_string_append_printf(head, "%u %zu ", i + 1, body->len);
        g_string_append_printf(body, "%s ", objects[i]);
    }
    g_autofree char *keys = g_strdup_printf("/Type/ObjStm/N 4/First %zu", head->len);
    g_string_append(head, body->str);
    static const char contents[] = "BT /F1 9 Tf (packed) Tj ET";
    size_t contents_at = file.bytes->len;
    g_array_set_size(file.offsets, 4);
    add_stream(&file, "", contents, strlen(contents), TRUE);
    size_t stream_at = file.bytes->len;
    add_stream(&file, keys, head->str, head->len, TRUE);
    g_string_append_len(table, "\0\0\0\0", 4);
    for (guint8 i = 0; i < 4; i++)
        g_string_append_len(table, (char[]){2, 0, 6, (char)i}, 4);
    g_string_append_len(table, (char[]){1, (char)(contents_at >> 8), (char)contents_at, 0}, 4);
    g_string_append_len(table, (char[]){1, (char)(stream_at >> 8), (char)stream_at, 0}, 4);
    size_t table_at = file.bytes->len;
    g_string_append_len(table, (char[]){1, (char)(table_at >> 8), (char)table_at, 0}, 4);
    add_stream(&file, "/Type/XRef/Size 8/W[1 2 1]/Root 1 0 R", table->str, table->len, TRUE);
    g_string_append_printf(file.bytes, "startxref\n%zu\n%%%%EOF\n", table_at);
    g_array_unref(file.offsets);
    g_autoptr(GBytes) pdf = g_string_free_to_bytes(file.bytes);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = text_of(pdf, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "packed");
}

/* ---- hostile files ---- */

static void assert_error(File *file, KxErrorCode code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pdf = finish(file);
    g_autofree char *text = text_of(pdf, &error);
    g_assert_null(text);
    g_assert_error(error, KX_ERROR, (int)code);
}

static void test_endless_page_tree(void)
{
    File file = file_new();
    add_text(&file, "<</Type/Catalog/Pages 2 0 R>>");
    add_text(&file, "<</Type/Pages/Kids[3 0 R 2 0 R]/Count 99999999>>");
    add_text(&file, "<</Type/Pages/Kids[2 0 R]/Count 1>>");
    assert_error(&file, KX_ERR_CORRUPT);
}

static void test_stream_that_claims_too_much(void)
{
    File file = page_file("", HELVETICA);
    g_array_set_size(file.offsets, 3);
    add_text(&file, "<</Length 1073741824>>\nstream\nBT /F1 9 Tf (found) Tj ET\nendstream");
    add_text(&file, HELVETICA);
    assert_file(&file, "found"); /* it is looked for where it ends */
}

static void test_double_compression_is_refused(void)
{
    File file = page_file("", HELVETICA);
    g_array_set_size(file.offsets, 3);
    add_stream(&file, "/Filter[/FlateDecode/FlateDecode]", "x", 1, FALSE);
    add_text(&file, HELVETICA);
    assert_error(&file, KX_ERR_CORRUPT);
}

typedef void (*Encrypt)(qpdf_data pdf, const char *password);

static void encrypt_rc4(qpdf_data pdf, const char *password)
{
    qpdf_set_r3_encryption_parameters_insecure(pdf, password, "owner", 0, 0, 0, 0, 0, 0,
                                               qpdf_r3p_none);
}

static void encrypt_aes(qpdf_data pdf, const char *password)
{
    qpdf_set_r6_encryption_parameters2(pdf, password, "owner", 0, 0, 0, 0, 0, 0, qpdf_r3p_none, 1);
}

static GBytes *encrypted(Encrypt encrypt, const char *password)
{
    File file = page_file("BT /F1 12 Tf (not so secret) Tj ET", HELVETICA);
    g_autoptr(GBytes) plain = finish(&file);
    gsize len;
    const char *data = g_bytes_get_data(plain, &len);
    qpdf_data pdf = qpdf_init();
    g_assert_cmpint(qpdf_read_memory(pdf, "plain", data, len, NULL), ==, 0);
    g_assert_cmpint(qpdf_init_write_memory(pdf), ==, 0);
    encrypt(pdf, password);
    g_assert_cmpint(qpdf_write(pdf), ==, 0);
    GBytes *bytes = g_bytes_new(qpdf_get_buffer(pdf), qpdf_get_buffer_length(pdf));
    qpdf_cleanup(&pdf);
    return bytes;
}

static void assert_encrypted(Encrypt encrypt)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) open = encrypted(encrypt, "");
    g_autofree char *text = text_of(open, NULL);
    g_assert_cmpstr(text, ==, "not so secret");
    g_autoptr(GBytes) closed = encrypted(encrypt, "sesame");
    g_autofree char *none = text_of(closed, &error);
    g_assert_null(none);
    g_assert_error(error, KX_ERROR, KX_ERR_DENIED);
}

/* Many restrict what may be done with a file and let everybody read it. */
static void test_encrypted_without_a_password(void)
{
    assert_encrypted(encrypt_rc4);
    assert_encrypted(encrypt_aes);
}

static void test_encrypted(void)
{
    File file = page_file("", HELVETICA);
    add_text(&file, "<</Filter/Standard/V 1/R 2/P -4/O(01234567890123456789012345678901)"
                    "/U(01234567890123456789012345678901)>>");
    g_autoptr(GBytes) pdf = finish_with(&file, "/Encrypt 6 0 R/ID[(a)(a)]");
    g_autoptr(GError) error = NULL;
    g_autofree char *none = text_of(pdf, &error);
    g_assert_null(none);
    g_assert_error(error, KX_ERROR, KX_ERR_DENIED);
}

static void test_damage_anywhere(void)
{
    File file = page_file("BT /F1 12 Tf (word) Tj ET", HELVETICA);
    g_autoptr(GBytes) pdf = finish(&file);
    size_t len;
    const guint8 *good = g_bytes_get_data(pdf, &len);
    for (size_t at = 5; at < len; at++) {
        g_autofree guint8 *copy = g_memdup2(good, len);
        copy[at] ^= 0x41;
        g_autoptr(GBytes) bad = g_bytes_new(copy, len), cut = g_bytes_new(good, at);
        g_autofree char *one = text_of(bad, NULL), *other = text_of(cut, NULL);
    }
}

static void test_glyph_names(void)
{
    static const char *const names[][2] = {
        {"a", "a"},       {"Eacute", "É"},   {"ccedilla", "ç"},      {"ohungarumlaut", "ő"},
        {"uni0416", "Ж"}, {"u1F600", "😀"},   {"afii10017", "А"},     {"afii10097", "я"},
        {"omega", "ω"},   {"one.tnum", "1"}, {"quotedblright", "”"}, {"Lcommaaccent", "Ļ"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = kx_pdf_glyph_text(names[i][0]);
        g_assert_cmpstr(text, ==, names[i][1]);
    }
    static const char *const unknown[] = {"", "g12", "uniXYZW", "uniD800", "cid:77", ".notdef"};
    for (guint i = 0; i < G_N_ELEMENTS(unknown); i++)
        g_assert_null(kx_pdf_glyph_text(unknown[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/convert/pdf/lines", test_lines_and_words);
    g_test_add_func("/convert/pdf/strings", test_strings);
    g_test_add_func("/convert/pdf/encodings", test_encodings);
    g_test_add_func("/convert/pdf/maps", test_maps_to_unicode);
    g_test_add_func("/convert/pdf/forms", test_forms);
    g_test_add_func("/convert/pdf/compressed-objects", test_compressed_objects);
    g_test_add_func("/convert/pdf/endless-tree", test_endless_page_tree);
    g_test_add_func("/convert/pdf/claims", test_stream_that_claims_too_much);
    g_test_add_func("/convert/pdf/double", test_double_compression_is_refused);
    g_test_add_func("/convert/pdf/encrypted", test_encrypted);
    g_test_add_func("/convert/pdf/encrypted-without-a-password", test_encrypted_without_a_password);
    g_test_add_func("/convert/pdf/damage", test_damage_anywhere);
    g_test_add_func("/convert/pdf/glyphs", test_glyph_names);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that are archives of XML, made here, good and bad. */
#include <zip.h>

#include "base/error.h"
#include "convert/content.h"

typedef struct {
    const char *name, *content;
} Entry;

static GBytes *make_zip(const Entry *entries, guint n)
{
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_source_keep(source);
    zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, NULL);
    g_assert_nonnull(zip);
    for (guint i = 0; i < n; i++) {
        zip_source_t *content =
            zip_source_buffer(zip, entries[i].content, strlen(entries[i].content), 0);
        g_assert_cmpint(zip_file_add(zip, entries[i].name, content, 0), >=, 0);
    }
    g_assert_cmpint(zip_close(zip), ==, 0);
    zip_stat_t stat;
    g_assert_cmpint(zip_source_stat(source, &stat), ==, 0);
    char *bytes = g_malloc(stat.size);
    g_assert_cmpint(zip_source_open(source), ==, 0);
    g_assert_cmpint(zip_source_read(source, bytes, stat.size), ==, (gint64)stat.size);
    zip_source_close(source);
    zip_source_free(source);
    return g_bytes_new_take(bytes, stat.size);
}

static char *text_of(GBytes *zip, GError **error)
{
    KxContent content = {.type = "application/octet-stream", .file_name = ""};
    content.data = g_bytes_get_data(zip, &content.len);
    g_auto(KxTextOut) out;
    kx_text_out_init(&out);
    KxConverter converter = kx_convert_find(&content, error);
    if (!converter || !converter(&content, &out, error))
        return NULL;
    return g_strndup(out.text->str, out.text->len);
}

static void assert_text(const Entry *entries, guint n, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) zip = make_zip(entries, n);
    g_autofree char *text = text_of(zip, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, wanted);
}

static void assert_error(const Entry *entries, guint n, KxErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) zip = make_zip(entries, n);
    g_autofree char *text = text_of(zip, &error);
    g_assert_null(text);
    g_assert_error(error, KX_ERROR, (int)code);
    g_assert_nonnull(strstr(error->message, part));
}

#define W(body)                                                                                    \
    "<?xml version='1.0'?><w:document xmlns:w='urn:w'><w:body>" body "</w:body></w:document>"

static void test_word(void)
{
    const Entry entries[] = {
        {"[Content_Types].xml", "<Types/>"},
        {"docProps/core.xml",
         "<p xmlns:dc='urn:d'><dc:title>Title</dc:title><dc:revision>77</dc:revision></p>"},
        {"word/document.xml",
         W("<w:p><w:r><w:t>Hel</w:t></w:r><w:r><w:t>lo &amp; w\xc3\xb6rld</w:t></w:r></w:p>"
           "<w:p><w:del><w:r><w:t>gone</w:t></w:r></w:del><w:t>a</w:t><w:tab/><w:t>b</w:t>"
           "<w:instrText>PAGE</w:instrText></w:p>")},
        {"word/header12.xml", W("<w:p><w:t>head</w:t></w:p>")},
        {"word/styles.xml", W("<w:t>style</w:t>")},
    };
    assert_text(entries, G_N_ELEMENTS(entries), "Title\nHello & wörld\na b\nhead");
}

static void test_sheet(void)
{
    const Entry entries[] = {
        {"xl/workbook.xml", "<workbook/>"},
        {"xl/sharedStrings.xml", "<sst><si><t>Apples</t></si><si><r><t>Pe</t></r><r><t>ars</t></"
                                 "r><rPh><t>x</t></rPh></si></sst>"},
        {"xl/worksheets/sheet1.xml", "<worksheet><row><c t='s'><v>0</v></c><c><v>12.5</v></c><c "
                                     "t='inlineStr'><is><t>in</t></is></c>"
                                     "</row><row><c t='s'><v>1</v></c></row></worksheet>"},
    };
    assert_text(entries, G_N_ELEMENTS(entries), "Apples\nPears\n12.5 in");
}

static void test_slides(void)
{
    const Entry entries[] = {
        {"ppt/presentation.xml", "<p/>"},
        {"ppt/slides/slide1.xml", "<s><a:p xmlns:a='urn:a'><a:r><a:t>One</a:t></a:r></a:p></s>"},
        {"ppt/notesSlides/notesSlide1.xml", "<s><a:p xmlns:a='urn:a'><a:t>Note</a:t></a:p></s>"},
        {"ppt/slideMasters/slideMaster1.xml", "<s><t>click to edit</t></s>"},
    };
    assert_text(entries, G_N_ELEMENTS(entries), "One\nNote");
}

static void test_open_document(void)
{
    const Entry entries[] = {
        {"mimetype", "application/vnd.oasis.opendocument.text"},
        {"content.xml",
         "<o:document-content xmlns:o='urn:o' "
         "xmlns:t='urn:t'><o:automatic-styles>x</o:automatic-styles>"
         "<o:body><t:h>Head</t:h><t:p>sp<t:span>an</t:span><t:s/>ned<t:line-break/>more</t:p>"
         "<t:table-row><t:table-cell><t:p>1</t:p></t:table-cell></t:table-row></o:body></"
         "o:document-content>"},
        {"meta.xml", "<m xmlns:dc='urn:d'><dc:title>T</dc:title><x>no</x></m>"},
    };
    assert_text(entries, G_N_ELEMENTS(entries), "T\nHead\nspan ned\nmore\n1");
}

static void test_other_archives_have_no_text(void)
{
    const Entry entries[] = {{"readme.txt", "hello"}};
    assert_error(entries, 1, KX_ERR_INVALID, "no text");
}

static void test_no_entity_is_unfolded(void)
{
    const Entry entries[] = {
        {"word/document.xml",
         "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
         "<!ENTITY c SYSTEM 'file:///etc/passwd'>]><d><t>&b;&c;</t></d>"}};
    assert_error(entries, 1, KX_ERR_CORRUPT, "document type");
}

static void test_depth_is_bounded(void)
{
    GString *deep = g_string_new(NULL);
    for (guint i = 0; i < 100000; i++)
        g_string_append(deep, "<p>");
    const Entry entries[] = {{"word/document.xml", deep->str}};
    assert_error(entries, 1, KX_ERR_CORRUPT, "deeply");
    g_string_free(deep, TRUE);
}

static void test_bombs_are_refused(void)
{
    g_autofree char *blank = g_strnfill(16 * 1024 * 1024, ' ');
    g_autofree char *text = g_strconcat("<t>", blank, "</t>", NULL);
    const Entry entries[] = {{"word/document.xml", text}};
    assert_error(entries, 1, KX_ERR_TOO_BIG, "unfolds");
}

static void test_broken_xml_is_an_error(void)
{
    const Entry entries[] = {{"word/document.xml", "<a><t>x</t></b>"}};
    assert_error(entries, 1, KX_ERR_CORRUPT, "word/document.xml");
}

static void test_damaged_archives(void)
{
    const Entry entries[] = {
        {"word/document.xml", W("<w:p><w:t>Some words, some more</w:t></w:p>")}};
    g_autoptr(GBytes) zip = make_zip(entries, 1);
    size_t len;
    const guint8 *good = g_bytes_get_data(zip, &len);
    for (size_t cut = 4; cut < len; cut++) {
        g_autoptr(GBytes) shorter = g_bytes_new(good, cut);
        g_autofree char *text = text_of(shorter, NULL);
        g_assert_null(text);
    }
    for (size_t at = 0; at < len; at++) { /* any answer, no crash */
        g_autofree guint8 *copy = g_memdup2(good, len);
        copy[at] ^= 0xff;
        g_autoptr(GBytes) bad = g_bytes_new(copy, len);
        g_autofree char *text = text_of(bad, NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/convert/office/word", test_word);
    g_test_add_func("/convert/office/sheet", test_sheet);
    g_test_add_func("/convert/office/slides", test_slides);
    g_test_add_func("/convert/office/open-document", test_open_document);
    g_test_add_func("/convert/office/other", test_other_archives_have_no_text);
    g_test_add_func("/convert/office/entities", test_no_entity_is_unfolded);
    g_test_add_func("/convert/office/depth", test_depth_is_bounded);
    g_test_add_func("/convert/office/bomb", test_bombs_are_refused);
    g_test_add_func("/convert/office/broken-xml", test_broken_xml_is_an_error);
    g_test_add_func("/convert/office/damaged", test_damaged_archives);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PDF to text. The first byte says what the rest is: a whole file, the contents of a page (put into
 * a file around it, so that the operators are reached at once), or a map to Unicode.
 */
#include "../convert.h"
#include "convert/pdf-private.h"

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len);

static const char before[] =
    "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R"
    "/G 6 0 R>>/XObject<</X 4 0 R>>>>>>\nendobj\n"
    "5 0 obj\n<</Type/Font/Subtype/TrueType/BaseFont/F/FirstChar 0/Widths[500 400]/Encoding<<"
    "/Differences[65/eacute/fi]>>>>\nendobj\n"
    "6 0 obj\n<</Type/Font/Subtype/Type0/BaseFont/G/Encoding/UniJIS-UCS2-H>>\nendobj\n"
    "4 0 obj\n<</Subtype/Form/Length 99999>>\nstream\n";
static const char after[] = "\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n";

static void check_contents(const char *data, size_t len)
{
    g_autoptr(GString) whole = g_string_new_len(before, sizeof before - 1);
    g_string_append_len(whole, data, (gssize)len);
    g_string_append_len(whole, after, sizeof after - 1);
    check_converter(kx_convert_pdf, whole->str, whole->len);
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, size_t len)
{
    if (len == 0)
        return 0;
    const char *rest = (const char *)bytes + 1;
    if (*bytes == 'c') {
        check_contents(rest, len - 1);
    } else if (*bytes == 'm') {
        g_autoptr(KxPdfMap) map = kx_pdf_map_parse(rest, len - 1);
        const char *text = kx_pdf_map_get(map, 65);
        g_assert(!text || (*text && g_utf8_validate(text, -1, NULL)));
    } else {
        check_converter(kx_convert_pdf, rest, len - 1);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "convert/pdf-private.h"

enum { WIDTHS_MAX = 70000, ARRAY_MAX = 70000, SIMPLE_CODES = 256 };

/* Predefined maps whose codes are text already (section 9.7.5.2); the name goes on with -H or -V.
 */
static const struct {
    const char *name, *charset;
} charsets[] = {
    {"UniGB-UCS2", "utf-16be"},   {"UniGB-UTF16", "utf-16be"}, {"UniCNS-UCS2", "utf-16be"},
    {"UniCNS-UTF16", "utf-16be"}, {"UniJIS-UCS2", "utf-16be"}, {"UniJIS-UTF16", "utf-16be"},
    {"UniKS-UCS2", "utf-16be"},   {"UniKS-UTF16", "utf-16be"}, {"GBK-EUC", "gb18030"},
    {"GBKp-EUC", "gb18030"},      {"GBK2K", "gb18030"},        {"GB-EUC", "gb18030"},
    {"ETen-B5", "big5"},          {"90ms-RKSJ", "shift_jis"},  {"EUC-", "euc-jp"},
    {"KSCms-UHC", "windows-949"}, {"KSC-EUC", "windows-949"},
};

/* Valid until the next name. */
static const char *name_of(qpdf_data pdf, qpdf_oh oh)
{
    return sym_qpdf_oh_is_name(pdf, oh) ? sym_qpdf_oh_get_name(pdf, oh) + 1 : "";
}

static qpdf_oh key(qpdf_data pdf, qpdf_oh dictionary, const char *name)
{
    return sym_qpdf_oh_get_key_if_dict(pdf, dictionary, name);
}

static gboolean is_subtype(qpdf_data pdf, qpdf_oh dictionary, const char *name)
{
    return g_str_equal(name_of(pdf, key(pdf, dictionary, "/Subtype")), name);
}

/* ---- what codes mean ---- */

static void set_glyph(KxPdfFont *font, guint code, char *text)
{
    g_free(font->glyphs[code]);
    font->glyphs[code] = text;
}

static void load_differences(KxPdfFont *font, qpdf_data pdf, qpdf_oh list)
{
    int n = sym_qpdf_oh_is_array(pdf, list)
                ? MIN(sym_qpdf_oh_get_array_n_items(pdf, list), ARRAY_MAX)
                : 0;
    guint code = 0;
    for (int i = 0; i < n; i++) {
        qpdf_oh item = sym_qpdf_oh_get_array_item(pdf, list, i);
        if (sym_qpdf_oh_is_integer(pdf, item)) {
            code = (guint)CLAMP(sym_qpdf_oh_get_int_value(pdf, item), 0, SIMPLE_CODES);
        } else if (code < SIMPLE_CODES) {
            set_glyph(font, code, kx_pdf_glyph_text(name_of(pdf, item)));
            code++;
        }
        sym_qpdf_oh_release(pdf, item);
    }
}

static void load_encoding(KxPdfFont *font, qpdf_data pdf, qpdf_oh dictionary)
{
    qpdf_oh encoding = key(pdf, dictionary, "/Encoding");
    gboolean own = sym_qpdf_oh_is_dictionary(pdf, encoding);
    qpdf_oh base = own ? key(pdf, encoding, "/BaseEncoding") : encoding;
    gboolean true_type = is_subtype(pdf, dictionary, "TrueType");
    const char *name = name_of(pdf, base);
    if (!*name && true_type)
        name = "WinAnsiEncoding";
    for (guint code = 0; code < SIMPLE_CODES; code++)
        set_glyph(font, code, kx_pdf_encoding_text(name, (guint8)code));
    if (own)
        load_differences(font, pdf, key(pdf, encoding, "/Differences"));
}

static void load_map(KxPdfFont *font, qpdf_data pdf, qpdf_oh dictionary)
{
    size_t len;
    unsigned char *bytes = kx_pdf_stream(pdf, key(pdf, dictionary, "/ToUnicode"), &len);
    if (bytes)
        font->map = kx_pdf_map_parse((const char *)bytes, len);
    free(bytes);
}

/* ---- widths ---- */

static double number(qpdf_data pdf, qpdf_oh oh, double absent)
{
    double value;
    return sym_qpdf_oh_get_value_as_number(pdf, oh, &value) ? value : absent;
}

static double item_number(qpdf_data pdf, qpdf_oh list, int i)
{
    qpdf_oh item = sym_qpdf_oh_get_array_item(pdf, list, i);
    double value = number(pdf, item, 0);
    sym_qpdf_oh_release(pdf, item);
    return value;
}

static void put_width(KxPdfFont *font, guint32 code, double width)
{
    if (g_hash_table_size(font->widths) < WIDTHS_MAX)
        g_hash_table_insert(font->widths, GUINT_TO_POINTER(code),
                            GINT_TO_POINTER((int)CLAMP(width, -100000, 100000)));
}

/* Section 9.6.2.1: /Widths, from /FirstChar on. */
static void load_simple_widths(KxPdfFont *font, qpdf_data pdf, qpdf_oh dictionary)
{
    qpdf_oh list = key(pdf, dictionary, "/Widths");
    if (!sym_qpdf_oh_is_array(pdf, list))
        return;
    int first = (int)CLAMP(number(pdf, key(pdf, dictionary, "/FirstChar"), 0), 0, 255);
    int n = MIN(sym_qpdf_oh_get_array_n_items(pdf, list), SIMPLE_CODES - first);
    for (int i = 0; i < n; i++)
        put_width(font, (guint32)(first + i), item_number(pdf, list, i));
    /* A Type 3 font has units of its own. */
    font->has_widths = !is_subtype(pdf, dictionary, "Type3");
    font->width =
        number(pdf, key(pdf, key(pdf, dictionary, "/FontDescriptor"), "/MissingWidth"), 0);
}

/* Section 9.7.4.3: /W holds "first [w w ...]" and "first last w". */
static void load_composite_widths(KxPdfFont *font, qpdf_data pdf, qpdf_oh descendant)
{
    qpdf_oh list = key(pdf, descendant, "/W");
    font->width = number(pdf, key(pdf, descendant, "/DW"), 1000);
    font->has_widths = TRUE;
    int n = sym_qpdf_oh_is_array(pdf, list)
                ? MIN(sym_qpdf_oh_get_array_n_items(pdf, list), ARRAY_MAX)
                : 0;
    for (int i = 0; i + 1 < n;) {
        guint first = (guint)CLAMP(item_number(pdf, list, i), 0, 65535);
        qpdf_oh second = sym_qpdf_oh_get_array_item(pdf, list, i + 1);
        if (sym_qpdf_oh_is_array(pdf, second)) {
            int many = MIN(sym_qpdf_oh_get_array_n_items(pdf, second), ARRAY_MAX);
            for (int k = 0; k < many; k++)
                put_width(font, first + (guint)k, item_number(pdf, second, k));
            i += 2;
        } else {
            guint last = (guint)CLAMP(number(pdf, second, 0), 0, 65535);
            double width = i + 2 < n ? item_number(pdf, list, i + 2) : 0;
            for (guint code = first; code <= last; code++)
                put_width(font, code, width);
            i += 3;
        }
        sym_qpdf_oh_release(pdf, second);
    }
}

/* ---- both ---- */

static void load_composite(KxPdfFont *font, qpdf_data pdf, qpdf_oh dictionary)
{
    const char *name = name_of(pdf, key(pdf, dictionary, "/Encoding"));
    for (guint i = 0; i < G_N_ELEMENTS(charsets) && !font->charset; i++)
        if (g_str_has_prefix(name, charsets[i].name))
            font->charset = charsets[i].charset;
    qpdf_oh descendants = key(pdf, dictionary, "/DescendantFonts");
    if (!font->charset && sym_qpdf_oh_is_array(pdf, descendants) &&
        sym_qpdf_oh_get_array_n_items(pdf, descendants) > 0)
        load_composite_widths(font, pdf, sym_qpdf_oh_get_array_item(pdf, descendants, 0));
}

KxPdfFont *kx_pdf_font_load(qpdf_data pdf, qpdf_oh dictionary)
{
    KxPdfFont *font = g_new0(KxPdfFont, 1);
    font->widths = g_hash_table_new(NULL, NULL);
    font->composite = is_subtype(pdf, dictionary, "Type0");
    load_map(font, pdf, dictionary);
    if (font->composite) {
        load_composite(font, pdf, dictionary);
    } else {
        load_encoding(font, pdf, dictionary);
        load_simple_widths(font, pdf, dictionary);
    }
    if (font->map)
        font->charset = NULL;
    return font;
}

void kx_pdf_font_free(KxPdfFont *font)
{
    if (!font)
        return;
    for (guint i = 0; i < SIMPLE_CODES; i++)
        g_free(font->glyphs[i]);
    kx_pdf_map_free(font->map);
    g_hash_table_unref(font->widths);
    g_free(font);
}

const char *kx_pdf_font_text(const KxPdfFont *font, guint32 code)
{
    const char *text = font->map ? kx_pdf_map_get(font->map, code) : NULL;
    if (text || font->composite)
        return text;
    return code < SIMPLE_CODES ? font->glyphs[code] : NULL;
}

double kx_pdf_font_width(const KxPdfFont *font, guint32 code)
{
    gpointer value;
    if (g_hash_table_lookup_extended(font->widths, GUINT_TO_POINTER(code), NULL, &value))
        return GPOINTER_TO_INT(value);
    return font->width;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See charset.h. */
#include "mime/charset.h"
#include "base/text.h"
#include <unicode/ucnv.h>

#define NAME_MAX_LEN 64
#define PIVOT_SIZE   1024
#define REPLACEMENT  "\xef\xbf\xbd"

struct KxCharset {
    UConverter *source; /* NULL: the text is UTF-8 */
    UConverter *utf8;
    UChar pivot[PIVOT_SIZE];
    UChar *pivot_source, *pivot_target;
    gboolean started;
    char pending[4]; /* start of an unfinished UTF-8 character */
    unsigned n_pending;
};

/* Names under which senders mean more than the name says (as the WHATWG encoding standard has it).
 */
static const struct {
    const char *name;
    const char *use;
} aliases[] = {
    {"iso-8859-1", "windows-1252"}, {"latin1", "windows-1252"},
    {"gb2312", "gb18030"},          {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},           {"ks_c_5601-1987", "windows-949"},
    {"euc-kr", "windows-949"},      {"iso-8859-8-i", "iso-8859-8"},
};

static const char *const utf8_names[] = {"utf-8", "utf8", "us-ascii", "ascii", "unicode-1-1-utf-8"};

static gboolean is_utf8_name(const char *name, size_t len)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(utf8_names); i++) {
        if (kx_ascii_equal(name, len, utf8_names[i]))
            return TRUE;
    }
    return FALSE;
}

static UConverter *open_converter(const char *name, size_t len)
{
    if (len == 0 || len >= NAME_MAX_LEN || memchr(name, '\0', len) || memchr(name, ',', len) ||
        is_utf8_name(name, len))
        return NULL;
    char text[NAME_MAX_LEN];
    memcpy(text, name, len);
    text[len] = '\0';
    const char *use = text;
    for (unsigned i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (g_ascii_strcasecmp(text, aliases[i].name) == 0)
            use = aliases[i].use;
    }
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(use, &status);
    return U_SUCCESS(status) ? converter : NULL;
}

gboolean kx_charset_is_known(const char *name, size_t len)
{
    UConverter *converter = open_converter(name, len);
    ucnv_close(converter);
    return converter != NULL || is_utf8_name(name, len);
}

KxCharset *kx_charset_open(const char *name, size_t len)
{
    KxCharset *charset = g_new(KxCharset, 1);
    charset->source = open_converter(name, len);
    charset->utf8 = NULL;
    charset->pivot_source = charset->pivot_target = charset->pivot;
    charset->started = FALSE;
    charset->n_pending = 0;
    if (charset->source) {
        UErrorCode status = U_ZERO_ERROR;
        charset->utf8 = ucnv_open("UTF-8", &status);
        if (U_FAILURE(status))
            g_error("ICU has no UTF-8 converter: %s", u_errorName(status));
    }
    return charset;
}

void kx_charset_close(KxCharset *charset)
{
    if (!charset)
        return;
    ucnv_close(charset->source);
    ucnv_close(charset->utf8);
    g_free(charset);
}

/* Appends UTF-8 and returns how many bytes at the end are an unfinished character. */
static size_t append_utf8(GString *out, const char *data, size_t len, gboolean last)
{
    while (len > 0) {
        const char *stop;
        g_utf8_validate_len(data, len, &stop);
        g_string_append_len(out, data, stop - data);
        len -= (size_t)(stop - data);
        data = stop;
        if (len == 0)
            break;
        if (*data != '\0' && !last && len < 4 &&
            g_utf8_get_char_validated(data, (gssize)len) == (gunichar)-2)
            return len;
        g_string_append(out, *data == '\0' ? " " : REPLACEMENT);
        data++;
        len--;
    }
    return 0;
}

static void convert_utf8(KxCharset *charset, GString *out, const char *data, size_t len,
                         gboolean last)
{
    /* Complete a character that the last piece left open. */
    while (charset->n_pending > 0 && len > 0) {
        charset->pending[charset->n_pending++] = *data++;
        len--;
        size_t rest = append_utf8(out, charset->pending, charset->n_pending, FALSE);
        memmove(charset->pending, charset->pending + charset->n_pending - rest, rest);
        charset->n_pending = (unsigned)rest;
    }
    if (charset->n_pending > 0 && last) {
        append_utf8(out, charset->pending, charset->n_pending, TRUE);
        charset->n_pending = 0;
    }
    size_t rest = append_utf8(out, data, len, last);
    if (rest > 0) {
        memcpy(charset->pending, data + len - rest, rest);
        charset->n_pending = (unsigned)rest;
    }
}

static void append_without_nul(GString *out, char *text, size_t len)
{
    for (char *nul = memchr(text, '\0', len); nul;
         nul = memchr(nul, '\0', (size_t)(text + len - nul)))
        *nul = ' ';
    g_string_append_len(out, text, (gssize)len);
}

void kx_charset_convert(KxCharset *charset, GString *out, const char *data, size_t len,
                        gboolean last)
{
    if (!charset->source) {
        convert_utf8(charset, out, data, len, last);
        return;
    }
    const char *end = data + len;
    UErrorCode status;
    do {
        char buffer[4096];
        char *target = buffer;
        status = U_ZERO_ERROR;
        ucnv_convertEx(charset->utf8, charset->source, &target, buffer + sizeof(buffer), &data, end,
                       charset->pivot, &charset->pivot_source, &charset->pivot_target,
                       charset->pivot + PIVOT_SIZE, !charset->started, last != FALSE, &status);
        charset->started = TRUE;
        append_without_nul(out, buffer, (size_t)(target - buffer));
    } while (status == U_BUFFER_OVERFLOW_ERROR);
}

static gboolean is_known(const char *name, size_t len)
{
    UConverter *converter = open_converter(name, len);
    ucnv_close(converter);
    return converter != NULL;
}

char *kx_charset_to_utf8(const char *name, size_t name_len, const char *data, size_t len)
{
    gboolean named_utf8 = is_utf8_name(name, name_len) && g_ascii_tolower(name[0]) == 'u' &&
                          g_ascii_tolower(name[1]) == 't';
    if (!named_utf8 && !is_known(name, name_len)) {
        gboolean valid = g_utf8_validate_len(data, len, NULL);
        name = valid ? "utf-8" : "windows-1252";
        name_len = strlen(name);
    }
    g_autoptr(KxCharset) charset = kx_charset_open(name, name_len);
    GString *out = g_string_sized_new(len + 16);
    kx_charset_convert(charset, out, data, len, TRUE);
    return g_string_free(out, FALSE);
}

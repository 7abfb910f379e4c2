/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text, and what is nearly so: calendars, address cards, tables. */
#include "convert/content.h"
#include "convert/limits.h"
#include "mime/charset.h"

enum { PIECE = 65536 };

typedef struct {
    const char *mark;
    size_t len;
    const char *charset;
} Mark;

/* A byte order mark says more than a declaration. */
static const Mark marks[] = {
    {"\xef\xbb\xbf", 3, "utf-8"},
    {"\xff\xfe", 2, "utf-16le"},
    {"\xfe\xff", 2, "utf-16be"},
};

static const char *guess(const char *data, size_t len)
{
    return g_utf8_validate_len(data, len, NULL) ? "utf-8" : "windows-1252";
}

static gboolean says_nothing(const char *charset)
{
    return !charset || g_str_equal(charset, "us-ascii") || g_str_equal(charset, "ascii") ||
           g_str_equal(charset, "utf-8");
}

gboolean kx_convert_plain(const KxContent *content, KxTextOut *out, GError **error)
{
    g_autofree char *declared = kx_convert_charset(content->type);
    const char *data = content->data, *end = content->data + content->len;
    const char *charset = says_nothing(declared) ? guess(data, content->len) : declared;
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++)
        if (content->len >= marks[i].len && memcmp(data, marks[i].mark, marks[i].len) == 0) {
            charset = marks[i].charset;
            data += marks[i].len;
            break;
        }
    g_autoptr(KxCharset) converter = kx_charset_open(charset, strlen(charset));
    g_autoptr(GString) piece = g_string_new(NULL);
    while (data < end && !out->full) {
        size_t len = MIN((size_t)PIECE, (size_t)(end - data));
        g_string_truncate(piece, 0);
        kx_charset_convert(converter, piece, data, len, data + len == end);
        kx_text_out_append(out, piece->str, piece->len);
        data += len;
    }
    return TRUE;
}

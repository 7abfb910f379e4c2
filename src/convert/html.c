/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML: libxml2's tolerant parser as a stream of events, so that no tree is built. Its input is
 * UTF-8 already: its own conversions would load files. Scripts and styles are no text; titles and
 * alternative texts of images are.
 */
#include <libxml/HTMLparser.h>

#include "base/error.h"
#include "convert/content.h"
#include "mime/charset.h"

enum { CHARSET_WITHIN = 4096, PIECE = 16384, NAME_MAX_BYTES = 64 };

typedef struct {
    KxTextOut *out;
    htmlParserCtxtPtr parser;
    guint hidden; /* open elements whose text is none */
} Page;

static gboolean is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (g_ascii_strcasecmp(name, *names) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_hidden(const char *name)
{
    static const char *const names[] = {"script", "style", "template", "noscript", NULL};
    return is_one_of(name, names);
}

/* What does not end a word; anything else does, and most of it the line. */
static gboolean is_inline(const char *name)
{
    static const char *const names[] = {
        "a",      "abbr",   "acronym", "b",   "bdi", "bdo",  "big", "cite", "code", "del",   "dfn",
        "em",     "font",   "i",       "ins", "kbd", "mark", "q",   "s",    "samp", "small", "span",
        "strike", "strong", "sub",     "sup", "tt",  "u",    "var", "wbr",  NULL};
    return is_one_of(name, names);
}

static void separate(Page *page, const char *name)
{
    if (g_ascii_strcasecmp(name, "td") == 0 || g_ascii_strcasecmp(name, "th") == 0 ||
        g_ascii_strcasecmp(name, "img") == 0)
        kx_text_out_space(page->out);
    else if (!is_inline(name))
        kx_text_out_line(page->out);
}

static void on_start(void *data, const xmlChar *element, const xmlChar **attributes)
{
    Page *page = data;
    const char *name = (const char *)element;
    if (is_hidden(name))
        page->hidden++;
    separate(page, name);
    for (; page->hidden == 0 && attributes && attributes[0]; attributes += 2) {
        const char *key = (const char *)attributes[0], *value = (const char *)attributes[1];
        if (!value ||
            (g_ascii_strcasecmp(key, "alt") != 0 && g_ascii_strcasecmp(key, "title") != 0))
            continue;
        kx_text_out_space(page->out);
        kx_text_out_append(page->out, value, strlen(value));
        kx_text_out_space(page->out);
    }
}

static void on_end(void *data, const xmlChar *element)
{
    Page *page = data;
    const char *name = (const char *)element;
    if (is_hidden(name) && page->hidden > 0)
        page->hidden--;
    separate(page, name);
}

static void on_text(void *data, const xmlChar *text, int len)
{
    Page *page = data;
    if (page->hidden == 0 && !kx_text_out_append(page->out, (const char *)text, (size_t)len))
        xmlStopParser(page->parser);
}

/* The value after charset= near the beginning, as <meta> has it in either form. */
static char *meta_charset(const KxContent *content)
{
    g_autofree char *head =
        g_ascii_strdown(content->data, (gssize)MIN(content->len, (size_t)CHARSET_WITHIN));
    const char *meta = strstr(head, "<meta");
    const char *at = meta ? strstr(meta, "charset=") : NULL;
    if (!at)
        return NULL;
    at += strlen("charset=");
    at += *at == '"' || *at == '\'';
    size_t len = strcspn(at, "\"'; \t\r\n/>");
    return len > 0 && len < NAME_MAX_BYTES ? g_strndup(at, len) : NULL;
}

static char *choose_charset(const KxContent *content, size_t *ret_skip)
{
    const guint8 *mark = (const guint8 *)content->data;
    *ret_skip = 0;
    if (content->len >= 3 && memcmp(mark, "\xef\xbb\xbf", 3) == 0) {
        *ret_skip = 3;
        return g_strdup("utf-8");
    }
    if (content->len >= 2 &&
        ((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff))) {
        *ret_skip = 2;
        return g_strdup(mark[0] == 0xff ? "utf-16le" : "utf-16be");
    }
    char *declared = kx_convert_charset(content->type);
    return declared ? declared : meta_charset(content);
}

static gboolean feed(Page *page, const KxContent *content)
{
    size_t skip;
    g_autofree char *name = choose_charset(content, &skip);
    if (!name)
        name = g_strdup(g_utf8_validate_len(content->data, content->len, NULL) ? "utf-8"
                                                                               : "windows-1252");
    g_autoptr(KxCharset) charset = kx_charset_open(name, strlen(name));
    g_autoptr(GString) piece = g_string_new(NULL);
    const char *data = content->data + skip, *end = content->data + content->len;
    while (data < end && !page->out->full) {
        size_t len = MIN((size_t)PIECE, (size_t)(end - data));
        g_string_truncate(piece, 0);
        kx_charset_convert(charset, piece, data, len, data + len == end);
        htmlParseChunk(page->parser, piece->str, (int)piece->len, 0);
        data += len;
    }
    return htmlParseChunk(page->parser, NULL, 0, 1) != XML_ERR_NO_MEMORY;
}

gboolean kx_convert_html(const KxContent *content, KxTextOut *out, GError **error)
{
    htmlSAXHandler events = {
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .cdataBlock = NULL, /* the text of scripts and styles */
        .ignorableWhitespace = on_text,
    };
    Page page = {.out = out};
    page.parser = htmlCreatePushParserCtxt(&events, &page, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (!page.parser)
        return kx_fail(error, KX_ERR_FAILED, "cannot make an HTML parser");
    htmlCtxtUseOptions(page.parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                                        HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC);
    gboolean ok = feed(&page, content);
    if (page.parser->myDoc)
        xmlFreeDoc(page.parser->myDoc);
    htmlFreeParserCtxt(page.parser);
    return ok || kx_fail(error, KX_ERR_TOO_BIG, "this page needs too much memory");
}

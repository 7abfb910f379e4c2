/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/html-text.h"

#include <string.h>

enum { REFERENCE_MAX = 12 }; /* bytes of a character reference between "&" and ";" */

typedef struct {
    const char *at, *end;
} Html;

/* Elements whose content is not to be read. */
static const char *const HIDDEN[] = {"script", "style", "head", "title", "template"};

/* Elements that do not part words. */
static const char *const INLINE[] = {"a",   "abbr", "b",  "big",   "em",     "font",
                                     "i",   "mark", "s",  "small", "strong", "span",
                                     "sub", "sup",  "tt", "u",     "wbr",    "code"};

static const struct {
    const char *name;
    gunichar character;
} REFERENCES[] = {
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
    {"nbsp", ' '},     {"copy", 0xa9},     {"reg", 0xae},     {"euro", 0x20ac},  {"ndash", 0x2013},
    {"mdash", 0x2014}, {"lsquo", 0x2018},  {"rsquo", 0x2019}, {"ldquo", 0x201c}, {"rdquo", 0x201d},
    {"bull", 0x2022},  {"hellip", 0x2026}, {"auml", 0xe4},    {"ouml", 0xf6},    {"uuml", 0xfc},
    {"Auml", 0xc4},    {"Ouml", 0xd6},     {"Uuml", 0xdc},    {"szlig", 0xdf},   {"eacute", 0xe9},
    {"egrave", 0xe8},  {"agrave", 0xe0},   {"ccedil", 0xe7},  {"zwnj", 0},       {"shy", 0},
};

static gboolean is_one_of(const char *name, size_t len, const char *const *names, guint n)
{
    for (guint i = 0; i < n; i++)
        if (strlen(names[i]) == len && g_ascii_strncasecmp(name, names[i], len) == 0)
            return TRUE;
    return FALSE;
}

static gboolean starts_with(const Html *html, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(html->end - html->at) >= len && g_ascii_strncasecmp(html->at, text, len) == 0;
}

/* Behind the next `c`, or the end. */
static void skip_past(Html *html, char c)
{
    const char *found = memchr(html->at, c, (size_t)(html->end - html->at));
    html->at = found ? found + 1 : html->end;
}

static void skip_comment(Html *html)
{
    const char *close = memmem(html->at, (size_t)(html->end - html->at), "-->", 3);
    html->at = close ? close + 3 : html->end;
}

/* To the end tag of a hidden element; without one, all that follows is hidden. */
static void skip_hidden(Html *html, const char *name, size_t len)
{
    while (html->at < html->end) {
        skip_past(html, '<');
        if (html->end - html->at > (ptrdiff_t)len && *html->at == '/' &&
            g_ascii_strncasecmp(html->at + 1, name, len) == 0) {
            skip_past(html, '>');
            return;
        }
    }
}

/* Behind the ">" of a tag; one inside a quoted attribute does not count. */
static void skip_attributes(Html *html)
{
    while (html->at < html->end) {
        char c = *html->at++;
        if (c == '>')
            return;
        if (c == '"' || c == '\'')
            skip_past(html, c);
    }
}

/* At "<" of something that is a tag. */
static void skip_tag(Html *html, GString *out)
{
    gboolean closing = html->at + 1 < html->end && html->at[1] == '/';
    const char *name = html->at + 1 + closing;
    size_t len = 0;
    while (name + len < html->end && g_ascii_isalnum(name[len]))
        len++;
    html->at = name + len;
    skip_attributes(html);
    if (!closing && is_one_of(name, len, HIDDEN, G_N_ELEMENTS(HIDDEN)))
        skip_hidden(html, name, len);
    if (!is_one_of(name, len, INLINE, G_N_ELEMENTS(INLINE)))
        g_string_append_c(out, '\n');
}

static gunichar number_of(const char *text, size_t len)
{
    gboolean hex = len > 1 && (text[1] == 'x' || text[1] == 'X');
    guint64 number = 0;
    for (size_t i = 1 + hex; i < len; i++) {
        int digit = hex ? g_ascii_xdigit_value(text[i]) : g_ascii_digit_value(text[i]);
        if (digit < 0 || number > 0x10ffff)
            return 0;
        number = number * (hex ? 16 : 10) + (guint)digit;
    }
    return number <= 0x10ffff && g_unichar_validate((gunichar)number) ? (gunichar)number : 0;
}

/* At "&". FALSE: it is no reference. */
static gboolean append_reference(Html *html, GString *out)
{
    const char *name = html->at + 1;
    size_t room = MIN((size_t)(html->end - name), REFERENCE_MAX + 1);
    const char *stop = memchr(name, ';', room);
    if (!stop || stop == name)
        return FALSE;
    size_t len = (size_t)(stop - name);
    gunichar character = *name == '#' ? number_of(name, len) : 0;
    gboolean known = *name == '#';
    for (guint i = 0; !known && i < G_N_ELEMENTS(REFERENCES); i++) {
        known = strlen(REFERENCES[i].name) == len && memcmp(REFERENCES[i].name, name, len) == 0;
        if (known)
            character = REFERENCES[i].character;
    }
    if (!known)
        return FALSE;
    if (character != 0)
        g_string_append_unichar(out, character);
    html->at = stop + 1;
    return TRUE;
}

static void take_one(Html *html, GString *out)
{
    char next = html->at + 1 < html->end ? html->at[1] : '\0';
    if (starts_with(html, "<!--")) {
        skip_comment(html);
    } else if (*html->at == '<' && (next == '!' || next == '?')) {
        skip_past(html, '>');
    } else if (*html->at == '<' && (next == '/' || g_ascii_isalpha(next))) {
        skip_tag(html, out);
    } else if (*html->at != '&' || !append_reference(html, out)) {
        /* A line break in HTML is white space like any other. */
        g_string_append_c(out, *html->at == '\n' || *html->at == '\r' ? ' ' : *html->at);
        html->at++;
    }
}

void kx_html_append_text(GString *out, const char *html_text, size_t len, size_t max)
{
    Html html = {html_text, html_text + len};
    size_t start = out->len;
    while (html.at < html.end && out->len - start < max)
        take_one(&html, out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded words, RFC 2047: see header.h. */
#include "mime/header.h"
#include "mime/charset.h"
#include "mime/decode.h"

/* "=?charset*language?encoding?text?=" */
typedef struct Word {
    const char *charset;
    size_t charset_len;
    char encoding; /* 'q' or 'b' */
    const char *text;
    size_t text_len;
    const char *end;
} Word;

static const char *find(const char *pos, const char *end, char c)
{
    return pos < end ? memchr(pos, c, (size_t)(end - pos)) : NULL;
}

/* `pos` is at "=?". A question mark may not occur within the text, so each search ends at the next
 * one and the whole scan stays linear. */
static gboolean parse_word(const char *pos, const char *end, Word *ret_word)
{
    const char *charset = pos + 2;
    const char *charset_end = find(charset, end, '?');
    if (!charset_end || charset_end == charset || end - charset_end < 5 || charset_end[2] != '?')
        return FALSE;
    char encoding = g_ascii_tolower(charset_end[1]);
    if (encoding != 'q' && encoding != 'b')
        return FALSE;
    const char *text = charset_end + 3;
    const char *text_end = find(text, end, '?');
    if (!text_end || text_end + 1 == end || text_end[1] != '=')
        return FALSE;
    const char *language = find(charset, charset_end, '*');
    *ret_word = (Word){
        .charset = charset,
        .charset_len = (size_t)((language ? language : charset_end) - charset),
        .encoding = encoding,
        .text = text,
        .text_len = (size_t)(text_end - text),
        .end = text_end + 2,
    };
    return TRUE;
}

static void append_q(GString *out, const char *text, size_t len)
{
    const char *end = text + len;
    for (; text < end; text++) {
        if (*text == '_') {
            g_string_append_c(out, ' ');
        } else if (*text == '=' && end - text > 2 && g_ascii_isxdigit(text[1]) &&
                   g_ascii_isxdigit(text[2])) {
            int byte = g_ascii_xdigit_value(text[1]) * 16 + g_ascii_xdigit_value(text[2]);
            g_string_append_c(out, (char)byte);
            text += 2;
        } else {
            g_string_append_c(out, *text);
        }
    }
}

static void append_b(GString *out, const char *text, size_t len)
{
    KxMimeDecoder decoder;
    kx_mime_decoder_init(&decoder, KX_MIME_ENC_BASE64, text, len);
    char buffer[256];
    for (size_t n; (n = kx_mime_decoder_read(&decoder, buffer, sizeof(buffer))) > 0;)
        g_string_append_len(out, buffer, (gssize)n);
}

/* Bytes of adjacent words in one character set: a character may be split between words. */
typedef struct Run {
    const char *charset;
    size_t charset_len;
    GString *bytes;
} Run;

static void append_converted(GString *out, const char *charset, size_t charset_len,
                             const char *bytes, size_t len)
{
    g_autofree char *text = kx_charset_to_utf8(charset, charset_len, bytes, len);
    for (char *c = text; *c; c++) {
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    }
    g_string_append(out, text);
}

static void flush_run(GString *out, Run *run)
{
    if (run->bytes->len > 0)
        append_converted(out, run->charset, run->charset_len, run->bytes->str, run->bytes->len);
    g_string_truncate(run->bytes, 0);
    run->charset = NULL;
}

static void add_word(GString *out, Run *run, const Word *word)
{
    if (run->charset && (run->charset_len != word->charset_len ||
                         g_ascii_strncasecmp(run->charset, word->charset, word->charset_len) != 0))
        flush_run(out, run);
    run->charset = word->charset;
    run->charset_len = word->charset_len;
    (word->encoding == 'q' ? append_q : append_b)(run->bytes, word->text, word->text_len);
}

static gboolean is_blank(const char *text, const char *end)
{
    while (text < end && (*text == ' ' || *text == '\t'))
        text++;
    return text == end;
}

static const char *find_word(const char *pos, const char *end, Word *ret_word)
{
    while ((pos = find(pos, end, '=')) != NULL) {
        if (end - pos > 1 && pos[1] == '?' && parse_word(pos, end, ret_word))
            return pos;
        pos++;
    }
    return NULL;
}

static gboolean is_plain_ascii(const char *text)
{
    for (; *text; text++) {
        if ((guchar)*text >= 0x80 || (*text == '=' && text[1] == '?'))
            return FALSE;
    }
    return TRUE;
}

char *kx_header_decode(const char *value, size_t len, size_t max)
{
    g_autofree char *raw = kx_header_unfold(value, len, max);
    if (is_plain_ascii(raw))
        return g_steal_pointer(&raw);

    g_autoptr(GString) bytes = g_string_new(NULL);
    Run run = {.bytes = bytes};
    GString *out = g_string_new(NULL);
    const char *pos = raw, *end = raw + strlen(raw);
    Word word;
    for (const char *start; (start = find_word(pos, end, &word)) != NULL; pos = word.end) {
        if (!run.charset || !is_blank(pos, start)) {
            flush_run(out, &run);
            append_converted(out, "", 0, pos, (size_t)(start - pos));
        }
        add_word(out, &run, &word);
    }
    flush_run(out, &run);
    append_converted(out, "", 0, pos, (size_t)(end - pos));
    return g_string_free(out, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rich Text Format (Microsoft's specification 1.9.1): control words, groups, and bytes in the code
 * page that the document or the font names.
 */
#include "base/error.h"
#include "convert/content.h"
#include "convert/limits.h"
#include "mime/charset.h"

enum { DEPTH_MAX = 1000, FONTS_MAX = 1024, WORD_MAX = 32, LATIN = 1252 };

typedef struct {
    gboolean hidden;
    guint skip_after_unicode; /* \uc: characters that stand in for one \u */
    guint code_page;
} Group;

typedef struct {
    const char *pos, *end;
    KxTextOut *out;
    Group groups[DEPTH_MAX];
    guint depth;
    guint code_page; /* of the document */
    guint to_skip;   /* characters that stand in for a \u that was understood */
    gboolean in_fonts;
    guint font;               /* that is being declared */
    guint16 fonts[FONTS_MAX]; /* code page, 0: unknown */
    GString *bytes;           /* text not yet converted, in `bytes_page` */
    guint bytes_page;
    gunichar high; /* first half of a surrogate pair */
} Rtf;

typedef struct {
    char word[WORD_MAX + 1];
    gboolean has_number;
    int number;
} Control;

static Group *group(Rtf *rtf)
{
    return &rtf->groups[rtf->depth];
}

/* ---- text ---- */

static void flush(Rtf *rtf)
{
    if (rtf->bytes->len == 0)
        return;
    char name[32];
    gboolean windows = rtf->bytes_page >= 1250 && rtf->bytes_page <= 1258;
    g_snprintf(name, sizeof name, windows ? "windows-%u" : "cp%u", rtf->bytes_page);
    g_autoptr(KxCharset) charset = kx_charset_open(name, strlen(name));
    g_autoptr(GString) text = g_string_new(NULL);
    kx_charset_convert(charset, text, rtf->bytes->str, rtf->bytes->len, TRUE);
    kx_text_out_append(rtf->out, text->str, text->len);
    g_string_truncate(rtf->bytes, 0);
}

static void put_byte(Rtf *rtf, char byte)
{
    if (rtf->to_skip > 0) {
        rtf->to_skip--;
        return;
    }
    if (group(rtf)->hidden)
        return;
    if (rtf->bytes_page != group(rtf)->code_page || rtf->bytes->len >= 65536)
        flush(rtf);
    rtf->bytes_page = group(rtf)->code_page;
    g_string_append_c(rtf->bytes, byte);
}

static void put_char(Rtf *rtf, gunichar c)
{
    if (group(rtf)->hidden)
        return;
    flush(rtf);
    kx_text_out_char(rtf->out, c);
}

/* \uN is a signed 16-bit number; characters beyond come as two of them. */
static void put_unicode(Rtf *rtf, int number)
{
    gunichar c = (gunichar)(guint16)number;
    rtf->to_skip = group(rtf)->skip_after_unicode;
    if (c >= 0xd800 && c < 0xdc00) {
        rtf->high = c;
        return;
    }
    if (c >= 0xdc00 && c < 0xe000) {
        c = rtf->high ? 0x10000 + ((rtf->high - 0xd800) << 10) + (c - 0xdc00) : 0xfffd;
        rtf->high = 0;
    }
    put_char(rtf, c);
}

/* ---- control words ---- */

typedef enum { LINE, SPACE, HIDE, CHARACTER } Effect;

typedef struct {
    const char *word;
    Effect effect;
    gunichar c;
} Word;

static const Word words[] = {
    {"par", LINE},
    {"line", LINE},
    {"sect", LINE},
    {"page", LINE},
    {"row", LINE},
    {"tab", SPACE},
    {"cell", SPACE},
    {"nestcell", SPACE},
    {"colortbl", HIDE},
    {"stylesheet", HIDE},
    {"pict", HIDE},
    {"object", HIDE},
    {"fldinst", HIDE},
    {"listtable", HIDE},
    {"listoverridetable", HIDE},
    {"revtbl", HIDE},
    {"rsidtbl", HIDE},
    {"generator", HIDE},
    {"themedata", HIDE},
    {"datastore", HIDE},
    {"info", HIDE},
    {"latentstyles", HIDE},
    {"xmlnstbl", HIDE},
    {"filetbl", HIDE},
    {"creatim", HIDE},
    {"revtim", HIDE},
    {"printim", HIDE},
    {"deleted", HIDE},
    {"bullet", CHARACTER, 0x2022},
    {"endash", CHARACTER, 0x2013},
    {"emdash", CHARACTER, 0x2014},
    {"lquote", CHARACTER, 0x2018},
    {"rquote", CHARACTER, 0x2019},
    {"ldblquote", CHARACTER, 0x201c},
    {"rdblquote", CHARACTER, 0x201d},
    {"emspace", SPACE},
    {"enspace", SPACE},
};

/* \fcharset (specification, "Font Table") to code pages. */
static const guint16 charsets[][2] = {
    {0, 1252},   {128, 932},  {129, 949},  {134, 936},  {136, 950},  {161, 1253}, {162, 1254},
    {163, 1258}, {177, 1255}, {178, 1256}, {186, 1257}, {204, 1251}, {222, 874},  {238, 1250},
};

static guint charset_page(int number)
{
    for (guint i = 0; i < G_N_ELEMENTS(charsets); i++)
        if (charsets[i][0] == number)
            return charsets[i][1];
    return 0;
}

static void choose_font(Rtf *rtf, int number)
{
    guint font = number >= 0 && number < FONTS_MAX ? (guint)number : 0;
    if (rtf->in_fonts)
        rtf->font = font;
    else
        group(rtf)->code_page = rtf->fonts[font] ? rtf->fonts[font] : rtf->code_page;
}

static void apply(Rtf *rtf, const Word *word)
{
    switch (word->effect) {
    case HIDE:
        group(rtf)->hidden = TRUE;
        break;
    case CHARACTER:
        put_char(rtf, word->c);
        break;
    default:
        if (group(rtf)->hidden)
            break;
        flush(rtf);
        if (word->effect == LINE)
            kx_text_out_line(rtf->out);
        else
            kx_text_out_space(rtf->out);
        break;
    }
}

static gboolean control_number(Rtf *rtf, const Control *control)
{
    const char *word = control->word;
    int number = control->number;
    if (g_str_equal(word, "u"))
        put_unicode(rtf, number);
    else if (g_str_equal(word, "uc"))
        group(rtf)->skip_after_unicode = (guint)CLAMP(number, 0, 16);
    else if (g_str_equal(word, "ansicpg") && number > 0 && number < 65536)
        rtf->code_page = group(rtf)->code_page = (guint)number;
    else if (g_str_equal(word, "f"))
        choose_font(rtf, number);
    else if (g_str_equal(word, "fcharset") && rtf->in_fonts)
        rtf->fonts[rtf->font] = (guint16)charset_page(number);
    else if (g_str_equal(word, "bin") && number > 0)
        rtf->pos += MIN((size_t)number, (size_t)(rtf->end - rtf->pos));
    else
        return FALSE;
    return TRUE;
}

static void control_word(Rtf *rtf, const Control *control)
{
    if (control->has_number && control_number(rtf, control))
        return;
    if (g_str_equal(control->word, "fonttbl")) {
        group(rtf)->hidden = TRUE;
        rtf->in_fonts = TRUE;
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(words[i].word, control->word)) {
            apply(rtf, &words[i]);
            return;
        }
}

/* ---- syntax ---- */

static void read_word(Rtf *rtf)
{
    Control control = {0};
    guint n = 0;
    for (; rtf->pos < rtf->end && g_ascii_isalpha(*rtf->pos); rtf->pos++)
        if (n < WORD_MAX)
            control.word[n++] = *rtf->pos;
    gboolean negative = rtf->pos < rtf->end && *rtf->pos == '-';
    rtf->pos += negative;
    for (; rtf->pos < rtf->end && g_ascii_isdigit(*rtf->pos); rtf->pos++) {
        control.has_number = TRUE;
        if (control.number < 100000000)
            control.number = control.number * 10 + (*rtf->pos - '0');
    }
    if (negative)
        control.number = -control.number;
    if (rtf->pos < rtf->end && *rtf->pos == ' ')
        rtf->pos++;
    control_word(rtf, &control);
}

static void read_hex(Rtf *rtf)
{
    int high = rtf->end - rtf->pos >= 2 ? g_ascii_xdigit_value(rtf->pos[0]) : -1;
    int low = high >= 0 ? g_ascii_xdigit_value(rtf->pos[1]) : -1;
    if (low < 0)
        return;
    rtf->pos += 2;
    put_byte(rtf, (char)(high << 4 | low));
}

static void read_control(Rtf *rtf)
{
    if (rtf->pos == rtf->end)
        return;
    if (g_ascii_isalpha(*rtf->pos)) {
        read_word(rtf);
        return;
    }
    char c = *rtf->pos++;
    if (c == '\'')
        read_hex(rtf);
    else if (c == '*')
        group(rtf)->hidden = TRUE; /* a destination that readers may pass over */
    else if (c == '~' || c == '\n' || c == '\r')
        put_char(rtf, c == '~' ? ' ' : '\n');
    else if (c == '_')
        put_char(rtf, '-');
    else if (c == '\\' || c == '{' || c == '}')
        put_byte(rtf, c);
}

static gboolean open_group(Rtf *rtf, GError **error)
{
    rtf->to_skip = 0;
    if (rtf->depth + 1 == DEPTH_MAX)
        return kx_fail(error, KX_ERR_TOO_BIG, "this document is nested too deeply");
    rtf->groups[rtf->depth + 1] = rtf->groups[rtf->depth];
    rtf->depth++;
    return TRUE;
}

static void close_group(Rtf *rtf)
{
    rtf->to_skip = 0;
    if (rtf->depth > 0)
        rtf->depth--;
    if (!group(rtf)->hidden)
        rtf->in_fonts = FALSE;
}

static gboolean read_all(Rtf *rtf, GError **error)
{
    while (rtf->pos < rtf->end && !rtf->out->full) {
        char c = *rtf->pos++;
        if (c == '{') {
            if (!open_group(rtf, error))
                return FALSE;
        } else if (c == '}') {
            close_group(rtf);
        } else if (c == '\\') {
            read_control(rtf);
        } else if (c != '\r' && c != '\n') {
            put_byte(rtf, c);
        }
    }
    return TRUE;
}

gboolean kx_convert_rtf(const KxContent *content, KxTextOut *out, GError **error)
{
    g_autofree Rtf *rtf = g_new0(Rtf, 1);
    rtf->pos = content->data;
    rtf->end = content->data + content->len;
    rtf->out = out;
    rtf->code_page = LATIN;
    rtf->groups[0] = (Group){.skip_after_unicode = 1, .code_page = LATIN};
    rtf->bytes = g_string_new(NULL);
    gboolean ok = read_all(rtf, error);
    rtf->depth = 0;
    flush(rtf);
    g_string_free(rtf->bytes, TRUE);
    return ok;
}

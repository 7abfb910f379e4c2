/* SPDX-License-Identifier: Apache-2.0 */
/* What content is. */
#include "base/error.h"
#include "base/text.h"
#include "convert/content.h"

enum { LOOK_AT = 4096, PDF_WITHIN = 1024 };

typedef struct {
    const char *bytes;
    size_t len;
    KxConverter converter; /* NULL: known, and without text */
} Magic;

#define BYTES(text) (text), sizeof(text) - 1
static const Magic magics[] = {
    {BYTES("%PDF-"), kx_convert_pdf},
    {BYTES("PK\003\004"), kx_convert_office},
    {BYTES("{\\rtf"), kx_convert_rtf},
    {BYTES("PK\005\006"), NULL}, /* an empty archive */
    {BYTES("\x89PNG\r\n"), NULL},
    {BYTES("\xff\xd8\xff"), NULL},
    {BYTES("GIF8"), NULL},
    {BYTES("\xd0\xcf\x11\xe0\xa1\xb1"), NULL}, /* OLE: Word 97 and its kin */
    {BYTES("\x1f\x8b"), NULL},
    {BYTES("BZh"), NULL},
    {BYTES("7z\xbc\xaf"), NULL},
    {BYTES("Rar!"), NULL},
    {BYTES("\x7f"
           "ELF"),
     NULL},
    {BYTES("MZ\x90"), NULL},
    {BYTES("%!PS"), NULL},
};

typedef struct {
    const char *name;
    KxConverter converter;
} Name;

/* Declared types; one that ends in "/" stands for all that begin with it. */
static const Name types[] = {
    {"text/html", kx_convert_html},         {"application/xhtml+xml", kx_convert_html},
    {"text/rtf", kx_convert_plain},         {"text/", kx_convert_plain},
    {"application/json", kx_convert_plain}, {"application/xml", kx_convert_plain},
    {"application/ics", kx_convert_plain},  {"message/", kx_convert_plain},
};

static const Name extensions[] = {
    {".txt", kx_convert_plain},  {".text", kx_convert_plain}, {".log", kx_convert_plain},
    {".csv", kx_convert_plain},  {".md", kx_convert_plain},   {".ics", kx_convert_plain},
    {".vcf", kx_convert_plain},  {".json", kx_convert_plain}, {".xml", kx_convert_plain},
    {".eml", kx_convert_plain},  {".htm", kx_convert_html},   {".html", kx_convert_html},
    {".xhtml", kx_convert_html},
};

static gboolean starts(const KxContent *content, size_t at, const char *bytes, size_t len)
{
    return content->len >= at + len && memcmp(content->data + at, bytes, len) == 0;
}

static size_t skip_mark_and_space(const KxContent *content)
{
    size_t at = starts(content, 0, BYTES("\xef\xbb\xbf")) ? 3 : 0;
    while (at < MIN(content->len, (size_t)LOOK_AT) && g_ascii_isspace(content->data[at]))
        at++;
    return at;
}

static gboolean is_html(const KxContent *content)
{
    static const char *const tags[] = {"<!doctype html", "<html", "<head", "<body", "<meta"};
    size_t at = skip_mark_and_space(content);
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        size_t len = strlen(tags[i]);
        if (content->len - at >= len && g_ascii_strncasecmp(content->data + at, tags[i], len) == 0)
            return TRUE;
    }
    return starts(content, at, BYTES("<?xml")) &&
           memmem(content->data, MIN(content->len, (size_t)LOOK_AT), BYTES("<html")) != NULL;
}

/* PDF readers allow for some bytes before the magic; a text may speak of it, too. */
static gboolean is_late_pdf(const KxContent *content)
{
    size_t len = strcspn(content->type, "; \t\r\n");
    const char *dot = strrchr(content->file_name, '.');
    gboolean declared = kx_ascii_equal(content->type, len, "application/pdf") ||
                        (dot && g_ascii_strcasecmp(dot, ".pdf") == 0);
    return declared &&
           memmem(content->data, MIN(content->len, (size_t)PDF_WITHIN), BYTES("%PDF-")) != NULL;
}

static const Magic *find_magic(const KxContent *content)
{
    for (guint i = 0; i < G_N_ELEMENTS(magics); i++)
        if (starts(content, 0, magics[i].bytes, magics[i].len))
            return &magics[i];
    return NULL;
}

static gboolean is_wide(const KxContent *content)
{
    g_autofree char *charset = kx_convert_charset(content->type);
    return starts(content, 0, BYTES("\xff\xfe")) || starts(content, 0, BYTES("\xfe\xff")) ||
           (charset &&
            (g_str_has_prefix(charset, "utf-16") || g_str_has_prefix(charset, "utf-32")));
}

/* Text holds no NUL, unless its characters are wide. */
static gboolean may_be_text(const KxContent *content)
{
    return !memchr(content->data, '\0', MIN(content->len, (size_t)LOOK_AT)) || is_wide(content);
}

static KxConverter by_type(const char *type)
{
    size_t len = strcspn(type, "; \t\r\n");
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        size_t known = strlen(types[i].name);
        gboolean family = types[i].name[known - 1] == '/';
        if ((family ? len > known : len == known) &&
            g_ascii_strncasecmp(type, types[i].name, known) == 0)
            return types[i].converter;
    }
    return NULL;
}

static KxConverter by_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (guint i = 0; dot && i < G_N_ELEMENTS(extensions); i++)
        if (g_ascii_strcasecmp(dot, extensions[i].name) == 0)
            return extensions[i].converter;
    return NULL;
}

static KxConverter find(const KxContent *content)
{
    const Magic *magic = find_magic(content);
    if (magic)
        return magic->converter;
    if (is_late_pdf(content))
        return kx_convert_pdf;
    if (!may_be_text(content))
        return NULL;
    if (is_html(content))
        return kx_convert_html;
    KxConverter converter = by_type(content->type);
    return converter ? converter : by_name(content->file_name);
}

KxConverter kx_convert_find(const KxContent *content, GError **error)
{
    KxConverter converter = content->len > 0 ? find(content) : kx_convert_plain;
    if (!converter)
        kx_fail(error, KX_ERR_INVALID, "no text in this type");
    return converter;
}

char *kx_convert_charset(const char *type)
{
    for (const char *at = strchr(type, ';'); at; at = strchr(at, ';')) {
        at++;
        at += strspn(at, " \t\r\n");
        if (g_ascii_strncasecmp(at, "charset=", 8) != 0)
            continue;
        at += 8;
        at += *at == '"';
        return g_ascii_strdown(at, (gssize)strcspn(at, "\"; \t\r\n"));
    }
    return NULL;
}

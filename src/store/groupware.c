/* SPDX-License-Identifier: Apache-2.0 */
#include "store/groupware.h"

#include "mime/part.h"

enum {
    TITLE_MAX = 300,
    BASE64_LINE = 76,
    ENCODED_WORD =
        45,         /* bytes of an encoded word, and beside "Subject:": lines of such words have */
    FIRST_WORD = 39 /* 76 characters at most (RFC 2047 section 2) */
};

typedef struct {
    const char *type, *suffix, *title, *untitled;
} Kind;

static const Kind KINDS[] = {
    [KX_TYPE_MAIL] = {NULL, NULL, NULL, NULL},
    [KX_TYPE_CALENDAR] = {"calendar", ".ics", "SUMMARY", "Event"},
    [KX_TYPE_CONTACTS] = {"vcard", ".vcf", "FN", "Contact"},
    [KX_TYPE_TASKS] = {"calendar", ".ics", "SUMMARY", "Task"},
    [KX_TYPE_NOTES] = {NULL, NULL, NULL, NULL},
};

/* Older programs say text/x-vcard or text/x-vcalendar. */
static gboolean is_kind(const KxMimePart *part, const Kind *kind)
{
    const char *subtype = part->subtype;
    if (g_str_has_prefix(subtype, "x-"))
        subtype += 2;
    return strcmp(part->type, "text") == 0 &&
           (strcmp(subtype, kind->type) == 0 ||
            (strcmp(kind->type, "calendar") == 0 && strcmp(subtype, "vcalendar") == 0));
}

gboolean kx_groupware_accepts(KxFolderType type, const char *data, size_t len)
{
    const Kind *kind = &KINDS[type];
    if (!kind->type)
        return TRUE;
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part))
        if (part->kind == KX_MIME_LEAF && is_kind(part, kind))
            return TRUE;
    return FALSE;
}

gboolean kx_groupware_is_bare(KxFolderType type, const char *name)
{
    const Kind *kind = &KINDS[type];
    size_t len = strlen(name);
    return kind->suffix && name[0] != '.' && len > 4 &&
           g_ascii_strcasecmp(name + len - 4, kind->suffix) == 0;
}

/* ---- the title: SUMMARY of an event, FN of a contact ---- */

/* The value of "NAME:value" or "NAME;parameters:value" if the line has that name. */
static const char *value_of(const char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    if (len <= name_len || g_ascii_strncasecmp(line, name, name_len) != 0 ||
        (line[name_len] != ':' && line[name_len] != ';'))
        return NULL;
    const char *colon = memchr(line, ':', len);
    return colon ? colon + 1 : NULL;
}

/* Escaped characters (RFC 5545 section 3.3.11) as they are meant; what a header cannot take is a
 * space. */
static char *clean_title(const char *value, size_t len)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < len && out->len < TITLE_MAX; i++) {
        char c = value[i];
        if (c == '\\' && i + 1 < len)
            c = value[++i] == 'n' || value[i] == 'N' ? ' ' : value[i];
        g_string_append_c(out, (guchar)c < 0x20 || c == 0x7f ? ' ' : c);
    }
    char *text = g_utf8_make_valid(out->str, (gssize)out->len);
    g_string_free(out, TRUE);
    return g_strstrip(text);
}

static char *find_title(const Kind *kind, const char *data, size_t len)
{
    const char *end = data + len;
    for (const char *line = data; line < end;) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        size_t line_len = (size_t)((feed ? feed : end) - line);
        const char *value = value_of(line, line_len, kind->title);
        if (value)
            return clean_title(value, (size_t)(line + line_len - value));
        line += line_len + 1;
    }
    return g_strdup(kind->untitled);
}

static gboolean is_plain(const char *text)
{
    for (; *text; text++)
        if ((guchar)*text >= 0x80)
            return FALSE;
    return TRUE;
}

static void append_subject(GString *out, const char *title)
{
    g_string_append(out, "Subject:");
    if (is_plain(title) && !strstr(title, "=?")) {
        g_string_append_printf(out, " %s\r\n", title);
        return;
    }
    for (const char *at = title; *at;) {
        const char *end = at;
        size_t room = at == title ? FIRST_WORD : ENCODED_WORD;
        while (*end && (size_t)(g_utf8_next_char(end) - at) <= room)
            end = g_utf8_next_char(end);
        g_autofree char *word = g_base64_encode((const guchar *)at, (gsize)(end - at));
        g_string_append_printf(out, "%s =?UTF-8?B?%s?=", at == title ? "" : "\r\n", word);
        at = end;
    }
    g_string_append(out, "\r\n");
}

/* ---- the message ---- */

static void append_base64(GString *out, const char *data, size_t len)
{
    g_autofree char *text = g_base64_encode((const guchar *)data, len);
    size_t left = strlen(text);
    for (const char *at = text; left > 0;) {
        size_t n = MIN(left, (size_t)BASE64_LINE);
        g_string_append_len(out, at, (gssize)n);
        g_string_append(out, "\r\n");
        at += n;
        left -= n;
    }
}

GString *kx_groupware_wrap(KxFolderType type, const char *from, gint64 date, const char *data,
                           size_t len)
{
    const Kind *kind = &KINDS[type];
    GString *out = g_string_new(NULL);
    g_autofree char *title = find_title(kind, data, len);
    g_autofree char *name = g_ascii_strdown(kind->untitled, -1);
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(date);
    g_autofree char *stamp = when ? g_date_time_format(when, "%a, %d %b %Y %H:%M:%S +0000") : NULL;
    g_string_append_printf(out, "From: <%s>\r\n", from);
    append_subject(out, title);
    g_string_append_printf(out,
                           "Date: %s\r\nMIME-Version: 1.0\r\n"
                           "Content-Type: text/%s; charset=utf-8; name=\"%s%s\"\r\n"
                           "Content-Disposition: attachment; filename=\"%s%s\"\r\n"
                           "Content-Transfer-Encoding: base64\r\n\r\n",
                           stamp ? stamp : "Thu, 01 Jan 1970 00:00:00 +0000", kind->type, name,
                           kind->suffix, name, kind->suffix);
    append_base64(out, data, len);
    return out;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/notice-text.h"

#include <string.h>

#include "base/fsutil.h"
#include "base/text.h"
#include "flow/reports.h"

enum { FILE_MAX = 64 * 1024, SUBJECT_MAX = 200, WORD_BYTES = 42 /* of an encoded word */ };

static const char ENGLISH[] = "en";
static const char *const NAMES[KX_NOTICE_COUNT] = {
    [KX_NOTICE_QUOTA_WARNING] = "quota-warning",
    [KX_NOTICE_QUOTA_FULL] = "quota-full",
    [KX_NOTICE_FAILED] = "failed",
    [KX_NOTICE_DELAYED] = "delayed",
    [KX_NOTICE_DELIVERED] = "delivered",
    [KX_NOTICE_RELAYED] = "relayed",
    [KX_NOTICE_EXPANDED] = "expanded",
};

const char *kx_notice_name(KxNoticeId id)
{
    return NAMES[id];
}

char *kx_notice_language(KxDirectory *directory, const char *address)
{
    const char *at = strrchr(address, '@');
    g_autoptr(KxDomain) domain = at ? kx_domain_get(directory, at + 1, NULL) : NULL;
    g_autoptr(KxSettings) settings = kx_directory_settings(directory);
    return g_strdup(domain && *domain->report_language
                        ? domain->report_language
                        : kx_settings_text(settings, KX_SET_REPORTS_LANGUAGE));
}

/* ---- templates ---- */

/* The administrator's, if it makes sense. */
static char *load_file(KxNoticeId id, const char *language)
{
    g_autofree char *path = g_strdup_printf("reports/%s/%s.txt", language, NAMES[id]);
    g_autofree char *text = NULL;
    gsize len = 0;
    if (!kx_read_file(path, FILE_MAX, &text, &len, NULL) ||
        !g_utf8_validate(text, (gssize)len, NULL) || !strchr(text, '\n'))
        return NULL;
    return g_steal_pointer(&text);
}

static char *load_ours(KxNoticeId id, const char *language)
{
    g_autofree char *path = g_strdup_printf("/keryx/reports/%s/%s.txt", language, NAMES[id]);
    g_autoptr(GBytes) bytes =
        g_resource_lookup_data(kx_reports_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    gsize len;
    const char *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;
    return data ? g_strndup(data, len) : NULL;
}

/* In that language, else in English, which there always is. */
static char *load(KxNoticeId id, const char *language)
{
    const char *const languages[] = {language, ENGLISH};
    for (guint i = 0; i < G_N_ELEMENTS(languages); i++) {
        char *text = load_file(id, languages[i]);
        if (!text)
            text = load_ours(id, languages[i]);
        if (text)
            return text;
    }
    return g_strdup("?\n");
}

static const char *value_of(const KxNoticeValue *values, const char *name, size_t len)
{
    for (; values->name; values++)
        if (strlen(values->name) == len && strncmp(values->name, name, len) == 0)
            return values->value;
    return NULL;
}

static char *fill(const char *text, const KxNoticeValue *values)
{
    GString *out = g_string_new(NULL);
    while (*text) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        const char *value = end ? value_of(values, text + 1, (size_t)(end - text - 1)) : NULL;
        if (value) {
            g_string_append(out, value);
            text = end + 1;
        } else {
            g_string_append_c(out, *text++);
        }
    }
    return g_string_free(out, FALSE);
}

/* RFC 2047, in words of whole characters. */
static void append_encoded(GString *out, const char *text)
{
    for (const char *divider = ""; *text; divider = "\r\n ") {
        const char *end = text;
        while (*end && g_utf8_next_char(end) - text <= WORD_BYTES)
            end = g_utf8_next_char(end);
        g_autofree char *word = g_base64_encode((const guchar *)text, (gsize)(end - text));
        g_string_append_printf(out, "%s=?UTF-8?B?%s?=", divider, word);
        text = end;
    }
}

char *kx_subject_field(const char *line)
{
    g_autofree char *valid = g_utf8_make_valid(line, -1);
    g_autofree char *subject =
        g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), (glong)SUBJECT_MAX));
    for (char *c = subject; *c; c++)
        if ((guchar)*c < ' ' || *c == 0x7f)
            *c = ' ';
    g_strstrip(subject);
    GString *out = g_string_new("Subject: ");
    if (g_str_is_ascii(subject) && strlen(subject) < SUBJECT_MAX)
        g_string_append(out, subject);
    else
        append_encoded(out, subject);
    g_string_append(out, "\r\n");
    return g_string_free(out, FALSE);
}

static char *body_lines(const char *text)
{
    GString *out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (!lines[i + 1] && !*lines[i])
            break;
        g_string_append_printf(out, "%s\r\n", g_strchomp(lines[i]));
    }
    return g_string_free(out, FALSE);
}

void kx_notice_text(KxNoticeId id, const char *language, const KxNoticeValue *values,
                    KxNoticeText *ret_text)
{
    g_autofree char *template = load(id, language);
    char *line_end = strchr(template, '\n');
    const char *body = line_end[1] == '\n' ? line_end + 2 : line_end + 1;
    if (line_end[1] == '\r' && line_end[2] == '\n')
        body = line_end + 3;
    *line_end = '\0';
    g_autofree char *subject = fill(template, values);
    g_autofree char *text = fill(body, values);
    *ret_text = (KxNoticeText){kx_subject_field(subject), body_lines(text)};
}

void kx_notice_text_clear(KxNoticeText *text)
{
    g_clear_pointer(&text->subject, g_free);
    g_clear_pointer(&text->body, g_free);
}

char *kx_notice_message(KxNoticeId id, const char *language, const char *from, const char *to,
                        const char *message_id, gint64 now, const KxNoticeValue *values)
{
    g_auto(KxNoticeText) text;
    kx_notice_text(id, language, values, &text);
    g_autofree char *date = kx_format_rfc5322_date(now);
    return g_strdup_printf("From: %s\r\nTo: <%s>\r\n%s"
                           "Date: %s\r\nMessage-ID: <%s>\r\nAuto-Submitted: auto-generated\r\n"
                           "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n\r\n%s",
                           from, to, text.subject, date, message_id, text.body);
}

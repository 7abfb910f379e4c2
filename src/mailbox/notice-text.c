/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox/notice-text.h"

#include <string.h>

#include "base/text.h"

enum { FILE_MAX = 64 * 1024, SUBJECT_MAX = 200, WORD_BYTES = 42 /* of an encoded word */ };

typedef struct {
    const char *name;
    const char *text;
} Notice;

static const Notice NOTICES[KX_NOTICE_COUNT] = {
    [KX_NOTICE_QUOTA_WARNING] =
        {"quota-warning", "Your mailbox is almost full\n"
                          "\n"
                          "{percent} % of what your mailbox {user} may hold is used:\n"
                          "\n"
                          "  size:  {size} of {size-limit}\n"
                          "  items: {items} of {items-limit}\n"
                          "\n"
                          "When it is full, new messages are refused. Please delete messages "
                          "that you do not\n"
                          "need any more, and empty the folder Deleted Items.\n"},
    [KX_NOTICE_QUOTA_FULL] =
        {"quota-full", "Your mailbox is full: a message was refused\n"
                       "\n"
                       "A new message could not be stored, for your mailbox {user} holds as "
                       "much as it may:\n"
                       "\n"
                       "  size:  {size} of {size-limit}\n"
                       "  items: {items} of {items-limit}\n"
                       "\n"
                       "Until there is room, new messages are refused. Please delete messages "
                       "that you do\n"
                       "not need any more, and empty the folder Deleted Items.\n"},
};

const char *kx_notice_name(KxNoticeId id)
{
    return NOTICES[id].name;
}

/* The administrator's text, or ours if there is none that makes sense. */
static char *load(KxNoticeId id, const char *language)
{
    g_autofree char *path = g_strdup_printf("reports/%s/%s.txt", language, kx_notice_name(id));
    g_autofree char *text = NULL;
    gsize len = 0;
    if (!g_file_get_contents(path, &text, &len, NULL) || len > FILE_MAX ||
        !g_utf8_validate(text, (gssize)len, NULL) || !strchr(text, '\n'))
        return g_strdup(NOTICES[id].text);
    return g_steal_pointer(&text);
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

static void append_subject(GString *out, const char *line, size_t len)
{
    g_autofree char *subject =
        g_utf8_substring(line, 0, MIN(g_utf8_strlen(line, (gssize)len), (glong)SUBJECT_MAX));
    g_strdelimit(g_strstrip(subject), "\r\n", ' ');
    g_string_append(out, "Subject: ");
    if (g_str_is_ascii(subject))
        g_string_append(out, subject);
    else
        append_encoded(out, subject);
    g_string_append(out, "\r\n");
}

static void append_lines(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (!lines[i + 1] && !*lines[i])
            break;
        g_string_append_printf(out, "%s\r\n", g_strchomp(lines[i]));
    }
}

char *kx_notice_message(KxNoticeId id, const char *language, const char *from, const char *to,
                        const char *message_id, gint64 now, const KxNoticeValue *values)
{
    g_autofree char *template = load(id, language);
    g_autofree char *text = fill(template, values);
    const char *line_end = strchr(text, '\n');
    const char *body = line_end + 1;
    g_autofree char *date = kx_format_rfc5322_date(now);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "From: %s\r\nTo: <%s>\r\n", from, to);
    append_subject(out, text, (size_t)(line_end - text));
    g_string_append_printf(out,
                           "Date: %s\r\nMessage-ID: <%s>\r\nAuto-Submitted: auto-generated\r\n"
                           "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n\r\n",
                           date, message_id);
    append_lines(out, *body == '\n' ? body + 1 : body);
    return g_string_free(out, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/footer.h"

#include "mime/encode.h"
#include "mime/header.h"
#include "mime/html-text.h"
#include "mime/text-part.h"

enum { HTML_TEXT_MAX = 64 * 1024 };

struct KxMimeFooter {
    char *text, *html; /* lines end in CRLF, but for the last */
};

/* ---- the two forms ---- */

static char *join_lines(const char *text, const char *end)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strjoinv(end, lines);
}

static char *html_of(const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_autofree char *lines = join_lines(escaped, "<br>\r\n");
    return g_strconcat("<p>", lines, "</p>", NULL);
}

static char *text_of(const char *html)
{
    g_autoptr(GString) out = g_string_new(NULL);
    kx_html_append_text(out, html, strlen(html), HTML_TEXT_MAX);
    g_strstrip(out->str);
    return join_lines(out->str, "\r\n");
}

KxMimeFooter *kx_mime_footer_new(const char *text, const char *html)
{
    if (!*text && !*html)
        return NULL;
    KxMimeFooter *footer = g_new(KxMimeFooter, 1);
    footer->text = *text ? join_lines(text, "\r\n") : text_of(html);
    footer->html = *html ? join_lines(html, "\r\n") : html_of(text);
    return footer;
}

void kx_mime_footer_free(KxMimeFooter *footer)
{
    if (!footer)
        return;
    g_free(footer->text);
    g_free(footer->html);
    g_free(footer);
}

/* ---- messages that stay as they are ---- */

static gboolean header_forbids(const char *data, size_t len)
{
    static const char *const FIELDS[] = {"DKIM-Signature", "DomainKey-Signature", "ARC-Seal",
                                         "List-Id",        "List-Post",           "Mailing-List"};
    KxHeaderField field;
    for (guint i = 0; i < G_N_ELEMENTS(FIELDS); i++)
        if (kx_header_find(data, len, FIELDS[i], &field))
            return TRUE;
    return FALSE;
}

static gboolean part_forbids(const KxMimePart *part)
{
    static const char *const TYPES[][2] = {
        {"multipart", "signed"},          {"multipart", "encrypted"},      {"multipart", "report"},
        {"application", "pkcs7-mime"},    {"application", "x-pkcs7-mime"}, {"application", "pgp"},
        {"application", "pgp-encrypted"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(TYPES); i++)
        if (kx_mime_part_is(part, TYPES[i][0], TYPES[i][1]))
            return TRUE;
    return FALSE;
}

/* Enclosed messages are attachments. */
static gboolean is_enclosed(const KxMimePart *part)
{
    for (part = part->parent; part; part = part->parent)
        if (part->kind == KX_MIME_MESSAGE)
            return TRUE;
    return FALSE;
}

static gboolean is_forbidden(const KxMimeMessage *message)
{
    if (header_forbids(message->data, message->root->header_len))
        return TRUE;
    for (const KxMimePart *part = message->root; part; part = kx_mime_part_next(part))
        if (part_forbids(part) && !is_enclosed(part))
            return TRUE;
    return FALSE;
}

static gboolean has_pgp(const char *text)
{
    const char *armor = strstr(text, "-----BEGIN PGP ");
    return armor && (armor == text || armor[-1] == '\n');
}

/* ---- which parts ---- */

static gboolean is_file(const KxMimePart *part)
{
    return (part->disposition && strcmp(part->disposition, "inline") != 0) ||
           kx_mime_param_get(&part->disposition_params, "filename") ||
           kx_mime_param_get(&part->disposition_params, "filename*") ||
           kx_mime_param_get(&part->type_params, "name") ||
           kx_mime_param_get(&part->type_params, "name*");
}

static gboolean is_text(const KxMimePart *part)
{
    return part->kind == KX_MIME_LEAF && !is_file(part) &&
           (kx_mime_part_is(part, "text", "plain") || kx_mime_part_is(part, "text", "html"));
}

/* The parts of a container that are the message's text, or one form of it. */
static gboolean holds_text(const KxMimePart *part)
{
    if (part->kind != KX_MIME_MULTIPART)
        return is_text(part);
    if (kx_mime_part_is(part, "multipart", "related"))
        return part->first_child && holds_text(part->first_child);
    for (const KxMimePart *child = part->first_child; child; child = child->next)
        if (holds_text(child))
            return TRUE;
    return FALSE;
}

static const KxMimePart *last_text(const KxMimePart *mixed)
{
    const KxMimePart *last = NULL;
    for (const KxMimePart *child = mixed->first_child; child; child = child->next)
        if (holds_text(child))
            last = child;
    return last;
}

/* ---- the footer in a text ---- */

typedef struct {
    const KxMimeFooter *footer;
    const KxMimeMessage *message;
    KxMimeEdits *edits;
    gboolean forbidden; /* seen on the way */
} Work;

/* Whether the text before byte `at` ends with the footer, white space aside. */
static gboolean ends_with(const char *text, size_t at, const char *footer)
{
    size_t len = strlen(footer);
    while (at > 0 && g_ascii_isspace(text[at - 1]))
        at--;
    return at >= len && memcmp(text + at - len, footer, len) == 0 &&
           (at == len || text[at - len - 1] == '\n' || *footer == '<');
}

/* Where the text is in a character set that nobody knows, in ASCII. */
static void insert(Work *work, const KxTextPart *text, size_t at, const char *footer)
{
    if (kx_text_part_insert(text, at, footer, work->edits))
        return;
    g_autofree char *ascii = g_str_to_ascii(footer, "C");
    kx_text_part_insert(text, at, ascii, work->edits);
}

static gboolean is_flowed(const KxMimePart *part)
{
    const char *format = kx_mime_param_get(&part->type_params, "format");
    return format && g_ascii_strcasecmp(format, "flowed") == 0;
}

/* RFC 3676 section 4.2 and 4.4: no line is quoted, and none flows into the next. */
static void append_flowed(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_strchomp(lines[i]);
        g_string_append_printf(out, "%s%s%s", i > 0 ? "\r\n" : "",
                               strchr(" >", *lines[i]) && *lines[i] ? " " : "", lines[i]);
    }
}

static void add_to_plain(Work *work, const KxTextPart *text)
{
    size_t len = strlen(text->utf8);
    g_autoptr(GString) footer = g_string_new(NULL);
    if (is_flowed(text->part))
        append_flowed(footer, work->footer->text);
    else
        g_string_append(footer, work->footer->text);
    if (ends_with(text->utf8, len, footer->str))
        return;
    if (len > 0)
        g_string_prepend(footer, text->utf8[len - 1] == '\n' ? "\r\n" : "\r\n\r\n");
    g_string_append(footer, "\r\n");
    insert(work, text, len, footer->str);
}

/* The last place where the tag stands, in any case; or the end. */
static size_t find_last(const char *html, const char *tag)
{
    size_t len = strlen(tag), total = strlen(html);
    for (size_t at = total; at > 0; at--)
        if (html[at - 1] == '<' && g_ascii_strncasecmp(html + at - 1, tag, len) == 0)
            return at - 1;
    return total;
}

static void add_to_html(Work *work, const KxTextPart *text)
{
    size_t at = find_last(text->utf8, "</body");
    if (text->utf8[at] == '\0')
        at = find_last(text->utf8, "</html");
    if (ends_with(text->utf8, at, work->footer->html))
        return;
    g_autofree char *lines = g_strdup_printf("\r\n%s\r\n", work->footer->html);
    insert(work, text, at, lines);
}

static void add_to_text(Work *work, const KxMimePart *part)
{
    g_auto(KxTextPart) text = {0};
    if (!kx_text_part_open(work->message, part, &text))
        return;
    work->forbidden |= has_pgp(text.utf8);
    if (kx_mime_part_is(part, "text", "html"))
        add_to_html(work, &text);
    else
        add_to_plain(work, &text);
}

/* Of alternatives all are the text; of a mixture the last that is text. */
static void add_to(Work *work, const KxMimePart *part)
{
    if (part->kind != KX_MIME_MULTIPART) {
        if (is_text(part))
            add_to_text(work, part);
    } else if (kx_mime_part_is(part, "multipart", "alternative")) {
        for (const KxMimePart *child = part->first_child; child; child = child->next)
            add_to(work, child);
    } else if (kx_mime_part_is(part, "multipart", "related")) {
        if (part->first_child)
            add_to(work, part->first_child);
    } else {
        const KxMimePart *last = last_text(part);
        if (last)
            add_to(work, last);
    }
}

/* A part of its own, before the first. */
static void add_part(Work *work, const KxMimePart *mixed)
{
    g_autofree char *boundary = g_strdup(kx_mime_param_get(&mixed->type_params, "boundary"));
    if (!boundary || !mixed->first_child)
        return;
    g_autofree char *text = g_strconcat(work->footer->text, "\r\n", NULL);
    GString *out = g_string_new("Content-Type: text/plain; charset=utf-8\r\n"
                                "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    kx_mime_encode(out, KX_MIME_ENC_QUOTED_PRINTABLE, text, strlen(text));
    g_string_append_printf(out, "\r\n--%s\r\n", g_strchomp(boundary));
    kx_mime_edits_replace(work->edits, mixed->first_child->header_start, 0, out);
}

KxMimeEdits *kx_mime_footer_edits(const KxMimeFooter *footer, const char *data, size_t len)
{
    g_autoptr(KxMimeMessage) message = kx_mime_parse(data, len);
    if (is_forbidden(message))
        return NULL;
    g_autoptr(KxMimeEdits) edits = kx_mime_edits_new(data, len);
    Work work = {footer, message, edits, FALSE};
    if (kx_mime_part_is(message->root, "multipart", "mixed") && !holds_text(message->root))
        add_part(&work, message->root);
    else
        add_to(&work, message->root);
    return work.forbidden || kx_mime_edits_is_empty(edits) ? NULL : g_steal_pointer(&edits);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* See subject.h. Each rule looks at one end of the text that is left, so the whole is linear. */
#include "mime/subject.h"

typedef struct Span {
    const char *start, *end;
} Span;

static gboolean starts_with(Span text, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(text.end - text.start) >= len &&
           g_ascii_strncasecmp(text.start, word, len) == 0;
}

static void skip_space(Span *text)
{
    while (text->start < text->end && *text->start == ' ')
        text->start++;
}

/* "[" no brackets "]" *WSP */
static gboolean take_blob(Span *text)
{
    if (text->start == text->end || *text->start != '[')
        return FALSE;
    const char *pos = text->start + 1;
    while (pos < text->end && *pos != '[' && *pos != ']')
        pos++;
    if (pos == text->end || *pos != ']')
        return FALSE;
    text->start = pos + 1;
    skip_space(text);
    return TRUE;
}

/* subj-refwd: ("re" / "fw" / "fwd") *WSP [blob] ":" */
static gboolean take_refwd(Span *text)
{
    static const char *const words[] = {"fwd", "fw", "re"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!starts_with(*text, words[i]))
            continue;
        Span rest = {text->start + strlen(words[i]), text->end};
        skip_space(&rest);
        take_blob(&rest);
        if (rest.start == rest.end || *rest.start != ':')
            continue;
        text->start = rest.start + 1;
        return TRUE;
    }
    return FALSE;
}

/* subj-leader: (*subj-blob subj-refwd) / WSP. Blobs without what must follow them stay. */
static gboolean take_leader(Span *text, gboolean *refwd)
{
    if (text->start < text->end && *text->start == ' ') {
        text->start++;
        return TRUE;
    }
    Span rest = *text;
    while (take_blob(&rest))
        continue;
    if (!take_refwd(&rest))
        return FALSE;
    *text = rest;
    return *refwd = TRUE;
}

/* subj-trailer: "(fwd)" / WSP */
static gboolean take_trailer(Span *text, gboolean *refwd)
{
    if (text->end > text->start && text->end[-1] == ' ') {
        text->end--;
        return TRUE;
    }
    Span tail = {text->end - MIN(5, text->end - text->start), text->end};
    if (!starts_with(tail, "(fwd)"))
        return FALSE;
    text->end -= 5;
    return *refwd = TRUE;
}

/* "[Fwd: ... ]" around everything (rule 6). */
static gboolean take_wrapper(Span *text, gboolean *refwd)
{
    if (!starts_with(*text, "[fwd:") || text->end[-1] != ']')
        return FALSE;
    text->start += 5;
    text->end--;
    return *refwd = TRUE;
}

/* Rules 3 to 5. Where no leader follows, all blobs go at once, but for one that is all there is. */
static void take_leaders(Span *text, gboolean *refwd)
{
    while (take_leader(text, refwd))
        continue;
    for (Span rest = *text; take_blob(&rest) && rest.start < rest.end;)
        *text = rest;
}

/* Tabs and runs of blanks become one blank (rule 1). */
static char *squeeze(const char *subject)
{
    char *text = g_malloc(strlen(subject) + 1);
    size_t n = 0;
    for (; *subject; subject++) {
        char c = g_ascii_isspace(*subject) ? ' ' : *subject;
        if (c != ' ' || n == 0 || text[n - 1] != ' ')
            text[n++] = c;
    }
    text[n] = '\0';
    return text;
}

char *kx_subject_base(const char *subject, gboolean *ret_reply_or_forward)
{
    g_autofree char *squeezed = squeeze(subject);
    Span text = {squeezed, squeezed + strlen(squeezed)};
    gboolean refwd = FALSE;
    do {
        while (take_trailer(&text, &refwd))
            continue;
        take_leaders(&text, &refwd);
    } while (take_wrapper(&text, &refwd));
    if (ret_reply_or_forward)
        *ret_reply_or_forward = refwd;
    return g_strndup(text.start, (size_t)(text.end - text.start));
}

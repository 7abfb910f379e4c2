/* SPDX-License-Identifier: Apache-2.0 */
/* The steps are those of RFC 5256 section 2.1, the names those of its grammar in section 5. */
#include "mime/base-subject.h"

#include <string.h>

#include "mime/header.h"

typedef struct {
    const char *at, *end;
    gboolean reply;
} Subject;

static gboolean is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static const char *skip_wsp(const char *at, const char *end)
{
    while (at < end && is_wsp(*at))
        at++;
    return at;
}

static gboolean starts_with(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && g_ascii_strncasecmp(at, word, len) == 0;
}

static gboolean ends_with(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && g_ascii_strncasecmp(end - len, word, len) == 0;
}

/* Step 1: every run of white space is one space. */
static void collapse(char *text)
{
    char *out = text;
    for (const char *c = text; *c; c++) {
        char plain = g_ascii_isspace(*c) ? ' ' : *c;
        if (plain != ' ' || out == text || out[-1] != ' ')
            *out++ = plain;
    }
    *out = '\0';
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP; NULL if there is none. */
static const char *skip_blob(const char *at, const char *end)
{
    if (at == end || *at != '[')
        return NULL;
    for (at++; at < end && *at != '['; at++)
        if (*at == ']')
            return skip_wsp(at + 1, end);
    return NULL;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static const char *skip_refwd(const char *at, const char *end)
{
    if (starts_with(at, end, "re"))
        at += 2;
    else if (starts_with(at, end, "fwd"))
        at += 3;
    else if (starts_with(at, end, "fw"))
        at += 2;
    else
        return NULL;
    at = skip_wsp(at, end);
    const char *blob = skip_blob(at, end);
    at = blob ? blob : at;
    return at < end && *at == ':' ? at + 1 : NULL;
}

/* Step 2: subj-trailer = "(fwd)" / WSP, as often as there is one. */
static void remove_trailers(Subject *subject)
{
    for (;;) {
        if (subject->end > subject->at && is_wsp(subject->end[-1])) {
            subject->end--;
        } else if (ends_with(subject->at, subject->end, "(fwd)")) {
            subject->end -= strlen("(fwd)");
            subject->reply = TRUE;
        } else {
            return;
        }
    }
}

/* Step 3: subj-leader = (*subj-blob subj-refwd) / WSP. */
static gboolean remove_leader(Subject *subject)
{
    const char *at = skip_wsp(subject->at, subject->end);
    if (at > subject->at) {
        subject->at = at;
        return TRUE;
    }
    for (const char *blob; (blob = skip_blob(at, subject->end));)
        at = blob;
    at = skip_refwd(at, subject->end);
    if (!at)
        return FALSE;
    subject->at = at;
    subject->reply = TRUE;
    return TRUE;
}

/* Step 4: a blob goes if something is left after it. */
static gboolean remove_blob(Subject *subject)
{
    const char *at = skip_blob(subject->at, subject->end);
    if (!at || at == subject->end)
        return FALSE;
    subject->at = at;
    return TRUE;
}

/* Step 6: "[fwd:" ... "]" */
static gboolean remove_forward(Subject *subject)
{
    if (!starts_with(subject->at, subject->end, "[fwd:") || subject->end[-1] != ']')
        return FALSE;
    subject->at += strlen("[fwd:");
    subject->end--;
    subject->reply = TRUE;
    return TRUE;
}

char *kx_base_subject(const char *value, size_t len, gboolean *ret_reply)
{
    g_autofree char *text = kx_header_decode(value, len, KX_SUBJECT_MAX);
    collapse(text);
    Subject subject = {.at = text, .end = text + strlen(text)};
    do {
        remove_trailers(&subject);
        while (remove_leader(&subject) || remove_blob(&subject))
            continue;
    } while (remove_forward(&subject));
    *ret_reply = subject.reply;
    return g_strndup(subject.at, (gsize)(subject.end - subject.at));
}

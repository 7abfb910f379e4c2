/* SPDX-License-Identifier: Apache-2.0 */
#include "mime/envelope-read.h"

#include "mime/header.h"

typedef struct {
    const char *at, *end;
} Reader;

static gboolean accept(Reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return FALSE;
    reader->at++;
    return TRUE;
}

static gboolean accept_nil(Reader *reader)
{
    if (reader->end - reader->at < 3 || memcmp(reader->at, "NIL", 3) != 0)
        return FALSE;
    reader->at += 3;
    return TRUE;
}

static gboolean read_quoted(Reader *reader, GString *out)
{
    while (!accept(reader, '"')) {
        accept(reader, '\\');
        if (reader->at == reader->end)
            return FALSE;
        g_string_append_c(out, *reader->at++);
    }
    return TRUE;
}

static gboolean read_literal(Reader *reader, GString *out)
{
    size_t len = 0;
    while (reader->at < reader->end && g_ascii_isdigit(*reader->at) && len < G_MAXINT32 / 10)
        len = len * 10 + (size_t)(*reader->at++ - '0');
    if (!accept(reader, '}') || !accept(reader, '\r') || !accept(reader, '\n') ||
        (size_t)(reader->end - reader->at) < len)
        return FALSE;
    g_string_append_len(out, reader->at, (gssize)len);
    reader->at += len;
    return TRUE;
}

/* An nstring into `out`, which is emptied first. FALSE if there is none, or it is NIL; `ret_sane`
 * tells. */
static gboolean read_nstring(Reader *reader, GString *out, gboolean *ret_sane)
{
    g_string_truncate(out, 0);
    *ret_sane = TRUE;
    if (accept_nil(reader))
        return FALSE;
    if (accept(reader, '"'))
        *ret_sane = read_quoted(reader, out);
    else if (accept(reader, '{'))
        *ret_sane = read_literal(reader, out);
    else
        *ret_sane = FALSE;
    return *ret_sane;
}

static void append_decoded(GString *out, const GString *raw)
{
    g_autofree char *text = kx_header_decode(raw->str, raw->len, raw->len);
    g_string_append(out, text);
}

/* "(name route mailbox host)"; a group's beginning has no host, its end has nothing. */
static gboolean read_address(Reader *reader, GString *out, GString *scratch)
{
    gboolean sane;
    if (!accept(reader, '('))
        return FALSE;
    if (out->len > 0)
        g_string_append(out, ", ");
    if (read_nstring(reader, scratch, &sane)) {
        append_decoded(out, scratch);
        g_string_append_c(out, ' ');
    }
    if (!sane || !accept(reader, ' '))
        return FALSE;
    read_nstring(reader, scratch, &sane);
    if (!sane || !accept(reader, ' '))
        return FALSE;
    g_string_append_c(out, '<');
    if (read_nstring(reader, scratch, &sane))
        append_decoded(out, scratch);
    if (!sane || !accept(reader, ' '))
        return FALSE;
    if (read_nstring(reader, scratch, &sane)) {
        g_string_append_c(out, '@');
        append_decoded(out, scratch);
    }
    g_string_append_c(out, '>');
    return sane && accept(reader, ')');
}

/* Reads one value; `out` receives it. FALSE if it is NIL or not `ret_sane`. */
static gboolean read_value(Reader *reader, GString *out, GString *scratch, gboolean *ret_sane)
{
    g_string_truncate(out, 0);
    if (!accept(reader, '(')) {
        gboolean there = read_nstring(reader, scratch, ret_sane);
        if (there)
            append_decoded(out, scratch);
        return there;
    }
    do {
        *ret_sane = read_address(reader, out, scratch);
    } while (*ret_sane && !accept(reader, ')'));
    return *ret_sane;
}

/* Passes over a value without looking into it. */
static gboolean skip_value(Reader *reader, GString *scratch)
{
    gboolean sane = TRUE;
    guint depth = 0;
    do {
        if (accept(reader, '('))
            depth++;
        else if (depth > 0 && accept(reader, ')'))
            depth--;
        else if (depth == 0 || !accept(reader, ' '))
            read_nstring(reader, scratch, &sane);
    } while (sane && depth > 0);
    return sane;
}

/* At the value of a field. */
static gboolean find_value(Reader *reader, KxEnvelopeField field, GString *scratch)
{
    gboolean sane = accept(reader, '(');
    for (guint i = 0; sane && i < field; i++)
        sane = skip_value(reader, scratch) && accept(reader, ' ');
    return sane;
}

static char *take_decoded(Reader *reader, GString *scratch)
{
    gboolean sane;
    gboolean there = read_nstring(reader, scratch, &sane);
    accept(reader, ' ');
    return there ? kx_header_decode(scratch->str, scratch->len, scratch->len) : NULL;
}

char *kx_envelope_first(const char *envelope, size_t len, KxEnvelopeField field, gboolean display)
{
    Reader reader = {envelope, envelope + len};
    g_autoptr(GString) scratch = g_string_new(NULL);
    if (!find_value(&reader, field, scratch) || !accept(&reader, '(') || !accept(&reader, '('))
        return NULL;
    g_autofree char *name = take_decoded(&reader, scratch);
    g_free(take_decoded(&reader, scratch)); /* the source route */
    g_autofree char *mailbox = take_decoded(&reader, scratch);
    g_autofree char *host = take_decoded(&reader, scratch);
    if (!display || !host)
        return g_steal_pointer(&mailbox);
    return name && *name ? g_steal_pointer(&name)
                         : g_strdup_printf("%s@%s", mailbox ? mailbox : "", host);
}

char *kx_envelope_get(const char *envelope, size_t len, KxEnvelopeField field)
{
    Reader reader = {envelope, envelope + len};
    g_autoptr(GString) scratch = g_string_new(NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    gboolean sane;
    if (!find_value(&reader, field, scratch) || !read_value(&reader, out, scratch, &sane))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

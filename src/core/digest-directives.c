/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest-directives.h"

#include <string.h>

typedef struct {
    const char *at, *end;
} Scan;

static void skip_blanks(Scan *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at))
        scan->at++;
}

static gboolean take(Scan *scan, char c)
{
    gboolean there = scan->at < scan->end && *scan->at == c;
    scan->at += there;
    return there;
}

/* RFC 2616 section 2.2; empty: there is none. */
static char *take_token(Scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && g_ascii_isgraph(*scan->at) &&
           !strchr("()<>@,;:\\\"/[]?={}", *scan->at))
        scan->at++;
    return g_strndup(start, (size_t)(scan->at - start));
}

/* After the first quote; NULL: it has no end. */
static char *take_quoted(Scan *scan)
{
    g_autoptr(GString) value = g_string_new(NULL);
    while (scan->at < scan->end && *scan->at != '"') {
        if (*scan->at == '\\' && scan->at + 1 < scan->end)
            scan->at++;
        g_string_append_c(value, *scan->at++);
    }
    return take(scan, '"') ? g_string_free(g_steal_pointer(&value), FALSE) : NULL;
}

static gboolean take_directive(Scan *scan, GHashTable *directives)
{
    g_autofree char *token = take_token(scan), *name = g_ascii_strdown(token, -1);
    skip_blanks(scan);
    if (*name == '\0' || !take(scan, '='))
        return FALSE;
    skip_blanks(scan);
    gboolean quoted = take(scan, '"');
    g_autofree char *value = quoted ? take_quoted(scan) : take_token(scan);
    if (!value || (!quoted && *value == '\0') || g_hash_table_size(directives) >= KX_DIRECTIVES_MAX)
        return FALSE;
    return g_hash_table_insert(directives, g_steal_pointer(&name), g_steal_pointer(&value));
}

GHashTable *kx_digest_directives(KxSlice text)
{
    g_autoptr(GHashTable) directives =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Scan scan = {text.data, text.data + text.len};
    if (text.len > KX_DIRECTIVES_LEN_MAX || memchr(text.data, 0, text.len))
        return NULL;
    do {
        skip_blanks(&scan);
        if (!take_directive(&scan, directives))
            return NULL;
        skip_blanks(&scan);
    } while (take(&scan, ','));
    return scan.at == scan.end ? g_steal_pointer(&directives) : NULL;
}

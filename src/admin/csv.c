/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/csv.h"

#include <string.h>

#include "base/error.h"
#include "mime/charset.h"

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " \t");
}

/* The cell in quotes that begins here; returns what follows it, or NULL. */
static const char *take_quoted(const char *at, GString *cell)
{
    char quote = *at;
    for (at++; *at != '\0'; at++) {
        if (*at == quote && at[1] != quote)
            return skip_spaces(at + 1);
        if (*at == quote)
            at++;
        g_string_append_c(cell, *at);
    }
    return NULL;
}

static const char *take_plain(const char *at, char separator, GString *cell)
{
    const char *end = strchr(at, separator);
    end = end != NULL ? end : at + strlen(at);
    g_string_append_len(cell, at, end - at);
    g_strchomp(cell->str);
    return end;
}

GPtrArray *kx_csv_split(const char *line, char separator, GError **error)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    const char *at = line;
    for (;;) {
        g_autoptr(GString) cell = g_string_new(NULL);
        at = skip_spaces(at);
        gboolean quoted = *at == '"' || *at == '\'';
        at = quoted ? take_quoted(at, cell) : take_plain(at, separator, cell);
        if (at == NULL || (*at != separator && *at != '\0')) {
            kx_fail(error, KX_ERR_INVALID,
                    at == NULL ? "a quote is not closed" : "text follows a closing quote");
            return NULL;
        }
        g_ptr_array_add(cells, g_strdup(cell->str));
        if (*at == '\0')
            return g_steal_pointer(&cells);
        at++;
        if (cells->len >= KX_CSV_CELLS_MAX) {
            kx_fail(error, KX_ERR_INVALID, "there are more than %d cells", KX_CSV_CELLS_MAX);
            return NULL;
        }
    }
}

void kx_csv_append(GString *line, const char *cell, gboolean first)
{
    size_t len = strlen(cell);
    gboolean plain = strpbrk(cell, ",;\"\t") == NULL && *cell != '\'' && *cell != ' ' &&
                     (len == 0 || cell[len - 1] != ' ');
    if (!first)
        g_string_append_c(line, ',');
    if (plain) {
        g_string_append(line, cell);
        return;
    }
    g_string_append_c(line, '"');
    for (; *cell != '\0'; cell++) {
        if (*cell == '"')
            g_string_append_c(line, '"');
        g_string_append_c(line, *cell);
    }
    g_string_append_c(line, '"');
}

char *kx_csv_line(const char **text)
{
    if (**text == '\0')
        return NULL;
    size_t len = strcspn(*text, "\n");
    char *line = g_strndup(*text, len);
    *text += len + ((*text)[len] == '\n');
    if (len > 0 && line[len - 1] == '\r')
        line[len - 1] = '\0';
    return line;
}

/* NULL: it is not what it is said to be. */
static char *to_utf8(const char *bytes, size_t len, const char *encoding)
{
    static const char replacement[] = "\xef\xbf\xbd";
    if (encoding == NULL || g_ascii_strcasecmp(encoding, "UTF-8") == 0)
        return g_utf8_validate_len(bytes, len, NULL) ? g_strndup(bytes, len) : NULL;
    if (!kx_charset_is_known(encoding, strlen(encoding)))
        return NULL;
    char *text = kx_charset_to_utf8(encoding, strlen(encoding), bytes, len);
    if (strstr(text, replacement) == NULL)
        return text;
    g_free(text);
    return NULL;
}

char *kx_csv_decode(const char *bytes, size_t len, const char *encoding, GError **error)
{
    if (encoding == NULL && len >= 2 &&
        (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
        encoding = "UTF-16";
    g_autofree char *text = to_utf8(bytes, len, encoding);
    if (text == NULL) {
        kx_fail(
            error, KX_ERR_INVALID,
            "the file is not CSV in the encoding %s; another is named by --encoding, or charset= "
            "of Content-Type",
            encoding != NULL ? encoding : "UTF-8");
        return NULL;
    }
    return g_strdup(g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text);
}

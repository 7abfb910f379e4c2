/* SPDX-License-Identifier: Apache-2.0 */
/* Results for people: aligned tables and short lines; or as JSON. */
#include "admin/cli-private.h"

#include "base/text.h"

/* One cell as text; never with control characters, which a terminal would obey. */
static char *cell(const json_t *value)
{
    if (json_is_string(value))
        return kx_escape_for_log(json_string_value(value), -1, KX_FILE_MAX);
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "yes" : "no");
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (!json_is_array(value))
        return g_strdup("");
    GString *all = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(value); i++) {
        g_autofree char *one = cell(json_array_get(value, i));
        g_string_append_printf(all, "%s%s", i > 0 ? ", " : "", one);
    }
    return g_string_free(all, FALSE);
}

static void pad(const char *text, glong width, FILE *out)
{
    fprintf(out, "%s%*s", text, (int)MAX(0, width - g_utf8_strlen(text, -1)), "");
}

/* rows[r * columns + c]; the first row holds the titles. */
static void print_table(char **cells, guint rows, guint columns, FILE *out)
{
    g_autofree glong *widths = g_new0(glong, columns);
    for (guint i = 0; i < rows * columns; i++)
        widths[i % columns] = MAX(widths[i % columns], g_utf8_strlen(cells[i], -1));
    for (guint r = 0; r < rows; r++) {
        guint last = columns - 1;
        while (last > 0 && !*cells[r * columns + last])
            last--;
        for (guint c = 0; c < last; c++) {
            pad(cells[r * columns + c], widths[c], out);
            fputs("  ", out);
        }
        fprintf(out, "%s\n", cells[r * columns + last]);
    }
}

void kx_show_table(const char *columns, const json_t *list, FILE *out)
{
    if (json_array_size(list) == 0)
        return;
    g_auto(GStrv) specs = g_strsplit(columns, ",", -1);
    guint n = g_strv_length(specs);
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    for (guint c = 0; c < n; c++) {
        char *colon = strchr(specs[c], ':');
        *colon = '\0';
        g_ptr_array_add(cells, g_strdup(colon + 1));
    }
    for (size_t r = 0; r < json_array_size(list); r++)
        for (guint c = 0; c < n; c++)
            g_ptr_array_add(cells, cell(json_object_get(json_array_get(list, r), specs[c])));
    print_table((char **)cells->pdata, cells->len / n, n, out);
}

/* "bound-ip" is shown as "Bound-ip:". */
void kx_show_object(const json_t *object, FILE *out)
{
    const char *key;
    json_t *value;
    size_t width = 0;
    json_object_foreach((json_t *)object, key, value) width = MAX(width, strlen(key));
    json_object_foreach((json_t *)object, key, value)
    {
        g_autofree char *text = cell(value);
        fprintf(out, "%c%s:%*s%s\n", g_ascii_toupper(key[0]), key + 1,
                (int)(width - strlen(key) + 2), "", text);
    }
}

void kx_show_nothing(const json_t *result, FILE *out)
{
}

void kx_show_json(const json_t *result, FILE *out)
{
    g_autofree char *text = json_dumps(result, JSON_INDENT(2) | JSON_ENCODE_ANY);
    fprintf(out, "%s\n", text);
}

void kx_cli_show(const KxCommand *command, const json_t *result, gboolean json)
{
    if (json)
        kx_show_json(result, stdout);
    else if (command->show)
        command->show(result, stdout);
    else if (json_is_array(result) && command->columns)
        kx_show_table(command->columns, result, stdout);
    else if (json_is_object(result))
        kx_show_object(result, stdout);
    else if (json_is_integer(result))
        printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(result));
    else if (json_is_string(result))
        fputs(json_string_value(result), stdout);
}

int kx_cli_fail(const GError *error)
{
    g_autofree char *line = kx_escape_for_log(error->message, -1, 4096);
    fprintf(stderr, "keryx: %s\n", line);
    return KX_EXIT_FAILED;
}

int kx_cli_answer(const KxInvocation *invocation, const json_t *answer)
{
    if (json_is_true(json_object_get(answer, "ok"))) {
        kx_cli_show(invocation->command, json_object_get(answer, "result"), invocation->json);
        return fflush(stdout) == 0 ? KX_EXIT_OK : KX_EXIT_FAILED;
    }
    const char *text = json_string_value(json_object_get(answer, "error"));
    g_autofree char *line =
        kx_escape_for_log(text ? text : "the server's answer makes no sense", -1, 4096);
    fprintf(stderr, "keryx: %s\n", line);
    return KX_EXIT_FAILED;
}

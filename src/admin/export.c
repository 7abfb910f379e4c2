/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/export.h"

#include "admin/cli-private.h"
#include "base/error.h"

typedef void (*WriteCell)(const char *text, FILE *out);

static char *text_of(const json_t *value);

static char *join(const json_t *list)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < json_array_size(list); i++)
        g_ptr_array_add(texts, text_of(json_array_get(list, i)));
    g_ptr_array_add(texts, NULL);
    return g_strjoinv(",", (char **)texts->pdata);
}

static char *text_of(const json_t *value)
{
    if (json_is_array(value))
        return join(value);
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return g_strdup(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "");
}

/* ---- CSV ---- */

static void write_csv_cell(const char *text, char separator, FILE *out)
{
    gboolean formula = *text && strchr("=+-@\t\r", *text);
    gboolean quoted = formula || strpbrk(text, "\"\r\n") || strchr(text, separator);
    if (!quoted) {
        fputs(text, out);
        return;
    }
    fputs(formula ? "\"'" : "\"", out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void kx_export_csv(const char *columns, const json_t *list, char separator, FILE *out)
{
    g_auto(GStrv) specs = g_strsplit(columns, ",", -1);
    for (guint c = 0; specs[c]; c++) {
        char *colon = strchr(specs[c], ':');
        *colon = '\0';
        if (c > 0)
            fputc(separator, out);
        write_csv_cell(colon + 1, separator, out);
    }
    fputs("\r\n", out);
    for (size_t r = 0; r < json_array_size(list); r++) {
        for (guint c = 0; specs[c]; c++) {
            g_autofree char *text = text_of(json_object_get(json_array_get(list, r), specs[c]));
            if (c > 0)
                fputc(separator, out);
            write_csv_cell(text, separator, out);
        }
        fputs("\r\n", out);
    }
}

/* ---- XML ---- */

void kx_export_xml(const char *root, const char *row, const char *columns, const json_t *list,
                   FILE *out)
{
    g_auto(GStrv) specs = g_strsplit(columns, ",", -1);
    for (guint c = 0; specs[c]; c++)
        *strchr(specs[c], ':') = '\0';
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s>\n", root);
    for (size_t r = 0; r < json_array_size(list); r++) {
        fprintf(out, "  <%s>\n", row);
        for (guint c = 0; specs[c]; c++) {
            g_autofree char *text = text_of(json_object_get(json_array_get(list, r), specs[c]));
            g_autofree char *escaped = g_markup_escape_text(text, -1);
            fprintf(out, "    <%s>%s</%s>\n", specs[c], escaped, specs[c]);
        }
        fprintf(out, "  </%s>\n", row);
    }
    fprintf(out, "</%s>\n", root);
}

/* ---- the command line ---- */

static gboolean read_separator(const KxInvocation *invocation, char *ret_separator, GError **error)
{
    const char *given = json_string_value(json_object_get(invocation->options, "separator"));
    *ret_separator = given ? *given : ',';
    if (!given || (strlen(given) == 1 && strchr(",;|\t", *given)))
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "--separator takes a comma, a semicolon, a bar or a tab");
}

int kx_export_local(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    char separator;
    if (!read_separator(invocation, &separator, &error) || !kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    if (!answer)
        return kx_cli_fail(error);
    const json_t *list = json_object_get(answer, "result");
    const char *columns = invocation->command->columns;
    if (!list)
        return kx_cli_answer(invocation, answer);
    if (json_object_get(invocation->options, "csv"))
        kx_export_csv(columns, list, separator, stdout);
    else if (json_object_get(invocation->options, "xml"))
        kx_export_xml("statistics", "entry", columns, list, stdout);
    else
        return kx_cli_answer(invocation, answer);
    return fflush(stdout) == 0 ? KX_EXIT_OK : KX_EXIT_FAILED;
}

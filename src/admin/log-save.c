/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/log-save.h"

#include "admin/log-color.h"
#include "base/error.h"

/* ---- lines ---- */

static void append_html(GString *text, const char *line, const char *color)
{
    g_autofree char *escaped = g_markup_escape_text(line, -1);
    if (color)
        g_string_append_printf(text, "<span style=\"background-color: %s\">%s</span>\n", color,
                               escaped);
    else
        g_string_append_printf(text, "%s\n", escaped);
}

char *kx_log_format(KxDirectory *directory, char *const *lines, gboolean html)
{
    g_autoptr(KxLogColors) colors = html ? kx_log_colors_new(directory) : NULL;
    GString *text = g_string_new(NULL);
    for (guint i = 0; lines[i]; i++)
        if (html)
            append_html(text, lines[i], kx_log_color(colors, lines[i]));
        else
            g_string_append_printf(text, "%s\n", lines[i]);
    return g_string_free(text, FALSE);
}

/* ---- the command line ---- */

static void begin_page(const KxInvocation *invocation)
{
    g_autofree char *title = g_markup_escape_text(invocation->args->pdata[0], -1);
    fprintf(stdout,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<title>Log: %s</title>\n</head>\n<body>\n<pre>\n",
            title);
}

static void end_page(void)
{
    fputs("</pre>\n</body>\n</html>\n", stdout);
}

/* FALSE: `ret_status` is how it ended. */
static gboolean write_piece(const KxInvocation *invocation, gboolean *ret_last, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    const json_t *result = answer ? json_object_get(answer, "result") : NULL;
    if (!result) {
        *ret_status = answer ? kx_cli_answer(invocation, answer) : kx_cli_fail(error);
        return FALSE;
    }
    fputs(json_string_value(json_object_get(result, "text")), stdout);
    json_object_set(invocation->options, "from", json_object_get(result, "next"));
    json_object_del(invocation->options, "since");
    *ret_last = json_is_true(json_object_get(result, "last")) || ferror(stdout);
    return TRUE;
}

int kx_log_save(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    int status = KX_EXIT_OK;
    gboolean last = FALSE;
    const char *format = json_string_value(json_object_get(invocation->options, "format"));
    gboolean html = g_strcmp0(format, "html") == 0 && !invocation->json;
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    if (invocation->json) { /* one piece as it is */
        json_auto_t *answer = kx_cli_ask(invocation, &error);
        return answer ? kx_cli_answer(invocation, answer) : kx_cli_fail(error);
    }
    if (html)
        begin_page(invocation);
    while (!last && write_piece(invocation, &last, &status))
        ;
    if (html && status == KX_EXIT_OK)
        end_page();
    return fflush(stdout) == 0 ? status : KX_EXIT_FAILED;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/log-follow.h"

#include <unistd.h>

#include "admin/cli-private.h"
#include "base/text.h"

enum { STEP_MS = 250, LINE_MAX_BYTES = 65536 };

void kx_show_log_line(const json_t *line, FILE *out)
{
    g_autofree char *safe = kx_escape_for_log(json_string_value(line), -1, LINE_MAX_BYTES);
    fprintf(out, "%s\n", safe);
}

/* Black on the color, as it is in the page of keryx log save. */
static void show_colored(const json_t *line, const char *color, FILE *out)
{
    guint red, green, blue;
    if (!color || !isatty(fileno(out)) || sscanf(color, "#%2x%2x%2x", &red, &green, &blue) != 3) {
        kx_show_log_line(line, out);
        return;
    }
    g_autofree char *safe = kx_escape_for_log(json_string_value(line), -1, LINE_MAX_BYTES);
    fprintf(out, "\033[30;48;2;%u;%u;%um%s\033[0m\n", red, green, blue, safe);
}

void kx_show_log_lines(const json_t *result, FILE *out)
{
    const json_t *lines = json_object_get(result, "lines");
    const json_t *colors = json_object_get(result, "colors");
    for (size_t i = 0; i < json_array_size(lines); i++)
        show_colored(json_array_get(lines, i), json_string_value(json_array_get(colors, i)), out);
}

/* Programs that follow get one JSON text a line. */
static void show_new(const KxInvocation *invocation, const json_t *result)
{
    const json_t *lines = json_object_get(result, "lines");
    if (!invocation->json) {
        kx_show_log_lines(result, stdout);
    } else {
        for (size_t i = 0; i < json_array_size(lines); i++) {
            json_dumpf(json_array_get(lines, i), stdout, JSON_ENCODE_ANY | JSON_COMPACT);
            fputc('\n', stdout);
        }
    }
    fflush(stdout);
}

static int follow(KxInvocation *invocation)
{
    while (!ferror(stdout)) {
        g_autoptr(GError) error = NULL;
        json_auto_t *answer = kx_cli_ask(invocation, &error);
        if (!answer)
            return kx_cli_fail(error);
        if (!json_is_true(json_object_get(answer, "ok")))
            return kx_cli_answer(invocation, answer);
        const json_t *result = json_object_get(answer, "result");
        show_new(invocation, result);
        json_object_set(invocation->options, "from", json_object_get(result, "next"));
        g_usleep(STEP_MS * 1000);
    }
    return KX_EXIT_FAILED;
}

int kx_log_follow(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    KxInvocation copy = *invocation;
    if (json_is_true(json_object_get(copy.options, "follow")))
        return follow(&copy);
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    return answer ? kx_cli_answer(invocation, answer) : kx_cli_fail(error);
}

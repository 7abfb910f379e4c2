/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/log-follow.h"

#include "admin/cli-private.h"
#include "base/text.h"

enum { STEP_MS = 250, LINE_MAX_BYTES = 65536 };

void kx_show_log_line(const json_t *line, FILE *out)
{
    g_autofree char *safe = kx_escape_for_log(json_string_value(line), -1, LINE_MAX_BYTES);
    fprintf(out, "%s\n", safe);
}

void kx_show_log_lines(const json_t *result, FILE *out)
{
    const json_t *lines = json_object_get(result, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++)
        kx_show_log_line(json_array_get(lines, i), out);
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

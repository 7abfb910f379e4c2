/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/reference.h"

static const char intro[] =
    "# The command line\n"
    "\n"
    "Made from the command tables in `src/admin/` by `keryx help --markdown`; do not edit.\n"
    "\n"
    "Every command takes\n"
    "\n"
    "- `--data DIR`: the data directory; else `$KERYX_DATA`, else `/var/lib/keryx`;\n"
    "- `--json`: the result as JSON on standard output, in a form that stays;\n"
    "- `--help`.\n"
    "\n"
    "A command asks the running server; when none runs it works on the data directory itself. It "
    "is for root and\n"
    "for the user the server runs as.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 the command line is wrong. Errors are one line on standard "
    "error.\n"
    "\n"
    "Where an option takes a SECRET, `-` reads it from standard input, and `--OPTION-file FILE` "
    "from the first\n"
    "line of a file, so that it does not show in the list of processes. Texts of several lines (a "
    "footer) are\n"
    "also taken from a file that way.\n";

static void append_options(GString *out, const KxCommand *command)
{
    if (command->n_options == 0)
        return;
    g_string_append(out, "\n| Option | Meaning |\n|---|---|\n");
    for (guint i = 0; i < command->n_options; i++) {
        const KxOption *option = &command->options[i];
        g_auto(GStrv) parts = g_strsplit(option->placeholder ? option->placeholder : "", "|", -1);
        g_autofree char *placeholder = g_strjoinv("\\|", parts); /* a bar ends the cell otherwise */
        g_string_append(out, "| `");
        if (option->letter)
            g_string_append_printf(out, "-%c`, `", option->letter);
        g_string_append_printf(out, "--%s%s%s` | %s%s |\n", option->name, *placeholder ? " " : "",
                               placeholder, option->manual, option->required ? " Required." : "");
    }
}

char *kx_reference_markdown(void)
{
    GString *out = g_string_new(intro);
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++) {
        g_string_append_printf(out, "\n## %s\n", topics[t]->manual);
        for (guint c = 0; c < topics[t]->n_commands; c++) {
            const KxCommand *command = &topics[t]->commands[c];
            g_string_append_printf(out, "\n### `keryx %s%s%s`\n\n%s\n", command->words,
                                   *command->args ? " " : "", command->args, command->manual);
            append_options(out, command);
        }
    }
    return g_string_free(out, FALSE);
}

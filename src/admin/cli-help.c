/* SPDX-License-Identifier: Apache-2.0 */
/* --help, from the tables. */
#include "admin/cli-private.h"

enum { COLUMN = 28 };

static void show_command_line(const KxCommand *command, FILE *out)
{
    g_autofree char *usage =
        g_strdup_printf("keryx %s%s%s", command->words, *command->args ? " " : "", command->args);
    const char *stop = strstr(command->manual, ". ");
    int len = stop ? (int)(stop - command->manual) + 1 : (int)strlen(command->manual);
    fprintf(out, "  %-38s %.*s\n", usage, len, command->manual);
}

static void show_option(const char *name, const char *placeholder, char letter, const char *manual,
                        FILE *out)
{
    g_autofree char *text =
        g_strdup_printf("--%s%s%s", name, placeholder ? " " : "", placeholder ? placeholder : "");
    g_autofree char *left = letter ? g_strdup_printf("-%c, %s", letter, text) : g_strdup(text);
    if (strlen(left) >= COLUMN)
        fprintf(out, "  %s\n  %*s %s\n", left, COLUMN, "", manual);
    else
        fprintf(out, "  %-*s %s\n", COLUMN, left, manual);
}

static void show_command(const KxCommand *command, FILE *out)
{
    fprintf(out, "keryx %s%s%s [OPTION]...\n\n%s\n\n", command->words, *command->args ? " " : "",
            command->args, command->manual);
    for (guint i = 0; i < command->n_options; i++) {
        const KxOption *option = &command->options[i];
        show_option(option->name, option->placeholder, option->letter, option->manual, out);
        if (option->type != KX_OPTION_SECRET && option->type != KX_OPTION_LINES)
            continue;
        g_autofree char *file = g_strconcat(option->name, "-file", NULL);
        show_option(file, "FILE", 0,
                    option->type == KX_OPTION_SECRET
                        ? "Reads it from the first line of a file; - is standard input."
                        : "Reads it from a file; - is standard input.",
                    out);
    }
    show_option("data", "DIR", 0, "Data directory; else $KERYX_DATA, else " KX_DATA_PRESET ".",
                out);
    show_option("json", NULL, 0, "Prints the result as JSON.", out);
}

void kx_cli_help(const KxTopic *topic, const KxCommand *command, FILE *out)
{
    if (command) {
        show_command(command, out);
        return;
    }
    fprintf(out, "keryx, mail and groupware server, version %s\n", KX_VERSION);
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++) {
        if (topic && !g_str_equal(topics[t]->name, topic->name))
            continue;
        fprintf(out, "\n%s:\n", topics[t]->manual);
        for (guint c = 0; c < topics[t]->n_commands; c++)
            show_command_line(&topics[t]->commands[c], out);
    }
    fprintf(out,
            "\nkeryx COMMAND --help shows the options. Every command takes --data DIR and --json.\n"
            "Exit status: 0 done, 1 failed, 2 the command line is wrong.\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages in man(7) form. */
#include "admin/reference.h"

static void append_escaped(GString *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        g_string_append(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            g_string_append(out, "\\e");
        else if (*text == '-')
            g_string_append(out, "\\-");
        else
            g_string_append_c(out, *text);
    }
}

static void append_line(GString *out, const char *text)
{
    append_escaped(out, text);
    g_string_append_c(out, '\n');
}

static void append_bold(GString *out, const char *text)
{
    g_string_append(out, "\\fB");
    append_escaped(out, text);
    g_string_append(out, "\\fR");
}

static void append_heading(GString *out, const char *page, guint section, const char *summary)
{
    g_autofree char *upper = g_ascii_strup(page, -1);
    g_string_append_printf(out, ".TH %s %u \"\" \"Keryx %s\" \"Keryx\"\n.SH NAME\n%s \\- %s\n",
                           upper, section, KX_VERSION, page, summary);
}

/* ---- keryx(1) ---- */

static const char common[] =
    ".SH COMMON OPTIONS\n"
    ".TP\n\\fB\\-\\-data\\fR \\fIDIR\\fR\nThe data directory; else $KERYX_DATA, else "
    "/var/lib/keryx.\n"
    ".TP\n\\fB\\-\\-json\\fR\nThe result as JSON on standard output.\n"
    ".TP\n\\fB\\-\\-help\\fR\nShows the commands of a topic, or the options of a command.\n"
    ".PP\n"
    "Where an option takes a SECRET, \\- reads it from standard input, and \\-\\-OPTION\\-file "
    "FILE from the first line of\n"
    "a file, so that it does not show in the list of processes. Texts of several lines are also "
    "taken from a file\n"
    "that way.\n";

static const char ending[] =
    ".SH EXIT STATUS\n"
    "0: done. 1: failed; one line on standard error says why. 2: the command line is wrong.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBKERYX_DATA\\fR\nThe data directory when \\-\\-data is not given.\n"
    ".SH FILES\n"
    ".TP\nserver.db\nDomains, accounts, settings.\n"
    ".TP\nstore/mail/\\fIdomain\\fR/\\fIuser\\fR/\nThe mailbox of an account; messages are plain "
    "files.\n"
    ".TP\nstore/queue/\nMessages on their way.\n"
    ".TP\nstore/logs/\nThe logs.\n"
    ".TP\nsslcert/\nCertificates and keys.\n"
    ".TP\nsslca/\nIntermediate certificates that are sent with every certificate.\n"
    ".PP\nAll of them are below the data directory.\n"
    ".SH SEE ALSO\n"
    "\\fBkeryx\\-config\\fR(5)\n";

static void append_option(GString *out, const KxOption *option)
{
    g_string_append(out, ".TP\n");
    if (option->letter)
        g_string_append_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    g_autofree char *name = g_strconcat("--", option->name, NULL);
    append_bold(out, name);
    if (option->placeholder) {
        g_string_append(out, " \\fI");
        append_escaped(out, option->placeholder);
        g_string_append(out, "\\fR");
    }
    g_string_append_c(out, '\n');
    append_escaped(out, option->manual);
    g_string_append(out, option->required ? " Required.\n" : "\n");
}

static void append_command(GString *out, const KxCommand *command)
{
    g_autofree char *name = g_strconcat("keryx ", command->words, NULL);
    g_string_append(out, ".SS ");
    append_bold(out, name);
    g_string_append_c(out, ' ');
    append_line(out, command->args);
    append_line(out, command->manual);
    for (guint i = 0; i < command->n_options; i++)
        append_option(out, &command->options[i]);
}

char *kx_reference_man(void)
{
    GString *out = g_string_new(NULL);
    append_heading(out, "keryx", 1, "mail and groupware server");
    g_string_append(
        out,
        ".SH SYNOPSIS\n\\fBkeryx\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR]... [\\fIOPTION\\fR]...\n"
        ".SH DESCRIPTION\n"
        "Sets up, runs and administers a mail and groupware server. A command asks the running "
        "server;\n"
        "when none runs it works on the data directory itself. It is for root and for the user the "
        "server\n"
        "runs as.\n");
    g_string_append(out, common);
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++) {
        g_autofree char *title = g_ascii_strup(topics[t]->manual, -1);
        g_string_append_printf(out, ".SH %s\n", title);
        for (guint c = 0; c < topics[t]->n_commands; c++)
            append_command(out, &topics[t]->commands[c]);
    }
    g_string_append(out, ending);
    return g_string_free(out, FALSE);
}

/* ---- keryx-config(5) ---- */

char *kx_settings_man(void)
{
    GString *out = g_string_new(NULL);
    append_heading(out, "keryx-config", 5, "settings of the Keryx server");
    g_string_append(
        out, ".SH DESCRIPTION\n"
             "Settings live in the data directory and are changed with \\fBkeryx config set\\fR, "
             "also while the server\n"
             "runs. Sizes are bytes and may carry K, M or G; durations are seconds and may carry "
             "s, m, h or d; lists\n"
             "are separated by commas.\n"
             ".PP\n"
             "\\fBkeryx config export\\fR writes a JSON document with the settings that are not at "
             "their defaults,\n"
             "\\fBkeryx config diff\\fR and \\fBkeryx config apply\\fR read it:\n"
             ".PP\n.nf\n{\"settings\": {\"smtp.max\\-size\": \"50M\", \"log.debug\": null}}\n.fi\n"
             ".PP\nHere null stands for the default.\n"
             ".SH SETTINGS\n");
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        const KxSettingRow *row = kx_setting_row(id);
        g_string_append(out, ".TP\n");
        append_bold(out, row->name);
        g_string_append_printf(out, " (default: ");
        append_escaped(out, *row->preset ? row->preset : "empty");
        g_string_append(out, ")\n");
        append_line(out, row->manual);
        if (row->flags & KX_SETTING_RESTART)
            g_string_append(out, "Takes effect at the next start.\n");
    }
    g_string_append(out, ".SH SEE ALSO\n\\fBkeryx\\fR(1)\n");
    return g_string_free(out, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The command tables, finding in them, suggestions. */
#include "admin/command.h"
#include "admin/reference.h"

typedef void (*Visit)(const KxCommand *command, gpointer data);

static void each_command(Visit visit, gpointer data)
{
    guint n;
    const KxTopic *const *topics = kx_topics(&n);
    for (guint t = 0; t < n; t++)
        for (guint c = 0; c < topics[t]->n_commands; c++)
            visit(&topics[t]->commands[c], data);
}

static void check_option(const KxCommand *command, const KxOption *option)
{
    static const char *const taken[] = {"data", "json", "help"};
    g_test_message("keryx %s --%s", command->words, option->name);
    g_assert_true(g_str_has_suffix(option->manual, "."));
    g_assert_true(kx_command_option(command, option->name) == option); /* no other of that name */
    g_assert_true((option->placeholder == NULL) == (option->type == KX_OPTION_FLAG));
    g_assert_true((option->max > 0) == (option->type == KX_OPTION_INT));
    for (guint i = 0; i < G_N_ELEMENTS(taken); i++)
        g_assert_cmpstr(option->name, !=, taken[i]);
}

static void check_command(const KxCommand *command, gpointer seen)
{
    g_test_message("keryx %s", command->words);
    g_assert_true(g_hash_table_add(seen, (gpointer)command->words));
    g_assert_true(command->run || command->local);
    g_assert_true(g_str_has_suffix(command->manual, "."));
    g_assert_cmpuint(command->min_args, <=, command->max_args);
    g_assert_true((command->max_args > 0) == (*command->args != '\0'));
    g_assert_true(!(command->flags & KX_COMMAND_FILE) || command->min_args > 0);
    for (guint i = 0; i < command->n_options; i++)
        check_option(command, &command->options[i]);
    g_auto(GStrv) words = g_strsplit(command->words, " ", -1);
    guint used = 0;
    g_assert_true(kx_command_find((const char *const *)words, g_strv_length(words), &used) ==
                  command);
    g_assert_cmpuint(used, ==, g_strv_length(words));
}

static void test_tables(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    each_command(check_command, seen);
    g_assert_cmpuint(g_hash_table_size(seen), >, 40);
}

static void test_find(void)
{
    guint used;
    const char *const debug[] = {"log", "debug", "on", "tls"};
    g_assert_cmpstr(kx_command_find(debug, 4, &used)->words, ==, "log debug on");
    g_assert_cmpuint(used, ==, 3);
    g_assert_null(kx_command_find(debug, 2, &used));
    g_assert_null(kx_command_find((const char *const[]){"stat"}, 1, &used));
    g_assert_null(kx_command_find((const char *const[]){"statuses"}, 1, &used));
    g_assert_null(kx_command_find(NULL, 0, &used));
}

static void test_suggest(void)
{
    const char *const names[] = {"user list", "user add", "domain list", "password"};
    g_assert_cmpstr(kx_suggest("user lst", names, 4), ==, "user list");
    g_assert_cmpstr(kx_suggest("pasword", names, 4), ==, "password");
    g_assert_cmpstr(kx_suggest("pass", names, 4), ==, "password");
    g_assert_cmpstr(kx_suggest("xyz", names, 4), ==, NULL);
    g_assert_cmpstr(kx_suggest("", names, 4), ==, NULL);
    g_autofree char *huge = g_strnfill(100000, 'u');
    g_assert_cmpstr(kx_suggest(huge, names, 4), ==, NULL);
}

static void find_heading(const KxCommand *command, gpointer text)
{
    g_autofree char *heading = g_strdup_printf("### `keryx %s", command->words);
    g_assert_nonnull(strstr(text, heading));
}

static void find_section(const KxCommand *command, gpointer text)
{
    g_auto(GStrv) parts = g_strsplit(command->words, "-", -1);
    g_autofree char *words = g_strjoinv("\\-", parts);
    g_autofree char *heading = g_strdup_printf(".SS \\fBkeryx %s\\fR", words);
    g_assert_nonnull(strstr(text, heading));
}

static void test_reference(void)
{
    g_autofree char *markdown = kx_reference_markdown();
    g_autofree char *man = kx_reference_man();
    each_command(find_heading, markdown);
    each_command(find_section, man);
    g_assert_nonnull(strstr(markdown, "`--disabled yes\\|no`"));
    g_assert_nonnull(strstr(man, "\\fB\\-\\-disabled\\fR \\fIyes|no\\fR"));
}

/* No line of text may begin with a control character of roff by accident. */
static void test_settings_page(void)
{
    g_autofree char *man = kx_settings_man();
    for (guint id = 0; id < KX_SET_COUNT; id++) {
        g_auto(GStrv) parts = g_strsplit(kx_setting_row(id)->name, "-", -1);
        g_autofree char *name = g_strjoinv("\\-", parts);
        g_autofree char *line = g_strdup_printf("\n\\fB%s\\fR (default: ", name);
        g_assert_nonnull(strstr(man, line));
    }
    g_auto(GStrv) lines = g_strsplit(man, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        g_assert_true(lines[i][0] != '.' || g_ascii_isalpha(lines[i][1]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/commands/tables", test_tables);
    g_test_add_func("/admin/commands/find", test_find);
    g_test_add_func("/admin/commands/suggest", test_suggest);
    g_test_add_func("/admin/commands/reference", test_reference);
    g_test_add_func("/admin/commands/settings-page", test_settings_page);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the shell. */
#include "admin/cli-private.h"
#include "base/error.h"

static KxParsed parse(const char *line, KxInvocation *invocation, const KxTopic **ret_topic,
                      GError **error)
{
    g_autoptr(GError) inner = NULL;
    g_auto(GStrv) argv = NULL;
    int argc;
    g_assert_true(g_shell_parse_argv(line, &argc, &argv, &inner));
    *invocation = (KxInvocation){0};
    KxParsed parsed = kx_cli_parse(invocation, argc, argv, ret_topic, error);
    invocation->data = NULL; /* points into argv */
    return parsed;
}

static void assert_parsed(const char *line, const char *words, const char *args,
                          const char *options)
{
    KxInvocation invocation;
    const KxTopic *topic;
    g_autoptr(GError) error = NULL;
    g_test_message("%s", line);
    KxParsed parsed = parse(line, &invocation, &topic, &error);
    g_assert_no_error(error);
    g_assert_cmpint(parsed, ==, KX_PARSED);
    g_assert_cmpstr(invocation.command->words, ==, words);
    g_ptr_array_add(invocation.args, NULL);
    g_autofree char *joined = g_strjoinv("|", (char **)invocation.args->pdata);
    g_assert_cmpstr(joined, ==, args);
    g_autofree char *text = json_dumps(invocation.options, JSON_COMPACT | JSON_SORT_KEYS);
    g_assert_cmpstr(text, ==, options);
    kx_invocation_clear(&invocation);
}

static void assert_wrong(const char *line, const char *message)
{
    KxInvocation invocation;
    const KxTopic *topic;
    g_autoptr(GError) error = NULL;
    g_test_message("%s", line);
    g_assert_cmpint(parse(line, &invocation, &topic, &error), ==, KX_PARSED_WRONG);
    g_assert_error(error, KX_ERROR, KX_ERR_INVALID);
    g_assert_cmpstr(error->message, ==, message);
    kx_invocation_clear(&invocation);
}

static void test_forms(void)
{
    assert_parsed("keryx status", "status", "", "{}");
    assert_parsed("keryx --json status --data /x", "status", "", "{}");
    assert_parsed("keryx user add a@b --name 'W S' --password=--x", "user add", "a@b",
                  "{\"name\":\"W S\",\"password\":\"--x\"}");
    assert_parsed("keryx user add --name X a@b", "user add", "a@b", "{\"name\":\"X\"}");
    assert_parsed("keryx user add --name X -- -odd@b", "user add", "-odd@b", "{\"name\":\"X\"}");
    assert_parsed("keryx user add a@b --password -", "user add", "a@b", "{\"password\":\"-\"}");
    assert_parsed("keryx user add a@b --password-file x", "user add", "a@b",
                  "{\"password-file\":\"x\"}");
    assert_parsed("keryx user set a@b --description ''", "user set", "a@b",
                  "{\"description\":\"\"}");
    assert_parsed("keryx log tail mail -n 50 -f", "log tail", "mail",
                  "{\"follow\":true,\"lines\":50}");
    assert_parsed("keryx log tail mail -n50", "log tail", "mail", "{\"lines\":50}");
    assert_parsed("keryx config diff -", "config diff", "-", "{}");
    assert_parsed("keryx config set a b c d", "config set", "a|b|c|d", "{}");
}

static void test_wrong(void)
{
    assert_wrong("keryx", "say which command: keryx --help lists them");
    assert_wrong("keryx user", "say which command: keryx user --help lists them");
    assert_wrong("keryx --json", "say which command: keryx --help lists them");
    assert_wrong("keryx usr list",
                 "there is no command 'usr' (did you mean keryx user?); keryx --help lists all");
    assert_wrong(
        "keryx user lst",
        "there is no command 'user lst' (did you mean keryx user list?); keryx --help lists all");
    assert_wrong("keryx qqqqqqqqqqq", "there is no command 'qqqqqqqqqqq'; keryx --help lists all");
    assert_wrong("keryx user list --jsn", "keryx user list has no option --jsn (did you mean "
                                          "--json?); keryx user list --help shows all");
    assert_wrong("keryx user add a@b --passwort x",
                 "keryx user add has no option --passwort (did you mean --password?); keryx user "
                 "add --help shows all");
    assert_wrong("keryx user add a@b --password",
                 "--password needs a value (write --password=VALUE if it begins with --)");
    assert_wrong("keryx user add a@b --password --json",
                 "--password needs a value (write --password=VALUE if it begins with --)");
    assert_wrong("keryx user add a@b --name x --name y", "--name is given twice");
    assert_wrong("keryx user list a b", "too many words: keryx user list [DOMAIN]");
    assert_wrong("keryx user add", "too few words: keryx user add USER@DOMAIN");
    assert_wrong("keryx log tail mail -n many",
                 "--lines: 'many' is not a whole number from 0 to 10000");
    assert_wrong("keryx log tail mail -n 10001",
                 "--lines: '10001' is not a whole number from 0 to 10000");
    assert_wrong("keryx log tail mail -x", "there is no option -x; see keryx log tail --help");
    assert_wrong("keryx log tail mail -ff", "-f takes no value");
    assert_wrong("keryx log tail mail --follow=yes", "--follow takes no value");
    assert_wrong("keryx cert new --name x", "keryx cert new needs --hostname HOST");
    assert_wrong("keryx --name x user add",
                 "give the command first, then its options; keryx --help lists all");
    assert_wrong("keryx user add \xff", "the words of a command must be UTF-8");
    assert_wrong("keryx user add a --name \xff", "--name: the value is not UTF-8");
    assert_wrong("keryx status --data",
                 "--data needs a value (write --data=VALUE if it begins with --)");
}

static void assert_help(const char *line, const char *topic_name, const char *words)
{
    KxInvocation invocation;
    const KxTopic *topic;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(parse(line, &invocation, &topic, &error), ==, KX_PARSED_HELP);
    g_assert_cmpstr(topic ? topic->name : NULL, ==, topic_name);
    g_assert_cmpstr(invocation.command ? invocation.command->words : NULL, ==, words);
    kx_invocation_clear(&invocation);
}

static void test_help(void)
{
    assert_help("keryx --help", NULL, NULL);
    assert_help("keryx -h", NULL, NULL);
    assert_help("keryx user --help", "user", NULL);
    assert_help("keryx user add --help", NULL, "user add");
    assert_help("keryx cert new -h", NULL, "cert new"); /* although --hostname is missing */
}

static void test_data(void)
{
    KxInvocation invocation = {0};
    const KxTopic *topic;
    char *argv[] = {"keryx", "status", "--json", NULL};
    g_unsetenv("KERYX_DATA");
    g_assert_cmpint(kx_cli_parse(&invocation, 3, argv, &topic, NULL), ==, KX_PARSED);
    g_assert_cmpstr(invocation.data, ==, "/var/lib/keryx");
    g_assert_false(invocation.data_given);
    g_assert_true(invocation.json);
    kx_invocation_clear(&invocation);
    g_setenv("KERYX_DATA", "/srv/x", TRUE);
    invocation = (KxInvocation){0};
    g_assert_cmpint(kx_cli_parse(&invocation, 2, argv, &topic, NULL), ==, KX_PARSED);
    g_assert_cmpstr(invocation.data, ==, "/srv/x");
    g_assert_true(invocation.data_given);
    kx_invocation_clear(&invocation);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/parse/forms", test_forms);
    g_test_add_func("/admin/parse/wrong", test_wrong);
    g_test_add_func("/admin/parse/help", test_help);
    g_test_add_func("/admin/parse/data", test_data);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and what they change. */
#include "admin-test.h"

#include "admin/command.h"

/* covers: DOM-07 */
static void test_domains(void)
{
    Fixture f;
    fixture_init(&f);
    do_ok(&f, "domain add company.test", "{\"description\": \"Head office\"}");
    do_ok(&f, "domain add Other.test",
          "{\"aliases\": \"alias.test\", \"bound-ip\": \"192.0.2.7\"}");
    assert_result(&f, "domain list", NULL,
                  "[{\"aliases\":[],\"bound-ip\":\"\",\"description\":\"Head "
                  "office\",\"domain\":\"company.test\",\"primary\":true},"
                  "{\"aliases\":[\"alias.test\"],\"bound-ip\":\"192.0.2.7\",\"description\":\"\","
                  "\"domain\":\"other.test\",\"primary\":false}]");
    assert_refused(&f, "domain remove company.test", NULL, "in-use",
                   "'company.test' is the primary domain; make another domain primary first");
    do_ok(&f, "domain set other.test", "{\"primary\": \"yes\", \"bound-ip\": \"\"}");
    do_ok(&f, "domain remove company.test", NULL);
    assert_result(&f, "domain show other.test", NULL,
                  "{\"aliases\":[\"alias.test\"],\"bound-ip\":\"\",\"description\":\"\",\"domain\":"
                  "\"other.test\",\"primary\":true}");
    assert_refused(&f, "domain show company.test", NULL, "not-found",
                   "there is no domain 'company.test'");
    fixture_clear(&f);
}

static void test_users(void)
{
    Fixture f;
    fixture_init(&f);
    do_ok(&f, "domain add company.test", NULL);
    do_ok(&f, "user add wsmith",
          "{\"name\": \"Winston Smith\", \"password\": \"a secret of mine\", \"addresses\": "
          "\"w.smith\"}");
    assert_last_line(
        "config", "Admin - insert User set Name='wsmith', Domain='company.test', Password=xxxxxx, "
                  "Full_name='Winston Smith', Addresses='w.smith'");
    do_ok(&f, "user set wsmith@company.test", "{\"disabled\": \"yes\"}");
    assert_result(&f, "user list company.test", NULL,
                  "[{\"addresses\":[\"w.smith\"],\"archive-folders\":false,\"description\":\"\","
                  "\"disabled\":true,\"imap-full-listing\":\"\",\"name\":"
                  "\"Winston "
                  "Smith\",\"public-folders\":false,\"quota\":0,\"quota-items\":0,\"user\":"
                  "\"wsmith@company.test\"}]");
    assert_refused(&f, "user add wsmith@company.test", NULL, "exists",
                   "there is a user 'wsmith@company.test' already");
    assert_refused(&f, "user list other.test", NULL, "not-found",
                   "there is no domain 'other.test'");
    do_ok(&f, "user remove wsmith@company.test", NULL);
    assert_result(&f, "user list", NULL, "[]");
    fixture_clear(&f);
}

static void test_ip_groups(void)
{
    Fixture f;
    fixture_init(&f);
    do_ok(&f, "ipgroup set local", "{\"entries\": \"192.168.0.0/16,127.0.0.1\"}");
    do_ok(&f, "config set smtp.relay-group local", NULL);
    assert_result(&f, "ipgroup show LOCAL", NULL,
                  "{\"description\":\"\",\"entries\":[\"192.168.0.0/"
                  "16\",\"127.0.0.1\"],\"group\":\"local\"}");
    json_auto_t *answer = ask(&f, "ipgroup remove local", NULL);
    g_assert_cmpstr(json_string_value(json_object_get(answer, "code")), ==, "in-use");
    do_ok(&f, "config unset smtp.relay-group", NULL);
    json_auto_t *before = ask_ok(&f, "ipgroup list", NULL);
    do_ok(&f, "ipgroup remove local", NULL);
    json_auto_t *after = ask_ok(&f, "ipgroup list", NULL);
    g_assert_cmpuint(json_array_size(after) + 1, ==, json_array_size(before));
    assert_refused(&f, "ipgroup show local", NULL, "not-found",
                   "there is no IP address group 'local'");
    fixture_clear(&f);
}

static char *value_of(Fixture *f, const char *name)
{
    g_autofree char *words = g_strdup_printf("config get %s", name);
    json_auto_t *result = ask_ok(f, words, NULL);
    return g_strdup(json_string_value(json_object_get(result, "value")));
}

static void assert_value(Fixture *f, const char *name, const char *wanted)
{
    g_autofree char *value = value_of(f, name);
    g_assert_cmpstr(value, ==, wanted);
}

static void test_config(void)
{
    Fixture f;
    fixture_init(&f);
    do_ok(&f, "config set smtp.max-size 30M smtp.max-hops 9", NULL);
    assert_last_line("config",
                     "Admin - update Settings set smtp.max-size='30M', smtp.max-hops='9'");
    assert_refused(&f, "config set smtp.max-size 31M smtp.max-hops 0", NULL, "invalid",
                   "smtp.max-hops: 0 is below the smallest allowed value, 1");
    assert_value(&f, "smtp.max-size", "30M"); /* all or none */
    assert_refused(&f, "config set smtp.max-size 31M smtp.max-hops", NULL, "invalid",
                   "smtp.max-hops has no value; keryx config unset brings back its default");
    do_ok(&f, "config unset smtp.max-size", NULL);
    assert_value(&f, "smtp.max-size", "25M");
    json_auto_t *changed = ask_ok(&f, "config list smtp", "{\"changed\": true}");
    g_assert_cmpuint(json_array_size(changed), ==, 1);
    json_auto_t *all = ask_ok(&f, "config list", NULL);
    g_assert_cmpuint(json_array_size(all), ==, KX_SET_COUNT);
    assert_result(&f, "config apply {\"settings\":{\"smtp.max-hops\":\"10\"}}",
                  "{\"dry-run\": true}",
                  "[{\"from\":\"9\",\"name\":\"smtp.max-hops\",\"to\":\"10\"}]");
    assert_value(&f, "smtp.max-hops", "9");
    do_ok(&f, "config apply {\"settings\":{\"smtp.max-hops\":\"10\"}}", NULL);
    assert_value(&f, "smtp.max-hops", "10");
    assert_result(&f, "config apply {\"settings\":{}}", NULL, "[]");
    assert_result(&f, "config apply {\"settings\":{}}", "{\"exact\": true}",
                  "[{\"from\":\"10\",\"name\":\"smtp.max-hops\",\"to\":\"50\"}]");
    assert_value(&f, "smtp.max-hops", "50");
    fixture_clear(&f);
}

/* covers: LOG-20 */
static void test_logs(void)
{
    Fixture f;
    fixture_init(&f);
    for (guint i = 0; i < 30; i++)
        kx_log(f.core.logger, KX_LOG_MAIL, "Recv: message-%u", i);
    json_auto_t *tail = ask_ok(&f, "log tail mail", "{\"lines\": 2}");
    const json_t *lines = json_object_get(tail, "lines");
    g_assert_cmpuint(json_array_size(lines), ==, 2);
    g_assert_true(
        g_str_has_suffix(json_string_value(json_array_get(lines, 1)), "Recv: message-29"));
    g_assert_cmpint(json_integer_value(json_object_get(tail, "next")), ==, 30);
    json_auto_t *new_lines = ask_ok(&f, "log tail mail", "{\"from\": 30}");
    g_assert_cmpuint(json_array_size(json_object_get(new_lines, "lines")), ==, 0);
    json_auto_t *found = ask_ok(&f, "log search mail message-29", NULL);
    g_assert_cmpint(json_integer_value(json_object_get(
                        json_array_get(json_object_get(found, "lines"), 0), "number")),
                    ==, 29);
    g_assert_true(json_is_false(json_object_get(found, "more")));
    json_auto_t *some = ask_ok(&f, "log search mail message", "{\"lines\": 3, \"up\": true}");
    g_assert_cmpuint(json_array_size(json_object_get(some, "lines")), ==, 3);
    g_assert_true(json_is_true(json_object_get(some, "more")));
    g_assert_cmpint(json_integer_value(json_object_get(some, "next")), ==, 26);
    json_auto_t *wrong = ask(&f, "log search mail (", "{\"regex\": true}");
    g_assert_cmpstr(json_string_value(json_object_get(wrong, "code")), ==, "invalid");
    do_ok(&f, "log clear mail", NULL);
    assert_last_line("config", "Admin - Mail log cleared");
    json_auto_t *empty = ask_ok(&f, "log tail mail", "{\"from\": 30}");
    g_assert_cmpint(json_integer_value(json_object_get(empty, "next")), ==, 0);
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents("store/logs/mail.log", &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "");
    assert_refused(&f, "log tail mails", NULL, "not-found",
                   "there is no log 'mails'; there are config, mail, security, warning, "
                   "operations, error, spam and debug");
    fixture_clear(&f);
}

/* covers: TECH-24 */
static void test_log_since(void)
{
    Fixture f;
    fixture_init(&f);
    static const char LINES[] =
        "[30/May/2026 23:59:59] Recv: first\n[31/May/2026 00:00:00] Recv: second\n"
        "[31/May/2026 18:05:09] Recv: third\n[31/May/2026 18:06:00] Recv: fourth\n";
    g_assert_true(g_file_set_contents("store/logs/mail.log", LINES, -1, NULL));
    static const struct {
        const char *since;
        guint lines;
    } CASES[] = {{"2026-05-30", 4},          {"2026-05-31", 3},          {"2026-05-31 18:05", 2},
                 {"2026-05-31 18:05:09", 2}, {"2026-05-31 18:05:10", 1}, {"2026-06-01", 0}};
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *options = g_strdup_printf("{\"since\": \"%s\"}", CASES[i].since);
        json_auto_t *tail = ask_ok(&f, "log tail mail", options);
        g_assert_cmpuint(json_array_size(json_object_get(tail, "lines")), ==, CASES[i].lines);
        json_auto_t *found = ask_ok(&f, "log search mail recv", options);
        g_assert_cmpuint(json_array_size(json_object_get(found, "lines")), ==, CASES[i].lines);
    }
    assert_refused(&f, "log tail mail", "{\"since\": \"yesterday\"}", "invalid",
                   "'yesterday' is not a time like 2026-05-31 or 2026-05-31 18:05:09");
    fixture_clear(&f);
}

static void apply_logs(gpointer data, KxSettings *settings)
{
    const char *const *topics = kx_settings_list(settings, KX_SET_LOG_DEBUG_TOPICS);
    guint64 mask = 0;
    KxDebugTopic topic;
    for (; *topics; topics++)
        if (kx_debug_topic_from_slug(*topics, &topic))
            mask |= KX_DEBUG_BIT(topic);
    kx_logger_set_debug(data, mask);
}

static void test_debug(void)
{
    Fixture f;
    fixture_init(&f);
    kx_directory_on_settings(f.core.directory, apply_logs, f.core.logger);
    do_ok(&f, "log debug on imap-server tls", NULL);
    assert_value(&f, "log.debug", "imap-server,tls");
    do_ok(&f, "log debug off imap-server", NULL);
    assert_value(&f, "log.debug", "tls");
    json_auto_t *topics = ask_ok(&f, "log debug list", NULL);
    g_assert_cmpuint(json_array_size(topics), ==, KX_DEBUG_COUNT);
    do_ok(&f, "log debug on all", NULL);
    g_assert_cmpuint(kx_logger_get_debug(f.core.logger), ==, KX_DEBUG_ALL);
    do_ok(&f, "log debug off all", NULL);
    assert_value(&f, "log.debug", "");
    assert_refused(&f, "log debug on imap", NULL, "not-found",
                   "there is no debug topic 'imap'; keryx log debug list shows all");
    fixture_clear(&f);
}

/* ---- services, with a server that only remembers ---- */

typedef struct {
    GString *calls;
    gboolean refuse;
} Server;

static json_t *fake_status(gpointer data)
{
    return json_pack("{s:[], s:[{s:s}]}", "roles", "services", "service", "imap");
}

static gboolean fake_service(gpointer data, KxServiceId service, KxServiceAction action,
                             GError **error)
{
    Server *server = data;
    if (server->refuse)
        return kx_fail(error, KX_ERR_IN_USE, "no");
    g_string_append_printf(server->calls, "%s:%d ", kx_service(service)->name, action);
    return TRUE;
}

static void fake_changed(gpointer data)
{
    Server *server = data;
    g_string_append(server->calls, "changed ");
}

static void test_services(void)
{
    Fixture f;
    fixture_init(&f);
    Server server = {.calls = g_string_new(NULL)};
    KxServerHooks hooks = {fake_status,  fake_service, fake_changed, fake_changed,
                           fake_changed, NULL,         &server};
    json_auto_t *stopped = ask_ok(&f, "service list", NULL);
    g_assert_cmpuint(json_array_size(stopped), ==, KX_SERVICE_COUNT);
    g_assert_cmpstr(json_string_value(json_object_get(json_array_get(stopped, 0), "status")), ==,
                    "stopped");
    assert_refused(&f, "service stop imap", NULL, "failed",
                   "the server is not running: start it with keryx serve");
    f.context.server = &hooks;
    assert_result(&f, "service list", NULL, "[{\"service\":\"imap\"}]");
    do_ok(&f, "service stop imap", NULL);
    assert_last_line("config", "Admin - Service IMAP stopped");
    do_ok(&f, "service start imap", NULL);
    do_ok(&f, "service restart pop3s", NULL);
    do_ok(&f, "ipgroup set local", "{\"entries\": \"127.0.0.1\"}");
    do_ok(&f, "cert new", "{\"hostname\": \"mail.company.test\"}");
    g_assert_cmpstr(server.calls->str, ==, "imap:1 imap:0 pop3s:2 changed changed ");
    server.refuse = TRUE;
    assert_refused(&f, "service start imap", NULL, "in-use", "no");
    assert_refused(&f, "service start gopher", NULL, "not-found",
                   "there is no service 'gopher'; keryx service list shows all");
    assert_result(&f, "config set server.port-offset 10", NULL,
                  "{\"restart\":[\"server.port-offset\"]}");
    json_auto_t *status = ask_ok(&f, "status", NULL);
    const json_t *keeper = json_array_get(json_object_get(status, "roles"), 0);
    g_assert_cmpstr(json_string_value(json_object_get(keeper, "role")), ==, "keeper");
    g_assert_cmpint(json_integer_value(json_object_get(keeper, "pid")), ==, getppid());
    g_string_free(server.calls, TRUE);
    fixture_clear(&f);
}

/* ---- requests that are wrong ---- */

static void assert_bad(Fixture *f, const char *text, const char *message)
{
    json_auto_t *request = json_loads(text, JSON_DECODE_ANY, NULL);
    g_assert_nonnull(request);
    json_auto_t *answer = kx_admin_run(&f->context, request);
    g_assert_true(json_is_false(json_object_get(answer, "ok")));
    g_assert_cmpstr(json_string_value(json_object_get(answer, "error")), ==, message);
}

static void test_wrong(void)
{
    Fixture f;
    fixture_init(&f);
    assert_bad(&f, "1", "a request has 1 to 1000 words");
    assert_bad(&f, "{\"words\": \"user\"}", "a request has 1 to 1000 words");
    assert_bad(&f, "{\"words\": []}", "a request has 1 to 1000 words");
    assert_bad(&f, "{\"words\": [\"user\", 1]}", "the words of a request are texts");
    assert_bad(&f, "{\"words\": [\"user\"]}", "there is no command 'user' here");
    assert_bad(&f, "{\"words\": [\"setup\"]}", "there is no command 'setup' here");
    assert_bad(&f, "{\"words\": [\"user\", \"list\"], \"options\": []}",
               "the options of a request are an object");
    assert_bad(&f, "{\"words\": [\"user\", \"list\"], \"options\": {\"x\": 1}}",
               "keryx user list has no option --x");
    assert_bad(&f, "{\"words\": [\"user\", \"add\", \"a\"], \"options\": {\"name\": 1}}",
               "--name takes a text");
    assert_bad(&f, "{\"words\": [\"log\", \"tail\", \"mail\"], \"options\": {\"lines\": -1}}",
               "--lines takes a whole number from 0 to 10000");
    assert_bad(&f, "{\"words\": [\"log\", \"tail\", \"mail\"], \"options\": {\"follow\": 1}}",
               "--follow takes no value");
    assert_bad(&f, "{\"words\": [\"user\", \"list\", \"a\", \"b\"]}",
               "too many words: keryx user list [DOMAIN]");
    json_auto_t *many = json_array();
    for (guint i = 0; i < 1001; i++)
        json_array_append_new(many, json_string("x"));
    json_auto_t *request = json_pack("{s:O}", "words", many);
    json_auto_t *answer = kx_admin_run(&f.context, request);
    g_assert_cmpstr(json_string_value(json_object_get(answer, "code")), ==, "invalid");
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/requests/domains", test_domains);
    g_test_add_func("/admin/requests/users", test_users);
    g_test_add_func("/admin/requests/ip-groups", test_ip_groups);
    g_test_add_func("/admin/requests/config", test_config);
    g_test_add_func("/admin/requests/logs", test_logs);
    g_test_add_func("/admin/requests/log-since", test_log_since);
    g_test_add_func("/admin/requests/debug", test_debug);
    g_test_add_func("/admin/requests/services", test_services);
    g_test_add_func("/admin/requests/wrong", test_wrong);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* keryx setup, serve, status, stop, version: the server as a whole. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "admin/api.h"
#include "admin/cli-private.h"
#include "admin/reference.h"
#include "admin/setup.h"
#include "base/error.h"

/* ---- setup ---- */

static const KxOption setup_options[] = {
    {"domain", KX_OPTION_TEXT, "DOMAIN", "Primary mail domain, like company.com."},
    {"hostname", KX_OPTION_TEXT, "HOST",
     "Internet host name of this server, like mail.company.com."},
    {"admin-name", KX_OPTION_TEXT, "NAME", "Login name of the administrator; admin if not given."},
    {"admin-password", KX_OPTION_SECRET, "SECRET", "Password of the administrator."},
    {"port-offset", KX_OPTION_INT, "N", "Is added to every port, so that no service needs root.",
     .max = 60000},
    {"replace", KX_OPTION_FLAG, NULL,
     "Sets the configuration of a server that is there aside (in backup-TIME) and makes a new one; "
     "mail stays."},
};

static char *option_text(const KxInvocation *invocation, const char *name)
{
    return g_strdup(json_string_value(json_object_get(invocation->options, name)));
}

static gboolean complete(KxSetup *setup, GError **error)
{
    if (setup->domain && setup->hostname && setup->password) {
        if (!setup->admin_name)
            setup->admin_name = g_strdup(KX_SETUP_ADMIN);
        if (!setup->data)
            setup->data = g_strdup(KX_DATA_PRESET);
        return TRUE;
    }
    if (isatty(STDIN_FILENO))
        return kx_setup_ask(setup, error);
    return kx_fail(
        error, KX_ERR_INVALID,
        "keryx setup needs --domain, --hostname and --admin-password, or a terminal to ask on");
}

static int setup_done(const KxInvocation *invocation, const KxSetup *setup)
{
    if (invocation->json) {
        g_autofree char *login = g_strdup_printf("%s@%s", setup->admin_name, setup->domain);
        json_auto_t *result = json_pack("{s:s, s:s, s:s, s:s}", "data", setup->data, "domain",
                                        setup->domain, "hostname", setup->hostname, "admin", login);
        kx_show_json(result, stdout);
    } else {
        printf("The server of %s is set up in %s; keryx serve --data %s starts it.\n",
               setup->domain, setup->data, setup->data);
    }
    return KX_EXIT_OK;
}

static int setup(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    g_auto(KxSetup) wish = {
        .data = invocation->data_given ? g_strdup(invocation->data) : NULL,
        .domain = option_text(invocation, "domain"),
        .hostname = option_text(invocation, "hostname"),
        .admin_name = option_text(invocation, "admin-name"),
        .password = option_text(invocation, "admin-password"),
        .port_offset =
            (guint)json_integer_value(json_object_get(invocation->options, "port-offset")),
        .replace = json_is_true(json_object_get(invocation->options, "replace")),
        .uid = invocation->uid,
    };
    if (!complete(&wish, &error)) {
        kx_cli_fail(error);
        return g_error_matches(error, KX_ERROR, KX_ERR_INVALID) ? KX_EXIT_USAGE : KX_EXIT_FAILED;
    }
    const char *weakness = *wish.password ? kx_password_weakness(wish.password) : NULL;
    if (!kx_setup_run(&wish, &error))
        return kx_cli_fail(error);
    if (weakness)
        fprintf(stderr, "keryx: warning: %s; change it with keryx user set\n", weakness);
    return setup_done(invocation, &wish);
}

/* ---- serve, version ---- */

static int serve(const KxInvocation *invocation)
{
    return invocation->serve(invocation->data);
}

static int version(const KxInvocation *invocation)
{
    json_auto_t *result = json_pack("{s:s}", "version", KX_VERSION);
    if (invocation->json)
        kx_show_json(result, stdout);
    else
        printf("keryx %s\n", KX_VERSION);
    return KX_EXIT_OK;
}

/* ---- help ---- */

static int help(const KxInvocation *invocation)
{
    g_autofree char *text = NULL;
    if (json_object_get(invocation->options, "openapi")) {
        json_auto_t *document = kx_api_document();
        kx_show_json(document, stdout);
        return KX_EXIT_OK;
    }
    if (json_object_get(invocation->options, "api"))
        text = kx_reference_api();
    else if (json_object_get(invocation->options, "markdown"))
        text = kx_reference_markdown();
    else if (json_object_get(invocation->options, "man"))
        text = kx_reference_man();
    if (text)
        fputs(text, stdout);
    else
        kx_cli_help(NULL, NULL, stdout);
    return KX_EXIT_OK;
}

static const KxOption help_options[] = {
    {"markdown", KX_OPTION_FLAG, NULL, "The whole reference as Markdown."},
    {"man", KX_OPTION_FLAG, NULL, "The whole reference as a manual page."},
    {"api", KX_OPTION_FLAG, NULL, "The resources of the administration API as Markdown."},
    {"openapi", KX_OPTION_FLAG, NULL, "The same as an OpenAPI document, in JSON."},
};

/* ---- status ---- */

/* In the core: its parent is the keeper, which answers for itself by being there. */
static json_t *keeper_row(void)
{
    return json_pack("{s:s, s:i, s:i, s:s, s:i}", "role", "keeper", "index", 0, "pid",
                     (int)getppid(), "state", "running", "restarts", 0);
}

static guint count(const KxCall *call, KxObject object)
{
    const KxQuery nobody = {.offset = G_MAXUINT};
    guint total = 0;
    g_autoptr(GPtrArray) page =
        kx_object_list(call->context->core->directory, object, &nobody, &total, NULL);
    return page ? total : 0;
}

static json_t *status(const KxCall *call, GError **error)
{
    json_t *result = call->context->server->status(call->context->server->data);
    json_array_insert_new(json_object_get(result, "roles"), 0, keeper_row());
    json_object_set_new(result, "running", json_true());
    json_object_set_new(result, "domains", json_integer(count(call, KX_OBJECT_DOMAIN)));
    json_object_set_new(result, "users", json_integer(count(call, KX_OBJECT_USER)));
    return result;
}

static void show_certificates(const json_t *list, FILE *out)
{
    const json_t *row;
    size_t i;
    json_array_foreach(list, i, row) fprintf(
        out, "%s: certificate '%s'%s, %s\n", json_string_value(json_object_get(row, "state")),
        json_string_value(json_object_get(row, "name")),
        json_is_true(json_object_get(row, "active")) ? ", the active one" : "",
        json_string_value(json_object_get(row, "until")));
}

static void show_status(const json_t *result, FILE *out)
{
    const json_t *note = json_object_get(result, "note");
    fprintf(out, "Keryx %s on %s is running.\n",
            json_string_value(json_object_get(result, "version")),
            json_string_value(json_object_get(result, "hostname")));
    fprintf(out, "Users: %" JSON_INTEGER_FORMAT ", domains: %" JSON_INTEGER_FORMAT "\n",
            json_integer_value(json_object_get(result, "users")),
            json_integer_value(json_object_get(result, "domains")));
    if (note)
        fprintf(out, "Note: %s\n", json_string_value(note));
    show_certificates(json_object_get(result, "certificates"), out);
    fprintf(out, "\n");
    kx_show_table("role:Role,index:Number,pid:Process,state:State,restarts:Restarts",
                  json_object_get(result, "roles"), out);
    fprintf(out, "\n");
    kx_show_table("title:Service,status:Status,startup:Startup,listen:Addresses,access:Access,"
                  "connections:Connections,error:Error",
                  json_object_get(result, "services"), out);
    const json_t *conversions = json_object_get(result, "conversions");
    fprintf(out,
            "\nAttachments converted to text: %" JSON_INTEGER_FORMAT
            ", broken: %" JSON_INTEGER_FORMAT ", waiting: %" JSON_INTEGER_FORMAT "\n",
            json_integer_value(json_object_get(conversions, "done")),
            json_integer_value(json_object_get(conversions, "failed")),
            json_integer_value(json_object_get(conversions, "waiting")));
    fprintf(out, "%zu sessions\n", json_array_size(json_object_get(result, "sessions")));
}

static int ask_status(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!kx_cli_enter(invocation->data, &error))
        return kx_cli_fail(error);
    if (kx_cli_server_pid() == 0) {
        if (invocation->json)
            printf("{\"running\": false}\n");
        fprintf(stderr, "keryx: the server is not running; keryx serve --data %s starts it\n",
                invocation->data);
        return KX_EXIT_FAILED;
    }
    json_auto_t *answer = kx_cli_ask(invocation, &error);
    return answer ? kx_cli_answer(invocation, answer) : kx_cli_fail(error);
}

/* ---- stop ---- */

enum { STOP_SECONDS = 120, STOP_STEP_MS = 20 };

/* TRUE when the server has let go of the data directory. */
static gboolean wait_stopped(int pid)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)STOP_SECONDS * G_USEC_PER_SEC;
    while (g_get_monotonic_time() < deadline) {
        if (kx_cli_server_pid() != pid)
            return TRUE;
        g_usleep(STOP_STEP_MS * 1000);
    }
    return FALSE;
}

static gboolean stop_server(const KxInvocation *invocation, GError **error)
{
    if (!kx_cli_enter(invocation->data, error))
        return FALSE;
    int pid = kx_cli_server_pid();
    if (pid == 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "no server is running in %s", invocation->data);
    if (!invocation->json)
        printf("Stopping the server (process %d) ...\n", pid);
    fflush(stdout);
    if (kill(pid, SIGTERM) < 0 && errno != ESRCH)
        return kx_error_errno(error, "cannot stop process %d", pid);
    if (!wait_stopped(pid))
        return kx_fail(error, KX_ERR_BUSY,
                       "process %d is still finishing its work after %d seconds", pid,
                       STOP_SECONDS);
    return TRUE;
}

static int stop(const KxInvocation *invocation)
{
    g_autoptr(GError) error = NULL;
    if (!stop_server(invocation, &error))
        return kx_cli_fail(error);
    printf(invocation->json ? "{\"stopped\": true}\n" : "Stopped.\n");
    return KX_EXIT_OK;
}

static const KxCommand commands[] = {
    {.words = "setup",
     .args = "",
     KX_OPTIONS(setup_options),
     .local = setup,
     .manual = "Sets up a new server in the data directory. On a terminal it asks for what is not "
               "given."},
    {.words = "serve",
     .args = "",
     .local = serve,
     .manual = "Runs the server in the foreground. It prints 'ready' when every service answers; "
               "SIGTERM stops it."},
    {.words = "status",
     .args = "",
     .api = "GET /status",
     .run = status,
     .local = ask_status,
     .show = show_status,
     .flags = KX_COMMAND_READS | KX_COMMAND_SERVER,
     .manual = "Shows what runs: roles, services, sessions; and how many users there are. Exit "
               "status 1 when the server is not "
               "running."},
    {.words = "stop",
     .args = "",
     .local = stop,
     .manual = "Stops the server and waits until it has finished its work."},
    {.words = "help",
     .args = "",
     KX_OPTIONS(help_options),
     .local = help,
     .manual = "Lists all commands."},
    {.words = "version", .args = "", .local = version, .manual = "Prints the version."},
};

const KxTopic kx_topic_server = {"server", "The server", commands, G_N_ELEMENTS(commands)};

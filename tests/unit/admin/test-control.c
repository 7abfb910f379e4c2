/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket, with clients that behave and clients that do not. */
#include "admin-test.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "admin/cli-private.h"
#include "base/paths.h"

typedef struct {
    Fixture f;
    int listener;
    KxControl *control;
} Served;

static void serve(Served *s, const KxServerHooks *hooks)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KX_PATH_CONTROL};
    fixture_init(&s->f);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(s->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(s->listener, 64), ==, 0);
    s->control = kx_control_start(s->listener, &s->f.core, hooks);
}

static void served_init(Served *s)
{
    serve(s, NULL);
}

static void served_clear(Served *s)
{
    kx_control_stop(s->control);
    close(s->listener);
    fixture_clear(&s->f);
}

static int connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = KX_PATH_CONTROL};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

static char *read_line(int fd)
{
    GString *line = g_string_new(NULL);
    char c;
    while (recv(fd, &c, 1, 0) == 1 && c != '\n')
        g_string_append_c(line, c);
    return g_string_free(line, FALSE);
}

static void say(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, (gssize)strlen(text));
}

static void test_requests(void)
{
    Served s;
    served_init(&s);
    json_auto_t *request = json_pack("{s:[s,s,s]}", "words", "domain", "add", "company.test");
    g_autoptr(GError) error = NULL;
    json_auto_t *answer = kx_control_ask(request, 10, &error);
    g_assert_no_error(error);
    g_assert_true(json_is_true(json_object_get(answer, "ok")));
    g_autofree char *who =
        g_strdup_printf(getuid() == 0 ? "root (local)" : "uid %u (local)", getuid());
    g_autofree char *line =
        g_strdup_printf("%s - insert Domain set Name='company.test', Primary='1'", who);
    assert_last_line("config", line);
    /* Several requests on one connection, in pieces and at once. */
    int fd = connect_control();
    say(fd, "{\"words\": [\"user\", \"li");
    g_usleep(20000);
    say(fd, "st\"]}\n{\"words\": [\"nonsense\"]}\nnot json\n");
    g_autofree char *one = read_line(fd), *two = read_line(fd), *three = read_line(fd);
    g_assert_cmpstr(one, ==, "{\"ok\":true,\"result\":[]}");
    g_assert_cmpstr(
        two, ==,
        "{\"ok\":false,\"error\":\"there is no command 'nonsense' here\",\"code\":\"invalid\"}");
    g_assert_cmpstr(three, ==,
                    "{\"ok\":false,\"error\":\"the request is not JSON\",\"code\":\"invalid\"}");
    close(fd);
    served_clear(&s);
}

static gboolean is_role(gpointer data, guint pid)
{
    return pid == *(const guint *)data;
}

/* A process of the server itself administers nothing, though it has the same user. */
static void test_role(void)
{
    Served s;
    guint role = (guint)getpid();
    const KxServerHooks hooks = {.is_role = is_role, .data = &role};
    json_auto_t *request = json_pack("{s:[s,s]}", "words", "user", "list");
    serve(&s, &hooks);
    json_auto_t *refused = kx_control_ask(request, 10, NULL);
    g_assert_null(refused);
    served_clear(&s);
    role = 1;
    serve(&s, &hooks);
    json_auto_t *answer = kx_control_ask(request, 10, NULL);
    g_assert_nonnull(answer);
    served_clear(&s);
}

/* A line without end is cut off at its limit, not collected. */
static void test_flood(void)
{
    Served s;
    served_init(&s);
    int fd = connect_control();
    g_autofree char *block = g_strnfill(65536, 'x');
    size_t sent = 0;
    ssize_t n;
    while (sent < 2 * (size_t)KX_CONTROL_MAX && (n = send(fd, block, 65536, MSG_NOSIGNAL)) > 0)
        sent += (size_t)n;
    g_assert_cmpuint(sent, <, (size_t)KX_CONTROL_MAX + 4 * 1024 * 1024);
    close(fd);
    json_auto_t *request = json_pack("{s:[s,s]}", "words", "user", "list");
    json_auto_t *answer = kx_control_ask(request, 10, NULL);
    g_assert_nonnull(answer);
    served_clear(&s);
}

static gpointer ask_often(gpointer data)
{
    json_auto_t *request = json_pack("{s:[s,s]}", "words", "domain", "list");
    for (guint i = 0; i < 50; i++) {
        json_auto_t *answer = kx_control_ask(request, 20, NULL);
        g_assert_nonnull(answer);
    }
    return NULL;
}

static void test_many(void)
{
    Served s;
    GThread *threads[8];
    served_init(&s);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("client", ask_often, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    served_clear(&s);
}

/* Silent clients hold nothing up when the server stops. */
static void test_stop(void)
{
    Served s;
    int fds[6];
    served_init(&s);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = connect_control();
        say(fds[i], "{");
    }
    g_usleep(50000);
    gint64 start = g_get_monotonic_time();
    served_clear(&s);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 2 * G_USEC_PER_SEC);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

static void test_nobody(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = enter_folder();
    json_auto_t *request = json_object();
    g_assert_null(kx_control_ask(request, 1, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_NOT_FOUND);
    leave_folder(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admin/control/requests", test_requests);
    g_test_add_func("/admin/control/role", test_role);
    g_test_add_func("/admin/control/flood", test_flood);
    g_test_add_func("/admin/control/many", test_many);
    g_test_add_func("/admin/control/stop", test_stop);
    g_test_add_func("/admin/control/nobody", test_nobody);
    return g_test_run();
}

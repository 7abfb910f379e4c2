/* SPDX-License-Identifier: Apache-2.0 */
/* Questions at once, with a courier that answers when the test says so. */
#include <unistd.h>

#include "../directory/directory-test.h"
#include "ipc/channel.h"
#include "mapping/mapping-private.h"

enum { QUESTIONS_MAX = 1000 };

static KxMutex lock;
static int waiting[QUESTIONS_MAX];
static int password = -1; /* the same of a question about one, which a test answers by itself */
static guint n_waiting, asked;
static KxDirectoryState at_once; /* what is answered; KX_DIRECTORY_GOOD: nothing, for now */

static void end_question(int channel, KxDirectoryState state)
{
    const KxMsgDirectoryEnd end = {.state = state,
                                   .text = "as the test wishes",
                                   .host = "ldap.company.test",
                                   .ip = "",
                                   .tls = ""};
    kx_channel_send(channel, KX_MSG_DIRECTORY_END, 0, &end, -1);
}

static gboolean ask(gpointer data, KxMessageType type, guint32 session, const void *body, int fd)
{
    g_assert_cmpint(type, ==, KX_MSG_DIRECTORY_TASK);
    int channel = dup(fd);
    kx_mutex_lock(&lock);
    g_assert_cmpuint(n_waiting, <, QUESTIONS_MAX);
    asked++;
    if (((const KxMsgDirectoryTask *)body)->check) {
        g_assert_cmpint(password, <, 0);
        password = channel;
    } else if (at_once == KX_DIRECTORY_GOOD) {
        waiting[n_waiting++] = channel;
    } else {
        end_question(channel, at_once);
        close(channel);
    }
    kx_mutex_unlock(&lock);
    return TRUE;
}

static void answer_all(KxDirectoryState state)
{
    kx_mutex_lock(&lock);
    at_once = state;
    while (n_waiting > 0) {
        end_question(waiting[--n_waiting], state);
        close(waiting[n_waiting]);
    }
    kx_mutex_unlock(&lock);
}

typedef struct {
    Fixture f;
    KxMapping *mapping;
} Server;

static void server_init(Server *server)
{
    kx_mutex_init(&lock);
    asked = 0;
    at_once = KX_DIRECTORY_GOOD;
    fixture_init(&server->f);
    ASSERT_OK(kx_object_add(
        server->f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.test",
        FIELDS({"directory", "openldap"}, {"directory-hosts", "ldap.company.test"}), error));
    server->mapping = kx_mapping_start(server->f.directory, server->f.logger);
    const KxQueueCourier courier = {ask, NULL};
    kx_mapping_set_courier(server->mapping, &courier);
}

static void server_clear(Server *server)
{
    kx_mapping_stop(server->mapping);
    answer_all(KX_DIRECTORY_UNREACHABLE);
    kx_mapping_free(server->mapping);
    fixture_clear(&server->f);
    kx_mutex_clear(&lock);
}

static gpointer find_one(gpointer data)
{
    Server *server = ((gpointer *)data)[0];
    return GINT_TO_POINTER(kx_mapped_find(server->f.directory, ((gpointer *)data)[1]));
}

static double seconds_since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
}

/* However many ask, and whatever comes of it, none waits for long. */
static void test_nobody_waits_for_long(void)
{
    Server server;
    GThread *threads[20];
    gpointer given[20][2];
    server_init(&server);
    gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        given[i][0] = &server;
        given[i][1] = g_strdup_printf("user%u@company.test", i);
        threads[i] = g_thread_new("finder", find_one, given[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(threads[i])), ==, KX_MAPPED_LATER);
        g_free(given[i][1]);
    }
    g_assert_cmpfloat(seconds_since(start), <, KX_MAP_WAIT_SECONDS + 1.5);
    kx_mutex_lock(&lock);
    g_assert_cmpuint(asked, <=, KX_MAP_FINDING + 1); /* and the look at all */
    kx_mutex_unlock(&lock);
    server_clear(&server);
}

static void wait_down(Server *server, gboolean down)
{
    for (int i = 0; i < 100 && kx_map_is_down(server->mapping, "company.test") != down; i++)
        g_usleep(20000);
    g_assert_cmpint(kx_map_is_down(server->mapping, "company.test"), ==, down);
}

/* Of a directory that is known to be down nobody waits for an answer. */
static void test_down(void)
{
    Server server;
    const char *reason = NULL;
    server_init(&server);
    answer_all(KX_DIRECTORY_UNREACHABLE);
    wait_down(&server, TRUE);
    guint before = asked;
    for (int i = 0; i < 10; i++) {
        g_assert_cmpint(kx_mapped_find(server.f.directory, "x@company.test"), ==, KX_MAPPED_LATER);
        g_autoptr(KxUser) user = NULL;
        g_assert_cmpint(kx_auth_password(server.f.directory, "julia@company.test", "x", NULL, NULL,
                                         &user, &reason),
                        ==, KX_AUTH_BUSY);
    }
    g_assert_cmpuint(asked, ==, before);
    server_clear(&server);
}

/* What never reached a server, or was about one entry, says nothing of the directory. */
static void test_not_down(void)
{
    static const KxDirectoryState states[] = {KX_DIRECTORY_NOT_ASKED, KX_DIRECTORY_FAILED};
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        Server server;
        server_init(&server);
        answer_all(states[i]);
        for (int j = 0; j < 10; j++) {
            g_autofree char *address = g_strdup_printf("user%d@company.test", j);
            g_assert_cmpint(kx_mapped_find(server.f.directory, address), ==, KX_MAPPED_LATER);
        }
        g_assert_false(kx_map_is_down(server.mapping, "company.test"));
        kx_mutex_lock(&lock);
        g_assert_cmpuint(asked, >=, 10);
        kx_mutex_unlock(&lock);
        server_clear(&server);
    }
}

/* ---- passwords ---- */

static gpointer sign_in(gpointer data)
{
    g_autoptr(KxUser) user = NULL;
    const char *reason = NULL;
    return GINT_TO_POINTER(kx_auth_password(((Server *)data)->f.directory, "julia@company.test",
                                            "x", NULL, NULL, &user, &reason));
}

/* The channel of the question that this causes. */
static int take_password(void)
{
    int channel = -1;
    for (int i = 0; i < 500 && channel < 0; i++) {
        kx_mutex_lock(&lock);
        channel = password;
        password = -1;
        kx_mutex_unlock(&lock);
        g_usleep(10000);
    }
    g_assert_cmpint(channel, >=, 0);
    return channel;
}

static void answer_right(int channel)
{
    const KxMsgDirectoryEntry entry = {"uid=julia,dc=company"};
    const KxMsgDirectoryValue value = {0, {"julia", 5}};
    const KxMsgDirectoryEnd end = {
        .state = KX_DIRECTORY_GOOD, .right = 1, .text = "", .host = "h", .ip = "", .tls = ""};
    kx_channel_send(channel, KX_MSG_DIRECTORY_ENTRY, 0, &entry, -1);
    kx_channel_send(channel, KX_MSG_DIRECTORY_VALUE, 0, &value, -1);
    kx_channel_send(channel, KX_MSG_DIRECTORY_END, 0, &end, -1);
    close(channel);
}

/* Who took the password has no say about the domain any more, even if the account is one of its. */
static void test_directory_changed_meanwhile(void)
{
    Server server;
    server_init(&server);
    for (int changed = 0; changed <= 1; changed++) {
        GThread *thread = g_thread_new("sign-in", sign_in, &server);
        int channel = take_password();
        if (changed)
            ASSERT_OK(kx_object_set(server.f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.test",
                                    FIELDS({"directory-hosts", "other.company.test"}), error));
        answer_right(channel);
        g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==,
                        changed ? KX_AUTH_BUSY : KX_AUTH_OK);
        ASSERT_OK(kx_object_set(server.f.directory, &ADMIN, KX_OBJECT_USER, "julia@company.test",
                                FIELDS({"quota", "1000"}), error)); /* nothing is remembered */
    }
    server_clear(&server);
}

/* ---- a courier that is not what it should be ---- */

static gboolean send_other(int channel)
{
    return kx_channel_send(channel, KX_MSG_MAIL_LINE, 0, &(KxMsgMailLine){"x", "y"}, -1);
}

static gboolean send_value(int channel)
{
    const KxMsgDirectoryValue value = {0, {"x", 1}};
    return kx_channel_send(channel, KX_MSG_DIRECTORY_VALUE, 0, &value, -1);
}

/* Something comes all the time, and never the end: for how long is that listened to? */
static double listens(Server *server, gboolean (*send)(int channel))
{
    GThread *thread = g_thread_new("sign-in", sign_in, server);
    int channel = take_password();
    gint64 start = g_get_monotonic_time();
    while (send(channel) && seconds_since(start) < 20)
        g_usleep(200000);
    double seconds = seconds_since(start);
    close(channel);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, KX_AUTH_BUSY);
    return seconds;
}

static void test_endless(void)
{
    Server server;
    server_init(&server);
    ASSERT_OK(kx_object_set(server.f.directory, &ADMIN, KX_OBJECT_DOMAIN, "company.test",
                            FIELDS({"directory-timeout", "1"}), error));
    g_assert_cmpfloat(listens(&server, send_other), <, 2);
    g_assert_cmpfloat(listens(&server, send_value), <, 16);
    server_clear(&server);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/live/nobody-waits-for-long", test_nobody_waits_for_long);
    g_test_add_func("/live/down", test_down);
    g_test_add_func("/live/not-down", test_not_down);
    g_test_add_func("/live/directory-changed-meanwhile", test_directory_changed_meanwhile);
    g_test_add_func("/live/endless", test_endless);
    return g_test_run();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on their way to syslog servers: all transports' framing, servers that are gone, stuck
 * or come late. */
#include "courier/syslog-sender.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UDP, TCP };

typedef struct {
    struct event_base *base;
    KxSyslogSender *sender;
    GPtrArray *reports;
    int journal[2];
    int server;
    guint port;
} Fixture;

static void report(gpointer data, const char *text)
{
    Fixture *f = data;
    g_ptr_array_add(f->reports, g_strdup(text));
}

static void serve(Fixture *f, int kind, guint port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((guint16)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int on = 1;
    f->server = socket(AF_INET, kind | SOCK_NONBLOCK, 0);
    setsockopt(f->server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    g_assert_cmpint(bind(f->server, (struct sockaddr *)&address, sizeof address), ==, 0);
    if (kind == SOCK_STREAM)
        g_assert_cmpint(listen(f->server, 8), ==, 0);
    g_assert_cmpint(getsockname(f->server, (struct sockaddr *)&address, &len), ==, 0);
    f->port = ntohs(address.sin_port);
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->base = event_base_new();
    f->reports = g_ptr_array_new_with_free_func(g_free);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, f->journal), ==, 0);
    f->sender = kx_syslog_sender_new(f->base, f->journal[0], report, f);
    f->server = -1;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    kx_syslog_sender_free(f->sender);
    event_base_free(f->base);
    g_ptr_array_unref(f->reports);
    close(f->journal[0]);
    close(f->journal[1]);
    if (f->server >= 0)
        close(f->server);
}

static void send_line(Fixture *f, guint transport, const char *text)
{
    KxMsgSyslog line = {"127.0.0.1", f->port, transport, KX_SLICE_STR(text)};
    kx_syslog_sender_send(f->sender, &line);
}

static void run(Fixture *f, guint ms)
{
    struct timeval tv = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    event_base_loopexit(f->base, &tv);
    event_base_dispatch(f->base);
}

/* Runs the loop until the descriptor has something. */
static void await(Fixture *f, int fd, char *got, size_t room)
{
    for (int i = 0; i < 200; i++) {
        run(f, 20);
        ssize_t n = recv(fd, got, room - 1, MSG_DONTWAIT);
        if (n > 0) {
            got[n] = '\0';
            return;
        }
    }
    g_assert_not_reached();
}

static int await_client(Fixture *f)
{
    for (int i = 0; i < 500; i++) {
        run(f, 20);
        int client = accept4(f->server, NULL, NULL, SOCK_NONBLOCK);
        if (client >= 0)
            return client;
    }
    g_assert_not_reached();
}

static void test_udp(Fixture *f, gconstpointer data)
{
    char got[100];
    serve(f, SOCK_DGRAM, 0);
    send_line(f, UDP, "<14>one");
    send_line(f, UDP, "<14>two");
    await(f, f->server, got, sizeof got);
    g_assert_cmpstr(got, ==, "<14>one"); /* a datagram each */
    await(f, f->server, got, sizeof got);
    g_assert_cmpstr(got, ==, "<14>two");
    g_assert_cmpuint(f->reports->len, ==, 0);
}

static void test_tcp(Fixture *f, gconstpointer data)
{
    char got[100];
    serve(f, SOCK_STREAM, 0);
    send_line(f, TCP, "7 <14>one");
    send_line(f, TCP, "7 <14>two");
    int client = await_client(f);
    await(f, client, got, sizeof got);
    g_assert_cmpstr(got, ==, "7 <14>one7 <14>two");
    send_line(f, TCP, "9 <14>three"); /* on the same connection */
    await(f, client, got, sizeof got);
    g_assert_cmpstr(got, ==, "9 <14>three");
    close(client);
}

static void test_comes_late(Fixture *f, gconstpointer data)
{
    char got[100];
    serve(f, SOCK_STREAM, 0);
    guint port = f->port;
    close(f->server);
    send_line(f, TCP, "one ");
    run(f, 200);
    g_assert_cmpuint(f->reports->len, ==, 1);
    g_assert_nonnull(strstr(f->reports->pdata[0], "cannot be reached"));
    send_line(f, TCP, "two ");
    serve(f, SOCK_STREAM, port);
    int client = await_client(f);
    await(f, client, got, sizeof got);
    g_assert_cmpstr(got, ==, "one two ");
    g_assert_cmpuint(f->reports->len, ==, 2); /* said once each way */
    g_assert_nonnull(strstr(f->reports->pdata[1], "is reached again; 0 lines were dropped"));
    close(client);
}

/* What a server does not take is bounded, wherever it waits; lines beyond are counted. */
static void test_stuck(Fixture *f, gconstpointer data)
{
    g_autofree char *line = g_strnfill(10000, 'x');
    serve(f, SOCK_STREAM, 0);
    send_line(f, TCP, "first");
    int client = await_client(f);
    for (int i = 0; i < 3000; i++) { /* 30 MB */
        send_line(f, TCP, line);
        if (i % 100 == 0)
            run(f, 1);
    }
    size_t total = 0;
    for (int idle = 0; idle < 20;) {
        char got[65536];
        run(f, 10);
        ssize_t n = recv(client, got, sizeof got, MSG_DONTWAIT);
        total += n > 0 ? (size_t)n : 0;
        idle = n > 0 ? 0 : idle + 1;
    }
    g_assert_cmpuint(total, >, 1000000);
    g_assert_cmpuint(total, <, 12000000);
    close(client);
}

static void test_journal(Fixture *f, gconstpointer data)
{
    char got[100];
    KxMsgSyslog line = {"", 0, KX_SYSLOG_TO_JOURNAL, KX_SLICE_STR("MESSAGE=x\n")};
    kx_syslog_sender_send(f->sender, &line);
    await(f, f->journal[1], got, sizeof got);
    g_assert_cmpstr(got, ==, "MESSAGE=x\n");
    for (int i = 0; i < 100000; i++) /* a full journal holds nobody up */
        kx_syslog_sender_send(f->sender, &line);
    KxMsgSyslog unknown = {"127.0.0.1", 1, 99, KX_SLICE_STR("x")};
    kx_syslog_sender_send(f->sender, &unknown);
}

static void test_finish(Fixture *f, gconstpointer data)
{
    char got[100];
    serve(f, SOCK_STREAM, 0);
    send_line(f, TCP, "last words");
    kx_syslog_sender_finish(f->sender, 3);
    int client = accept4(f->server, NULL, NULL, SOCK_NONBLOCK);
    g_assert_cmpint(client, >=, 0);
    await(f, client, got, sizeof got);
    g_assert_cmpstr(got, ==, "last words");
    close(client);
    close(f->server);
    f->server = -1;
    run(f, 50);
    gint64 begin = g_get_monotonic_time();
    send_line(f, TCP, "nobody hears this");
    kx_syslog_sender_finish(f->sender, 2);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 3 * G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
    g_test_add("/courier/syslog-sender/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("udp", test_udp);
    ADD("tcp", test_tcp);
    ADD("comes-late", test_comes_late);
    ADD("stuck", test_stuck);
    ADD("journal", test_journal);
    ADD("finish", test_finish);
    return g_test_run();
}

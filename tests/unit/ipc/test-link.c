/* SPDX-License-Identifier: Apache-2.0 */
/* Links in an event loop: order under a stuffed peer, descriptors in the queue, and being freed
 * from a callback. */
#include "ipc/link.h"

#include <fcntl.h>
#include <unistd.h>

typedef struct {
    struct event_base *base;
    KxLink *a, *b; /* a is the core, b an edge */
    guint received, closed, stop_at;
    gboolean free_in_message, free_in_closed, was_bad;
} Fixture;

static void on_message(gpointer data, KxLink *link, KxMessage *message)
{
    Fixture *f = data;
    g_assert_cmpuint(message->session, ==, f->received);
    f->received++;
    if (f->free_in_message)
        g_clear_pointer(&f->b, kx_link_free);
    if (f->received == f->stop_at)
        event_base_loopbreak(f->base);
}

static void on_closed(gpointer data, KxLink *link, const GError *error)
{
    Fixture *f = data;
    f->closed++;
    f->was_bad = error != NULL;
    if (f->free_in_closed)
        g_clear_pointer(&f->b, kx_link_free);
    event_base_loopbreak(f->base);
}

static const KxLinkCallbacks callbacks = {on_message, on_closed};

static void set_up(Fixture *f, gconstpointer data)
{
    int fds[2];
    g_assert_true(kx_channel_pair(fds, NULL));
    f->base = event_base_new();
    f->a = kx_link_new(f->base, fds[0], KX_ROLE_CORE, KX_ROLE_EDGE, &callbacks, f);
    f->b = kx_link_new(f->base, fds[1], KX_ROLE_EDGE, KX_ROLE_CORE, &callbacks, f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    kx_link_free(f->a);
    kx_link_free(f->b);
    event_base_free(f->base);
}

static void test_queue(Fixture *f, gconstpointer data)
{
    g_autofree char *bytes = g_malloc0(60000);
    KxMsgReply reply = {.data = {bytes, 60000}};
    for (guint i = 0; i < 1000; i++)
        kx_link_send(f->a, KX_MSG_REPLY, i, &reply, -1);
    g_assert_cmpuint(kx_link_queued(f->a), >, 10000000);
    f->stop_at = 1000;
    event_base_dispatch(f->base);
    g_assert_cmpuint(f->received, ==, 1000);
    g_assert_cmpuint(kx_link_queued(f->a), ==, 0);
}

static void test_free_in_message(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 10; i++)
        kx_link_send(f->a, KX_MSG_SESSION_READY, i, &(KxMsgSessionReady){0}, -1);
    f->free_in_message = TRUE;
    event_base_dispatch(f->base);
    g_assert_cmpuint(f->received, ==, 1);
    g_assert_cmpuint(f->closed, ==, 1); /* the other side saw the end */
}

static void test_free_in_closed(Fixture *f, gconstpointer data)
{
    g_clear_pointer(&f->a, kx_link_free);
    f->free_in_closed = TRUE;
    event_base_dispatch(f->base);
    g_assert_cmpuint(f->closed, ==, 1);
    g_assert_null(f->b);
}

/* The owner may also free it later; closed() is said once. */
static void test_free_after_closed(Fixture *f, gconstpointer data)
{
    g_clear_pointer(&f->a, kx_link_free);
    event_base_dispatch(f->base);
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    g_assert_cmpuint(f->closed, ==, 1);
    kx_link_send(f->b, KX_MSG_MORE, 1, &(KxMsgMore){}, -1); /* into the void */
}

/* A message that this peer may not send drops it. */
static void test_bad_peer(Fixture *f, gconstpointer data)
{
    kx_link_send(f->b, KX_MSG_REPLY, 0, &(KxMsgReply){0},
                 -1); /* an edge that speaks as the core does */
    event_base_dispatch(f->base);
    g_assert_cmpuint(f->closed, ==, 1);
    g_assert_true(f->was_bad);
    g_assert_cmpuint(f->received, ==, 0);
}

typedef struct {
    struct event_base *base;
    guint received, wanted;
} Counter;

static void on_listener(gpointer data, KxLink *link, KxMessage *message)
{
    Counter *counter = data;
    if (message->type == KX_MSG_LISTENER) {
        char byte = 0;
        g_assert_cmpint(message->fd, >=, 0);
        g_assert_cmpint(write(message->fd, &byte, 1), ==, 1);
    }
    if (++counter->received == counter->wanted)
        event_base_loopbreak(counter->base);
}

/* Queued descriptors are duplicates: the caller may close its own at once. */
static void test_queued_descriptors(void)
{
    static const KxLinkCallbacks listener_callbacks = {on_listener, NULL};
    int fds[2], pipe_fds[2];
    g_assert_true(kx_channel_pair(fds, NULL));
    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    Counter counter = {event_base_new(), 0, 450};
    g_autoptr(KxLink) keeper =
        kx_link_new(counter.base, fds[0], KX_ROLE_KEEPER, KX_ROLE_EDGE, &listener_callbacks, NULL);
    g_autoptr(KxLink) edge = kx_link_new(counter.base, fds[1], KX_ROLE_EDGE, KX_ROLE_KEEPER,
                                         &listener_callbacks, &counter);
    g_autofree char *bytes = g_malloc0(16000);
    KxMsgCertificate filler = {.name = "x", .chain = {bytes, 16000}};
    for (int i = 0; i < 400; i++) /* stuff the channel */
        kx_link_send(keeper, KX_MSG_CERTIFICATE, 0, &filler, -1);
    for (int i = 0; i < 50; i++)
        kx_link_send(keeper, KX_MSG_LISTENER, 0, &(KxMsgListener){1}, pipe_fds[1]);
    close(pipe_fds[1]);
    event_base_dispatch(counter.base);
    char got[64];
    g_assert_cmpint(read(pipe_fds[0], got, sizeof got), ==, 50);
    g_assert_cmpint(read(pipe_fds[0], got, sizeof got), ==, 0); /* no copy was left open */
    close(pipe_fds[0]);
    g_clear_pointer(&keeper, kx_link_free);
    g_clear_pointer(&edge, kx_link_free);
    event_base_free(counter.base);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/ipc/link/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("queue", test_queue);
    ADD("free-in-message", test_free_in_message);
    ADD("free-in-closed", test_free_in_closed);
    ADD("free-after-closed", test_free_after_closed);
    ADD("bad-peer", test_bad_peer);
    g_test_add_func("/ipc/link/queued-descriptors", test_queued_descriptors);
    return g_test_run();
}

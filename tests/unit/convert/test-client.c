/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's side: a thread here is the keeper and the process that converts, honest or not.
 */
#include "convert/convert.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/lock.h"
#include "convert/limits.h"
#include "ipc/channel.h"

typedef enum { HONEST, DIES, LIES_BINARY, LIES_TOO_MUCH, LIES_NUMBER, FAILS } Manner;

typedef struct {
    KxConvert *convert;
    Manner manner;
    GThread *threads[16];
    guint n_threads;
    int starts, ends, busy; /* atomic */
    gboolean broken_start;
} World;

static void answer(int fd, guint32 request, KxConvertState state, const char *text, size_t len)
{
    KxMsgConverted message = {state, {text, len}, KX_ERR_DENIED, "it is encrypted"};
    kx_channel_send(fd, KX_MSG_CONVERTED, request, &message, -1);
}

static void serve_one(const World *world, int fd, const KxMessage *message)
{
    char content[16] = "";
    g_autofree char *much = g_strnfill(65536, 'x');
    g_assert_cmpint(pread(message->fd, content, sizeof content, 0), ==,
                    (int)message->CONVERT_CONTENT.size);
    g_assert_cmpint(write(message->fd, "x", 1), <, 0); /* sealed */
    switch (world->manner) {
    case HONEST:
        answer(fd, message->session, KX_CONVERT_PIECE, "text of ", 8);
        answer(fd, message->session, KX_CONVERT_DONE, content, strlen(content));
        break;
    case FAILS:
        answer(fd, message->session, KX_CONVERT_FAILED, "", 0);
        break;
    case LIES_BINARY:
        answer(fd, message->session, KX_CONVERT_DONE, "\xff\xfe", 2);
        break;
    case LIES_TOO_MUCH:
        for (guint i = 0; i < KX_CONVERT_TEXT_MAX / 65536 + 1; i++)
            answer(fd, message->session, KX_CONVERT_PIECE, much, 65536);
        break;
    case LIES_NUMBER:
        answer(fd, message->session + 1, KX_CONVERT_DONE, "", 0);
        break;
    default:
        shutdown(fd, SHUT_RDWR);
        break;
    }
}

typedef struct {
    World *world;
    guint index;
} Start;

static gpointer be_process(gpointer data)
{
    g_autofree Start *start = data;
    World *world = start->world;
    int fds[2];
    if (world->broken_start) {
        kx_convert_ended(world->convert, start->index);
        return NULL;
    }
    g_assert_true(kx_channel_pair(fds, NULL));
    kx_convert_ready(world->convert, start->index, fds[0]);
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    KxMessage message;
    while (kx_channel_receive(fds[1], KX_ROLE_CORE, KX_ROLE_CONVERT, buffer, &message, NULL) ==
           KX_RECEIVED) {
        serve_one(world, fds[1], &message);
        close(message.fd);
    }
    close(fds[1]);
    kx_convert_ended(world->convert, start->index);
    return NULL;
}

static void tell(gpointer data, guint index, KxConverterAction action)
{
    World *world = data;
    if (action == KX_CONVERTER_END)
        g_atomic_int_inc(&world->ends);
    if (action == KX_CONVERTER_BUSY)
        g_atomic_int_inc(&world->busy);
    if (action != KX_CONVERTER_START)
        return;
    g_atomic_int_inc(&world->starts);
    Start *start = g_new(Start, 1);
    *start = (Start){world, index};
    g_assert_cmpuint(world->n_threads, <, G_N_ELEMENTS(world->threads));
    world->threads[world->n_threads++] = g_thread_new("process", be_process, start);
}

static World *world_new(Manner manner)
{
    World *world = g_new0(World, 1);
    world->manner = manner;
    world->convert = kx_convert_new(NULL, tell, world);
    return world;
}

static void world_free(World *world)
{
    kx_convert_stop(world->convert);
    for (guint i = 0; i < world->n_threads; i++)
        g_thread_join(world->threads[i]);
    kx_convert_free(world->convert);
    g_free(world);
}

static char *ask(World *world, const char *content, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));
    char *text = NULL;
    return kx_convert_text(world->convert, "text/plain", "a.txt", bytes, &text, error) ? text
                                                                                       : NULL;
}

static void test_text_comes_in_pieces(void)
{
    World *world = world_new(HONEST);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < 3; i++) {
        g_autofree char *text = ask(world, "a", &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, "text of a");
    }
    g_assert_cmpint(world->starts, ==, 1); /* one process serves them */
    g_assert_cmpint(world->busy, ==, 3);
    g_assert_cmpuint(kx_convert_counts(world->convert).done, ==, 3);
    world_free(world);
}

static void test_a_process_is_replaced(void)
{
    World *world = world_new(HONEST);
    for (guint i = 0; i < 120; i++) {
        g_autofree char *text = ask(world, "a", NULL);
        g_assert_cmpstr(text, ==, "text of a");
    }
    g_assert_cmpint(world->starts, ==, 3);
    g_assert_cmpint(world->ends, ==, 2);
    world_free(world);
}

static void test_an_error_is_passed_on(void)
{
    World *world = world_new(FAILS);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(ask(world, "a", &error));
        g_assert_error(error, KX_ERROR, KX_ERR_DENIED);
        g_assert_cmpstr(error->message, ==, "it is encrypted");
    }
    g_assert_cmpint(world->starts, ==, 1);
    g_assert_cmpuint(kx_convert_counts(world->convert).failed, ==, 0);
    world_free(world);
}

/* The process is ended, and the content is not tried again; other content is. */
static void test_broken(gconstpointer manner)
{
    World *world = world_new(GPOINTER_TO_UINT(manner));
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(ask(world, "bad", &error));
        g_assert_error(error, KX_ERROR, KX_ERR_FAILED);
    }
    g_assert_cmpint(world->busy, ==, 1);
    g_assert_cmpuint(kx_convert_counts(world->convert).failed, ==, 1);
    world->manner = HONEST;
    g_autofree char *text = ask(world, "good", NULL);
    g_assert_cmpstr(text, ==, "text of good");
    world_free(world);
}

static void test_no_process_can_be_started(void)
{
    World *world = world_new(HONEST);
    world->broken_start = TRUE;
    for (guint i = 0; i < 5; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(ask(world, "a", &error));
        g_assert_error(error, KX_ERROR, KX_ERR_BUSY);
    }
    g_assert_cmpint(world->starts, ==, 1); /* not one for each */
    world_free(world);
}

static void test_too_large(void)
{
    World *world = world_new(HONEST);
    g_autofree char *bytes = g_malloc0(KX_CONVERT_CONTENT_MAX + 1);
    g_autoptr(GBytes) content = g_bytes_new_static(bytes, KX_CONVERT_CONTENT_MAX + 1);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_assert_false(kx_convert_text(world->convert, "", NULL, content, &text, &error));
    g_assert_error(error, KX_ERROR, KX_ERR_TOO_BIG);
    g_assert_cmpint(world->starts, ==, 0);
    world_free(world);
}

static gpointer ask_often(gpointer data)
{
    for (guint i = 0; i < 10; i++) {
        g_autofree char *text = ask(data, "a", NULL);
        g_assert_cmpstr(text, ==, "text of a");
    }
    return NULL;
}

static void test_many_ask_at_once(void)
{
    World *world = world_new(HONEST);
    GThread *threads[12];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("asker", ask_often, world);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpuint(kx_convert_counts(world->convert).done, ==, 120);
    g_assert_cmpuint(kx_convert_counts(world->convert).waiting, ==, 0);
    world_free(world);
}

static void test_stopping_lets_nobody_wait(void)
{
    World *world = world_new(HONEST);
    kx_convert_stop(world->convert);
    g_autoptr(GError) error = NULL;
    g_assert_null(ask(world, "a", &error));
    g_assert_error(error, KX_ERROR, KX_ERR_BUSY);
    g_assert_cmpint(world->starts, ==, 0);
    world_free(world);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        Manner manner;
    } manners[] = {{"dies", DIES},
                   {"binary", LIES_BINARY},
                   {"too-much", LIES_TOO_MUCH},
                   {"number", LIES_NUMBER}};
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/convert/client/pieces", test_text_comes_in_pieces);
    g_test_add_func("/convert/client/replaced", test_a_process_is_replaced);
    g_test_add_func("/convert/client/error", test_an_error_is_passed_on);
    for (guint i = 0; i < G_N_ELEMENTS(manners); i++) {
        g_autofree char *name = g_strconcat("/convert/client/", manners[i].name, NULL);
        g_test_add_data_func(name, GUINT_TO_POINTER(manners[i].manner), test_broken);
    }
    g_test_add_func("/convert/client/no-start", test_no_process_can_be_started);
    g_test_add_func("/convert/client/too-large", test_too_large);
    g_test_add_func("/convert/client/many", test_many_ask_at_once);
    g_test_add_func("/convert/client/stop", test_stopping_lets_nobody_wait);
    return g_test_run();
}

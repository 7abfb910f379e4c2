/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions and workers as an edge sees them: one request each, credit window, tickets over a
 * restart, closing at any moment, pokes, edges that break the rules.
 */
#include <glib/gstdio.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/ticket.h"
#include "core/workers.h"
#include "ipc/channel.h"

/* ---- a protocol ---- */

enum { ECHO = 1, STREAM, WHOAMI, POKE_ME, SLOW, PUSH_ME };
enum { STREAM_BYTES = 3000000, PIECE = 50000 };

typedef struct {
    gint opened, closed, notified, cursors, pushes;
} Counts;

static Counts counts;

typedef struct {
    size_t left;
} Stream;

static void count_open(KxSession *session)
{
    if (!kx_session_data(session))
        g_atomic_int_inc(&counts.opened);
    kx_session_set_data(session, session);
}

static void stream_free(gpointer data)
{
    g_atomic_int_add(&counts.cursors, -1);
    g_free(data);
}

static KxStep stream_step(KxSession *session, gpointer cursor)
{
    Stream *stream = cursor;
    char piece[PIECE];
    memset(piece, 's', sizeof piece);
    while (stream->left > 0 && !kx_session_full(session)) {
        kx_session_write(session, piece, MIN(stream->left, sizeof piece));
        stream->left -= MIN(stream->left, sizeof piece);
    }
    if (stream->left > 0)
        return KX_STEP_MORE;
    kx_session_reply(session, 0, STREAM);
    return KX_STEP_DONE;
}

static void command(KxSession *session, const KxMsgCommand *body)
{
    switch (body->kind) {
    case STREAM: {
        Stream *stream = g_new(Stream, 1);
        stream->left = STREAM_BYTES;
        g_atomic_int_inc(&counts.cursors);
        kx_session_set_cursor(session, stream_step, stream, stream_free);
        return;
    }
    case WHOAMI:
        kx_session_puts(session, kx_session_login(session));
        break;
    case POKE_ME:
        kx_session_poke(session);
        break;
    case PUSH_ME:
        g_atomic_int_set(&counts.pushes, 1);
        kx_session_poke(session);
        break;
    case SLOW:
        g_usleep(2000);
        break;
    default:
        kx_session_write(session, body->data.data, body->data.len);
        kx_session_set_state(session, body->data.data, MIN(body->data.len, (size_t)100));
    }
    kx_session_reply(session, 0, body->kind);
}

static void message(KxSession *session, const KxMessage *in)
{
    count_open(session);
    if (in->type == KX_MSG_COMMAND)
        command(session, &in->COMMAND);
    else
        kx_session_verdict(session, 250, "2.0.0 OK");
}

static gboolean resume(KxSession *session, const void *state, size_t len)
{
    count_open(session);
    return len != 6 || memcmp(state, "refuse", 6) != 0;
}

static void notified(KxSession *session)
{
    g_atomic_int_inc(&counts.notified);
    if (g_atomic_int_get(&counts.pushes)) {
        char piece[PIECE];
        memset(piece, 'p', sizeof piece);
        if (kx_session_push_room(session) == 0)
            return;
        kx_session_write(session, piece, sizeof piece);
        kx_session_poke(session);
        return;
    }
    kx_session_puts(session, "news");
}

static void closed(KxSession *session)
{
    if (kx_session_data(session))
        g_atomic_int_inc(&counts.closed);
}

static const KxHandler handler = {
    .name = "TEST", .message = message, .resume = resume, .notify = notified, .close = closed};
static const KxHandler *const handlers[KX_PROTOCOL_COUNT] = {&handler, &handler, &handler};

/* ---- a core with one user, and an edge ---- */

typedef struct {
    char *folder;
    KxCore core;
    KxWorkers *workers;
    int edge;
    char *buffer;
} Fixture;

static const guint8 key[KX_TICKET_KEY] = {42};

static void other(gpointer data, guint edge, const KxMessage *in)
{
}

static void start(Fixture *f)
{
    int fds[2];
    g_assert_true(kx_channel_pair(fds, NULL));
    f->workers = kx_workers_new(&f->core, handlers, key, other, NULL);
    kx_workers_add_edge(f->workers, 0, fds[0]);
    f->edge = fds[1];
}

static void end(Fixture *f)
{
    close(f->edge);
    g_clear_pointer(&f->workers, kx_workers_free);
}

static void set_up(Fixture *f, gconstpointer data)
{
    static const KxAdmin admin = {"test", KX_LEVEL_FULL, NULL};
    g_autoptr(GError) error = NULL;
    counts = (Counts){0};
    f->folder = g_dir_make_tmp("keryx-workers-XXXXXX", &error);
    g_assert_cmpint(g_chdir(f->folder), ==, 0);
    KxLoggerOptions options = {.directory = "logs"};
    f->core.logger = kx_logger_open(&options, &error);
    f->core.directory = kx_directory_open(f->core.logger, &error);
    g_assert_no_error(error);
    f->core.lockout = kx_lockout_new(f->core.directory, f->core.logger);
    g_assert_true(
        kx_object_add(f->core.directory, &admin, KX_OBJECT_DOMAIN, "x.test", NULL, 0, &error));
    KxField password = {"password", "secret"};
    g_assert_true(kx_object_add(f->core.directory, &admin, KX_OBJECT_USER, "user@x.test", &password,
                                1, &error));
    f->buffer = g_malloc(KX_MESSAGE_MAX + 1);
    start(f);
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        remove_tree(entry);
    }
    g_clear_pointer(&dir, g_dir_close);
    g_remove(path);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    end(f);
    g_assert_cmpint(counts.opened, ==, counts.closed);
    g_assert_cmpint(counts.cursors, ==, 0);
    kx_lockout_free(f->core.lockout);
    kx_directory_close(f->core.directory);
    kx_logger_close(f->core.logger);
    g_assert_cmpint(g_chdir("/"), ==, 0);
    remove_tree(f->folder);
    g_free(f->folder);
    g_free(f->buffer);
}

static void receive(Fixture *f, KxMessageType type, KxMessage *ret)
{
    g_autoptr(GError) error = NULL;
    KxReceived got =
        kx_channel_receive(f->edge, KX_ROLE_CORE, KX_ROLE_EDGE, f->buffer, ret, &error);
    g_assert_no_error(error);
    g_assert_cmpint(got, ==, KX_RECEIVED);
    g_assert_cmpstr(kx_message_name(ret->type), ==, kx_message_name(type));
}

static gboolean is_dropped(Fixture *f)
{
    KxMessage in;
    KxReceived got;
    while ((got = kx_channel_receive(f->edge, KX_ROLE_CORE, KX_ROLE_EDGE, f->buffer, &in, NULL)) ==
           KX_RECEIVED)
        ;
    return got == KX_RECEIVE_CLOSED;
}

static void send_open(Fixture *f, guint32 id, KxSlice ticket)
{
    KxMsgSessionOpen open = {.service = KX_SERVICE_IMAPS,
                             .secure = 1,
                             .local_ip = "192.0.2.1",
                             .remote_ip = "192.0.2.2",
                             .ticket = ticket};
    g_assert_true(kx_channel_send(f->edge, KX_MSG_SESSION_OPEN, id, &open, -1));
}

static guint open_session(Fixture *f, guint32 id, KxSlice ticket)
{
    KxMessage in;
    send_open(f, id, ticket);
    receive(f, KX_MSG_SESSION_READY, &in);
    g_assert_cmpuint(in.session, ==, id);
    return in.SESSION_READY.state;
}

/* Returns the ticket. */
static GBytes *sign_in(Fixture *f, guint32 id)
{
    static const char plain[] = "\0user@x.test\0secret";
    KxMsgSasl sasl = {"PLAIN", 1, {plain, sizeof plain - 1}};
    kx_channel_send(f->edge, KX_MSG_SASL, id, &sasl, -1);
    KxMessage in;
    receive(f, KX_MSG_SASL_REPLY, &in);
    g_assert_cmpuint(in.SASL_REPLY.status, ==, KX_SASL_OK);
    g_assert_cmpstr(in.SASL_REPLY.user, ==, "user@x.test");
    g_assert_cmpuint(in.SASL_REPLY.ticket.len, >, 0);
    return g_bytes_new(in.SASL_REPLY.ticket.data, in.SASL_REPLY.ticket.len);
}

static void send_command(Fixture *f, guint32 id, guint kind, const char *text)
{
    kx_channel_send(f->edge, KX_MSG_COMMAND, id, &(KxMsgCommand){kind, KX_SLICE_STR(text)}, -1);
}

static KxSlice slice_of(GBytes *bytes)
{
    size_t len;
    const char *data = g_bytes_get_data(bytes, &len);
    return (KxSlice){data, len};
}

static const KxSlice no_ticket;

/* ---- tests ---- */

static void test_requests(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(open_session(f, 7, no_ticket), ==, KX_SESSION_NEW);
    g_autoptr(GBytes) ticket = sign_in(f, 7);
    for (int i = 0; i < 100; i++) {
        KxMessage in;
        send_command(f, 7, ECHO, "hello");
        receive(f, KX_MSG_REPLY, &in);
        g_assert_cmpuint(in.session, ==, 7);
        g_assert_cmpuint(in.REPLY.code, ==, ECHO);
        g_assert_cmpuint(in.REPLY.data.len, ==, 5);
        g_assert_true((in.REPLY.ticket.len > 0) == (i == 0)); /* only when the state changed */
    }
}

static void test_wrong_passwords(Fixture *f, gconstpointer data)
{
    static const KxSlice bad[] = {
        {"\0user@x.test\0wrong", 18},       {"\0user@x.test", 12},    {"", 0}, {"\0\0", 2},
        {"other\0user@x.test\0secret", 24}, {"\0us\0er\0secret", 13},
    };
    open_session(f, 1, no_ticket);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        KxMessage in;
        kx_channel_send(f->edge, KX_MSG_SASL, 1, &(KxMsgSasl){"PLAIN", 1, bad[i]}, -1);
        receive(f, KX_MSG_SASL_REPLY, &in);
        g_assert_cmpuint(in.SASL_REPLY.status, ==, KX_SASL_FAILED);
        g_assert_cmpuint(in.SASL_REPLY.ticket.len, ==, 0);
    }
    KxMessage in;
    kx_channel_send(f->edge, KX_MSG_SASL, 1, &(KxMsgSasl){"NONSENSE", 0, {0}}, -1);
    receive(f, KX_MSG_SASL_REPLY, &in);
    g_assert_cmpuint(in.SASL_REPLY.status, ==, KX_SASL_FAILED);
}

static void test_login_mechanism(Fixture *f, gconstpointer data)
{
    static const char *const steps[] = {"Username:", "Password:"};
    static const char *const answers[] = {"user", "secret"};
    open_session(f, 1, no_ticket);
    KxMessage in;
    kx_channel_send(f->edge, KX_MSG_SASL, 1, &(KxMsgSasl){"login", 0, {0}}, -1);
    for (guint i = 0; i < 2; i++) {
        receive(f, KX_MSG_SASL_REPLY, &in);
        g_assert_cmpuint(in.SASL_REPLY.status, ==, KX_SASL_CONTINUE);
        g_assert_cmpuint(in.SASL_REPLY.data.len, ==, strlen(steps[i]));
        g_assert_cmpint(memcmp(in.SASL_REPLY.data.data, steps[i], strlen(steps[i])), ==, 0);
        kx_channel_send(f->edge, KX_MSG_SASL, 1, &(KxMsgSasl){"", 0, KX_SLICE_STR(answers[i])}, -1);
    }
    receive(f, KX_MSG_SASL_REPLY, &in);
    g_assert_cmpuint(in.SASL_REPLY.status, ==, KX_SASL_OK);
}

/* Never more than a window ahead of the client, whatever the length of the answer. */
static void test_credit_window(Fixture *f, gconstpointer data)
{
    open_session(f, 1, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 1);
    send_command(f, 1, STREAM, "");
    size_t total = 0, window = 0;
    guint windows = 0;
    for (;;) {
        KxMessage in;
        receive(f, KX_MSG_REPLY, &in);
        total += in.REPLY.data.len;
        window += in.REPLY.data.len;
        g_assert_cmpuint(window, <=, 256 * 1024 + PIECE);
        if (in.REPLY.flags & KX_REPLY_PARTIAL)
            continue;
        if (!(in.REPLY.flags & KX_REPLY_MORE))
            break;
        struct pollfd nothing = {f->edge, POLLIN, 0};
        g_assert_cmpint(poll(&nothing, 1, 20), ==, 0); /* it waits */
        window = 0;
        windows++;
        kx_channel_send(f->edge, KX_MSG_MORE, 1, &(KxMsgMore){}, -1);
    }
    g_assert_cmpuint(total, ==, STREAM_BYTES);
    g_assert_cmpuint(windows, >=, STREAM_BYTES / (256 * 1024 + PIECE));
}

static void test_close_in_the_middle(Fixture *f, gconstpointer data)
{
    open_session(f, 1, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 1);
    send_command(f, 1, STREAM, "");
    KxMessage in;
    do
        receive(f, KX_MSG_REPLY, &in);
    while (in.REPLY.flags & KX_REPLY_PARTIAL);
    g_assert_cmpint(g_atomic_int_get(&counts.cursors), ==, 1);
    kx_channel_send(f->edge, KX_MSG_SESSION_CLOSE, 1, &(KxMsgSessionClose){}, -1);
    for (int i = 0; g_atomic_int_get(&counts.cursors) > 0; i++) {
        g_assert_cmpint(i, <, 5000);
        g_usleep(1000);
    }
    g_assert_cmpint(g_atomic_int_get(&counts.closed), ==, 1);
}

/* A new core knows the session from its ticket; nobody else's ticket, and none that was altered. */
static void test_tickets(Fixture *f, gconstpointer data)
{
    open_session(f, 5, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 5);
    end(f);
    start(f);
    g_assert_cmpuint(open_session(f, 6, slice_of(ticket)), ==,
                     KX_SESSION_REFUSED); /* another session */
    g_assert_cmpuint(open_session(f, 5, slice_of(ticket)), ==, KX_SESSION_RESUMED);
    KxMessage in;
    send_command(f, 5, WHOAMI, "");
    receive(f, KX_MSG_REPLY, &in);
    g_assert_cmpint(memcmp(in.REPLY.data.data, "user@x.test", 11), ==, 0);
    send_command(f, 5, ECHO, "refuse");
    receive(f, KX_MSG_REPLY, &in);
    g_autoptr(GBytes) refused = g_bytes_new(in.REPLY.ticket.data, in.REPLY.ticket.len);
    g_assert_cmpuint(in.REPLY.ticket.len, >, 0);
    end(f);
    start(f);
    g_assert_cmpuint(open_session(f, 5, slice_of(refused)), ==,
                     KX_SESSION_REFUSED); /* by the protocol */
    g_assert_cmpuint(open_session(f, 8, KX_SLICE_STR("nonsense")), ==, KX_SESSION_REFUSED);
}

static void test_disabled_user(Fixture *f, gconstpointer data)
{
    static const KxAdmin admin = {"test", KX_LEVEL_FULL, NULL};
    open_session(f, 5, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 5);
    end(f);
    start(f);
    KxField disabled = {"disabled", "yes"};
    g_assert_true(kx_object_set(f->core.directory, &admin, KX_OBJECT_USER, "user@x.test", &disabled,
                                1, NULL));
    g_assert_cmpuint(open_session(f, 5, slice_of(ticket)), ==, KX_SESSION_REFUSED);
}

static void test_poke(Fixture *f, gconstpointer data)
{
    open_session(f, 1, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 1);
    KxMessage in;
    send_command(f, 1, POKE_ME, "");
    receive(f, KX_MSG_REPLY, &in);
    receive(f, KX_MSG_PUSH, &in);
    g_assert_cmpuint(in.PUSH.data.len, ==, 4);
}

/* A poke while a long answer is on its way is not lost, and keeps nobody else waiting. */
static void test_poke_of_a_busy_session(Fixture *f, gconstpointer data)
{
    KxMessage in;
    open_session(f, 1, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 1);
    send_command(f, 1, STREAM, "");
    do
        receive(f, KX_MSG_REPLY, &in);
    while (in.REPLY.flags & KX_REPLY_PARTIAL);
    open_session(f, 2, no_ticket);
    g_autoptr(GBytes) other = sign_in(f, 2);
    kx_workers_poke(f->workers);
    receive(f, KX_MSG_PUSH, &in);
    g_assert_cmpuint(in.session, ==, 2);
    do {
        kx_channel_send(f->edge, KX_MSG_MORE, 1, &(KxMsgMore){}, -1);
        do
            receive(f, KX_MSG_REPLY, &in);
        while (in.REPLY.flags & KX_REPLY_PARTIAL);
    } while (in.REPLY.flags & KX_REPLY_MORE);
    receive(f, KX_MSG_PUSH, &in);
    g_assert_cmpuint(in.session, ==, 1);
}

/* To a client that does not read so much is pushed and no more, until it has. */
static void test_push_window(Fixture *f, gconstpointer data)
{
    KxMessage in;
    size_t total = 0;
    guint asked = 0;
    open_session(f, 1, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 1);
    send_command(f, 1, PUSH_ME, "");
    receive(f, KX_MSG_REPLY, &in);
    while (total < 1024 * 1024) {
        receive(f, KX_MSG_PUSH, &in);
        total += in.PUSH.data.len;
        asked += (in.PUSH.flags & KX_REPLY_ASK) != 0;
    }
    struct pollfd nothing = {f->edge, POLLIN, 0};
    g_assert_cmpint(poll(&nothing, 1, 20), ==, 0);
    g_assert_cmpuint(asked, ==, 1);
    kx_channel_send(f->edge, KX_MSG_DRAINED, 1, &(KxMsgDrained){}, -1);
    receive(f, KX_MSG_PUSH, &in);
    g_atomic_int_set(&counts.pushes, 0);
}

/* Commands before sign-in, requests out of order, unknown services: the edge is dropped. */
static void test_bad_edges(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 5; i++) {
        KxMsgSessionOpen bad = {.service = 99};
        if (i > 0)
            open_session(f, 1, no_ticket);
        if (i == 0)
            kx_channel_send(f->edge, KX_MSG_SESSION_OPEN, 1, &bad, -1);
        else if (i == 1)
            send_command(f, 1, ECHO, "before sign-in");
        else if (i == 2)
            kx_channel_send(f->edge, KX_MSG_MORE, 1, &(KxMsgMore){}, -1);
        else if (i == 3)
            send_open(f, 1, no_ticket); /* twice */
        else
            kx_channel_send_packed(f->edge, "nonsense", 8, -1);
        g_assert_true(is_dropped(f));
        end(f);
        start(f);
    }
    open_session(f, 1, no_ticket); /* and another edge is served */
}

static void test_unknown_session(Fixture *f, gconstpointer data)
{
    send_command(f, 77, ECHO, "nobody");
    kx_channel_send(f->edge, KX_MSG_SESSION_CLOSE, 77, &(KxMsgSessionClose){}, -1);
    g_assert_cmpuint(open_session(f, 1, no_ticket), ==, KX_SESSION_NEW);
}

/* An edge that is started again brings a new channel; the sessions of the old one end. */
static void test_replaced_edge(Fixture *f, gconstpointer data)
{
    open_session(f, 1, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, 1);
    int fds[2], old = f->edge;
    g_assert_true(kx_channel_pair(fds, NULL));
    f->edge = fds[1];
    kx_workers_add_edge(f->workers, 0, fds[0]);
    g_assert_cmpuint(open_session(f, 1, no_ticket), ==, KX_SESSION_NEW);
    f->edge = old;
    g_assert_true(is_dropped(f));
    close(old);
    f->edge = fds[1];
    g_autoptr(GPtrArray) all = kx_workers_sessions(f->workers);
    g_assert_cmpuint(all->len, ==, 1);
}

static void test_broadcast_and_list(Fixture *f, gconstpointer data)
{
    KxMessage in;
    kx_workers_broadcast(f->workers, KX_MSG_SERVICE_ACCESS,
                         &(KxMsgServiceAccess){2, 10, "192.0.2.0/24"});
    receive(f, KX_MSG_SERVICE_ACCESS, &in);
    g_assert_cmpstr(in.SERVICE_ACCESS.networks, ==, "192.0.2.0/24");
    open_session(f, 3, no_ticket);
    g_autoptr(GPtrArray) before = kx_workers_sessions(f->workers);
    g_assert_cmpstr(((KxSessionInfo *)before->pdata[0])->remote_ip, ==, "192.0.2.2");
    g_assert_null(((KxSessionInfo *)before->pdata[0])->login);
    g_autoptr(GBytes) ticket = sign_in(f, 3);
    g_autoptr(GPtrArray) after = kx_workers_sessions(f->workers);
    g_assert_cmpuint(after->len, ==, 1);
}

/* ---- a storm ---- */

typedef enum { NONE, OPENING, OPEN, SIGNING, IN, WORKING, GONE } State;

static gboolean is_busy(State state)
{
    return state == OPENING || state == SIGNING || state == WORKING;
}

/* What an edge may do with this session now; a client may go away at any moment but while its
 * session is opened. */
static State next_step(Fixture *f, guint32 id, State state)
{
    static const char plain[] = "\0user@x.test\0secret";
    if (state != NONE && state != OPENING && state != GONE && g_test_rand_int_range(0, 4) == 0) {
        kx_channel_send(f->edge, KX_MSG_SESSION_CLOSE, id, &(KxMsgSessionClose){}, -1);
        return GONE;
    }
    switch (state) {
    case NONE:
        send_open(f, id, no_ticket);
        return OPENING;
    case OPEN:
        kx_channel_send(f->edge, KX_MSG_SASL, id,
                        &(KxMsgSasl){"PLAIN", 1, {plain, sizeof plain - 1}}, -1);
        return SIGNING;
    case IN:
        send_command(f, id, g_test_rand_bit() ? POKE_ME : SLOW, "");
        return WORKING;
    default:
        return state;
    }
}

static void take_answer(Fixture *f, State *states)
{
    KxMessage in;
    g_assert_cmpint(kx_channel_receive(f->edge, KX_ROLE_CORE, KX_ROLE_EDGE, f->buffer, &in, NULL),
                    ==, KX_RECEIVED);
    State *state = &states[in.session];
    if (*state == GONE || in.type == KX_MSG_PUSH)
        return;
    g_assert_true(is_busy(*state));
    gboolean refused =
        in.type == KX_MSG_SASL_REPLY && in.SASL_REPLY.status != KX_SASL_OK; /* too many at once */
    *state = *state == OPENING || refused ? OPEN : IN;
}

static gboolean has_answer(Fixture *f, int wait_ms)
{
    struct pollfd any = {f->edge, POLLIN, 0};
    return poll(&any, 1, wait_ms) > 0;
}

/* Many sessions opening, working, poked and closing at once, in the order that an edge keeps. */
static void test_storm(Fixture *f, gconstpointer data)
{
    enum { SESSIONS = 500, STEPS = 20000 };
    State states[SESSIONS] = {NONE};
    open_session(f, SESSIONS, no_ticket);
    g_autoptr(GBytes) ticket = sign_in(f, SESSIONS); /* from here on the password is checked fast */
    for (int i = 0; i < STEPS; i++) {
        guint32 id = (guint32)g_test_rand_int_range(1, SESSIONS);
        states[id] = next_step(f, id, states[id]);
        while (has_answer(f, i % 32 == 0))
            take_answer(f, states);
    }
    for (guint32 id = 1; id < SESSIONS; id++)
        while (is_busy(states[id])) {
            g_assert_true(has_answer(f, 10000));
            take_answer(f, states);
        }
    g_assert_cmpint(g_atomic_int_get(&counts.opened), >, 0);
    g_autoptr(GPtrArray) all = kx_workers_sessions(f->workers);
    guint left = 1;
    for (guint32 id = 1; id < SESSIONS; id++)
        left += states[id] != NONE && states[id] != GONE;
    g_assert_cmpuint(all->len, <=, SESSIONS + 1);
    g_assert_cmpuint(all->len, >=, left);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (sodium_init() < 0)
        return 1;
#define ADD(name, func) g_test_add("/core/workers/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("requests", test_requests);
    ADD("wrong-passwords", test_wrong_passwords);
    ADD("login-mechanism", test_login_mechanism);
    ADD("credit-window", test_credit_window);
    ADD("close-in-the-middle", test_close_in_the_middle);
    ADD("tickets", test_tickets);
    ADD("disabled-user", test_disabled_user);
    ADD("poke", test_poke);
    ADD("poke-of-a-busy-session", test_poke_of_a_busy_session);
    ADD("push-window", test_push_window);
    ADD("bad-edges", test_bad_edges);
    ADD("unknown-session", test_unknown_session);
    ADD("replaced-edge", test_replaced_edge);
    ADD("broadcast-and-list", test_broadcast_and_list);
    ADD("storm", test_storm);
    return g_test_run();
}

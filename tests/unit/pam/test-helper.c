/* SPDX-License-Identifier: Apache-2.0 */
/* The helper without PAM: who may ask, how long, how many at a time, and what is cleaned up. */
#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/channel.h"
#include "pam/helper.h"

enum { NOBODY = 65534, PATIENCE_MS = 10000 };

/* What it is asked decides what it does. */
static KxPamState consult(const KxMsgPamCheck *question, char **ret_text)
{
    if (g_str_equal(question->service, "hang")) {
        if (fork() == 0)
            pause(); /* what a module has started */
        pause();
    }
    if (g_str_equal(question->service, "slow"))
        g_usleep(200 * 1000);
    if (g_str_equal(question->service, "crash"))
        raise(SIGKILL);
    *ret_text = g_strnfill(5000, 'x');
    return g_str_equal(question->password, "right") ? KX_PAM_GOOD : KX_PAM_WRONG;
}

typedef struct {
    char *folder, *path;
    pid_t pid;
} Fixture;

static void start(Fixture *f, guint seconds, guint most)
{
    f->folder = g_dir_make_tmp("kx-pam-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "pam.sock", NULL);
    int listener = kx_pam_helper_bind(f->path, getegid(), NULL);
    g_assert_cmpint(listener, >=, 0);
    f->pid = fork();
    if (f->pid == 0) {
        const KxPamHelper helper = {
            .uid = getuid(), .gid = 99999, .seconds = seconds, .most = most, .consult = consult};
        _exit(kx_pam_helper_run(listener, &helper, NULL) ? 0 : 1);
    }
    close(listener);
}

static void stop(Fixture *f)
{
    int status = -1;
    kill(f->pid, SIGTERM);
    waitpid(f->pid, &status, 0);
    g_assert_cmpint(status, ==, 0);
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

static int open_connection(const Fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, f->path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

static int ask(const Fixture *f, const char *service, const char *password)
{
    int fd = open_connection(f);
    const KxMsgPamCheck question = {service, "jdoe", password, "192.0.2.1"};
    kx_channel_send(fd, KX_MSG_PAM_CHECK, 0, &question, -1);
    return fd;
}

/* -1: it was closed. */
static int take_answer(int fd)
{
    g_autofree char *buffer = g_malloc(KX_MESSAGE_MAX + 1);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    KxMessage message;
    g_assert_cmpint(poll(&wait, 1, PATIENCE_MS), ==, 1);
    KxReceived got = kx_channel_receive(fd, KX_ROLE_PAM, KX_ROLE_CORE, buffer, &message, NULL);
    close(fd);
    if (got != KX_RECEIVED)
        return -1;
    g_assert_cmpint(message.type, ==, KX_MSG_PAM_CHECKED);
    g_assert_cmpuint(strlen(message.PAM_CHECKED.text), ==, 999);
    return (int)message.PAM_CHECKED.state;
}

static void test_answers(void)
{
    Fixture f;
    start(&f, 10, 4);
    g_assert_cmpint(take_answer(ask(&f, "keryx", "right")), ==, KX_PAM_GOOD);
    g_assert_cmpint(take_answer(ask(&f, "keryx", "wrong")), ==, KX_PAM_WRONG);
    g_assert_cmpint(take_answer(ask(&f, "crash", "right")), ==, -1);
    g_assert_cmpint(take_answer(ask(&f, "keryx", "right")), ==, KX_PAM_GOOD);
    stop(&f);
}

static void test_what_is_no_question(void)
{
    Fixture f;
    start(&f, 10, 4);
    int fd = open_connection(&f);
    g_assert_cmpint(send(fd, "rubbish", 7, MSG_NOSIGNAL), ==, 7);
    g_assert_cmpint(take_answer(fd), ==, -1);
    close(open_connection(&f)); /* and says nothing */
    g_assert_cmpint(take_answer(ask(&f, "keryx", "right")), ==, KX_PAM_GOOD);
    stop(&f);
}

/* Nothing is left of it, not even what a module has started. */
static void test_too_long(void)
{
    Fixture f;
    start(&f, 1, 4);
    gint64 before = g_get_monotonic_time();
    g_assert_cmpint(take_answer(ask(&f, "hang", "right")), ==, -1);
    g_assert_cmpint(g_get_monotonic_time() - before, >=, G_USEC_PER_SEC * 9 / 10);
    g_assert_cmpint(take_answer(ask(&f, "keryx", "right")), ==, KX_PAM_GOOD);
    stop(&f);
}

static void test_many_at_once(void)
{
    enum { N = 100 };
    Fixture f;
    int fds[N];
    start(&f, 30, 8);
    for (guint i = 0; i < N; i++)
        fds[i] = ask(&f, i % 10 == 0 ? "slow" : "keryx", i % 2 == 0 ? "right" : "wrong");
    for (guint i = 0; i < N; i++)
        g_assert_cmpint(take_answer(fds[i]), ==, i % 2 == 0 ? KX_PAM_GOOD : KX_PAM_WRONG);
    stop(&f);
}

/* While there are as many checks as may be, others wait, and are answered then. */
static void test_no_more_than_so_many(void)
{
    Fixture f;
    start(&f, 1, 1);
    int first = ask(&f, "hang", "right"), second = ask(&f, "keryx", "right");
    struct pollfd wait = {.fd = second, .events = POLLIN};
    g_assert_cmpint(poll(&wait, 1, 300), ==, 0);
    g_assert_cmpint(take_answer(first), ==, -1);
    g_assert_cmpint(take_answer(second), ==, KX_PAM_GOOD);
    stop(&f);
}

/* Root alone can be somebody else. */
static void test_who_may_ask(void)
{
    Fixture f;
    if (geteuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    start(&f, 10, 4);
    g_assert_cmpint(g_chmod(f.folder, 0755), ==, 0);
    g_assert_cmpint(g_chmod(f.path, 0666), ==, 0);
    pid_t other = fork();
    if (other == 0) {
        int ok = setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0;
        _exit(ok && take_answer(ask(&f, "keryx", "right")) == -1 ? 0 : 1);
    }
    int status = -1;
    waitpid(other, &status, 0);
    g_assert_cmpint(status, ==, 0);
    stop(&f);
}

static void test_one_listens(void)
{
    Fixture f;
    g_autoptr(GError) error = NULL;
    start(&f, 10, 4);
    g_assert_cmpint(kx_pam_helper_bind(f.path, getegid(), &error), ==, -1);
    g_assert_nonnull(error);
    kill(f.pid, SIGKILL);
    waitpid(f.pid, NULL, 0);
    int again = kx_pam_helper_bind(f.path, getegid(), NULL); /* what is left over is in no way */
    g_assert_cmpint(again, >=, 0);
    close(again);
    g_unlink(f.path);
    g_assert_true(g_file_set_contents(f.path, "a file", -1, NULL));
    g_assert_cmpint(kx_pam_helper_bind(f.path, getegid(), NULL), ==, -1);
    g_unlink(f.path);
    g_rmdir(f.folder);
    g_free(f.path);
    g_free(f.folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pam/answers", test_answers);
    g_test_add_func("/pam/what-is-no-question", test_what_is_no_question);
    g_test_add_func("/pam/too-long", test_too_long);
    g_test_add_func("/pam/many-at-once", test_many_at_once);
    g_test_add_func("/pam/no-more-than-so-many", test_no_more_than_so_many);
    g_test_add_func("/pam/who-may-ask", test_who_may_ask);
    g_test_add_func("/pam/one-listens", test_one_listens);
    return g_test_run();
}

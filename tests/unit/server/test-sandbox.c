/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each role can still do once it is in its sandbox: every attempt in a child process of its
 * own that has entered it. A child answers with the errno it got, or was killed.
 */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 1000, DONE = 0 };
#define OUTSIDE ((KxRole)0) /* no sandbox at all */

/* What the child has when it enters: made outside, as the keeper would. */
typedef struct {
    int listener; /* TCP, on the loopback */
    int client;   /* one end of a connection */
    int peer;     /* the other */
    guint port;   /* of a TCP server */
    int udp;
} Given;

typedef int (*Attempt)(const Given *given); /* 0 or an errno */

static int result(long rc)
{
    return rc < 0 ? errno : DONE;
}

/* ---- attempts ---- */

static int open_passwd(const Given *given)
{
    return result(open("/etc/passwd", O_RDONLY));
}

static int open_own_file(const Given *given)
{
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    if (fd < 0)
        return errno;
    if (write(fd, "x", 1) != 1 || fsync(fd) < 0 || ftruncate(fd, 0) < 0)
        return errno;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    return result(fcntl(fd, F_SETLK, &lock));
}

static int make_directory(const Given *given)
{
    if (mkdir("dir", 0700) < 0 || rename("dir", "dir2") < 0)
        return errno;
    return result(rmdir("dir2"));
}

static int link_file(const Given *given)
{
    int rc = open_own_file(given);
    if (rc != DONE || mkdir("other", 0700) < 0 || link("file", "other/link") < 0)
        return rc ? rc : errno;
    return result(unlink("other/link") + rmdir("other"));
}

static int escape_upwards(const Given *given)
{
    return result(open("../outside", O_RDONLY));
}

static int write_outside(const Given *given)
{
    return result(open("/tmp/keryx-sandbox-escape", O_WRONLY | O_CREAT, 0600));
}

static int read_proc(const Given *given)
{
    return result(open("/proc/self/environ", O_RDONLY));
}

static int make_device(const Given *given)
{
    return result(mknod("device", S_IFCHR | 0600, 0));
}

static int make_link(const Given *given)
{
    return result(symlink("/etc/passwd", "symlink"));
}

static int socket_inet(const Given *given)
{
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int socket_inet6(const Given *given)
{
    return result(socket(AF_INET6, SOCK_DGRAM, 0));
}

static int socket_unix(const Given *given)
{
    return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int socket_packet(const Given *given)
{
    return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int make_pair(const Given *given)
{
    int fds[2];
    return result(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
}

static int make_packet_pair(const Given *given)
{
    int fds[2];
    return result(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
}

static struct sockaddr_in server_address(const Given *given)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((guint16)given->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int connect_udp(const Given *given)
{
    struct sockaddr_in to = server_address(given);
    return result(connect(given->udp, (struct sockaddr *)&to, sizeof to));
}

static int connect_tcp(const Given *given)
{
    struct sockaddr_in to = server_address(given);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return errno;
    return result(connect(fd, (struct sockaddr *)&to, sizeof to));
}

/* A listening socket that is shut down can be made to connect by sending: with fast open. */
static int fast_open(const Given *given, gboolean by_message)
{
    struct sockaddr_in to = server_address(given);
    struct iovec part = {"x", 1};
    struct msghdr head = {
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1};
    shutdown(given->listener, SHUT_RDWR);
    return result(by_message ? sendmsg(given->listener, &head, MSG_FASTOPEN | MSG_NOSIGNAL)
                             : sendto(given->listener, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                                      (struct sockaddr *)&to, sizeof to));
}

static int fast_open_sendto(const Given *given)
{
    return fast_open(given, FALSE);
}

static int fast_open_sendmsg(const Given *given)
{
    return fast_open(given, TRUE);
}

static int send_to_address(const Given *given)
{
    struct sockaddr_in to = server_address(given);
    return result(sendto(given->udp, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
}

static int listen_again(const Given *given)
{
    return result(listen(given->udp, 1));
}

static int accept_client(const Given *given)
{
    int fd = accept4(given->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 && errno == EAGAIN ? DONE : result(fd);
}

static int talk(const Given *given)
{
    char byte;
    if (send(given->client, "x", 1, MSG_NOSIGNAL) != 1 || recv(given->peer, &byte, 1, 0) != 1)
        return errno;
    struct iovec part = {"y", 1};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (sendmsg(given->peer, &head, MSG_NOSIGNAL) != 1 || read(given->client, &byte, 1) != 1)
        return errno;
    return result(shutdown(given->client, SHUT_WR));
}

static void *nothing(void *data)
{
    return data;
}

static int start_thread(const Given *given)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, nothing, NULL);
    return rc ? rc : pthread_join(thread, NULL);
}

static int use_memory(const Given *given)
{
    char *bytes = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return errno;
    bytes[5] = 1;
    return result(mprotect(bytes, 1 << 20, PROT_READ) + munmap(bytes, 1 << 20));
}

static int map_code(const Given *given)
{
    void *at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? errno : DONE;
}

static int make_code(const Given *given)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int run_program(const Given *given)
{
    char *argv[] = {"true", NULL};
    return result(execv("/bin/true", argv));
}

static int run_descriptor(const Given *given)
{
    return result(syscall(SYS_execveat, given->udp, "", NULL, NULL, 0x1000));
}

static int fork_process(const Given *given)
{
    return result(syscall(SYS_fork));
}

static int clone_process(const Given *given)
{
    long rc = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (rc == 0)
        _exit(0);
    return result(rc);
}

static int trace_parent(const Given *given)
{
    return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int read_parent(const Given *given)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    return result(syscall(SYS_process_vm_readv, getppid(), &here, 1, &there, 1, 0));
}

static int kill_parent(const Given *given)
{
    return result(kill(getppid(), 0));
}

static int signal_parent_thread(const Given *given)
{
    return result(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int signal_itself(const Given *given)
{
    return result(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
}

static int own_signals(const Given *given)
{
    return result(fcntl(given->client, F_SETOWN, getppid()));
}

static int limit_parent(const Given *given)
{
    struct rlimit limit = {10, 10};
    return result(prlimit(getppid(), RLIMIT_NOFILE, &limit, NULL));
}

static int read_own_limit(const Given *given)
{
    struct rlimit limit;
    return result(getrlimit(RLIMIT_NOFILE, &limit));
}

static int become_dumpable(const Given *given)
{
    return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int new_namespace(const Given *given)
{
    return result(unshare(CLONE_NEWUSER));
}

static int mount_something(const Given *given)
{
    return result(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}

static int use_ring(const Given *given)
{
    return result(syscall(SYS_io_uring_setup, 4, NULL));
}

static int become_root(const Given *given)
{
    return result(syscall(SYS_setuid, 0));
}

/* ---- what is expected ---- */

typedef struct {
    const char *name;
    Attempt attempt;
    int edge, core, courier, convert;
} Case;

/* EACCES comes from Landlock, EPERM from seccomp. */
static const Case cases[] = {
    {"open /etc/passwd", open_passwd, EPERM, EACCES, EPERM, EPERM},
    {"open a file of the data directory", open_own_file, EPERM, DONE, EPERM, EPERM},
    {"make and remove a directory", make_directory, EPERM, DONE, EPERM, EPERM},
    {"link a file into another folder", link_file, EPERM, DONE, EPERM, EPERM},
    {"open a file above the data directory", escape_upwards, EPERM, EACCES, EPERM, EPERM},
    {"write elsewhere", write_outside, EPERM, EACCES, EPERM, EPERM},
    {"read /proc", read_proc, EPERM, EACCES, EPERM, EPERM},
    {"make a device", make_device, EPERM, EPERM, EPERM, EPERM},
    {"make a symbolic link", make_link, EPERM, EPERM, EPERM, EPERM},
    {"make an IPv4 socket", socket_inet, EPERM, EPERM, DONE, EPERM},
    {"make an IPv6 socket", socket_inet6, EPERM, EPERM, DONE, EPERM},
    {"make a Unix socket", socket_unix, EPERM, EPERM, EPERM, EPERM},
    {"make a netlink socket", socket_packet, EPERM, EPERM, EPERM, EPERM},
    {"make a socket pair", make_pair, EPERM, EPERM, DONE, EPERM},
    {"make a pair of packet sockets", make_packet_pair, EPERM, DONE, DONE, EPERM},
    {"connect TCP", connect_tcp, EPERM, EPERM, DONE, EPERM},
    {"connect UDP", connect_udp, EPERM, EPERM, DONE, EPERM},
    {"connect by fast open", fast_open_sendto, EPERM, EPERM, -1, EPERM},
    {"connect by fast open in a message", fast_open_sendmsg, EPERM, EPERM, -1, EPERM},
    {"send to an address", send_to_address, EPERM, EPERM, DONE, EPERM},
    {"listen", listen_again, EPERM, EPERM, EPERM, EPERM},
    {"accept", accept_client, DONE, DONE, EPERM, EPERM},
    {"talk on a connection", talk, DONE, DONE, DONE, -1},
    {"start a thread", start_thread, DONE, DONE, DONE, EPERM},
    {"use memory", use_memory, DONE, DONE, DONE, DONE},
    {"map memory as code", map_code, EPERM, EPERM, EPERM, EPERM},
    {"turn memory into code", make_code, EPERM, EPERM, EPERM, EPERM},
    {"run a program", run_program, KILLED, KILLED, KILLED, KILLED},
    {"run a descriptor", run_descriptor, KILLED, KILLED, KILLED, KILLED},
    {"fork", fork_process, KILLED, KILLED, KILLED, KILLED},
    {"clone a process", clone_process, EPERM, EPERM, EPERM, EPERM},
    {"trace", trace_parent, KILLED, KILLED, KILLED, KILLED},
    {"read another's memory", read_parent, KILLED, KILLED, KILLED, KILLED},
    {"signal a process", kill_parent, EPERM, EPERM, EPERM, EPERM},
    {"signal another's thread", signal_parent_thread, EPERM, EPERM, EPERM, EPERM},
    {"signal itself", signal_itself, DONE, DONE, DONE, DONE},
    {"have signals sent to another", own_signals, EPERM, EPERM, EPERM, EPERM},
    {"limit another", limit_parent, EPERM, EPERM, EPERM, EPERM},
    {"read its own limits", read_own_limit, DONE, DONE, DONE, EPERM},
    {"become dumpable", become_dumpable, EPERM, EPERM, EPERM, EPERM},
    {"leave its namespaces", new_namespace, KILLED, KILLED, KILLED, KILLED},
    {"mount", mount_something, KILLED, KILLED, KILLED, KILLED},
    {"use io_uring", use_ring, KILLED, KILLED, KILLED, KILLED},
    {"become root", become_root, KILLED, KILLED, KILLED, KILLED},
};

/* ---- running ---- */

static char *folder;

static Given make_given(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;
    int fds[2];
    Given given = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
                   .udp = socket(AF_INET, SOCK_DGRAM, 0)};
    g_assert_cmpint(bind(given.listener, (struct sockaddr *)&any, sizeof any), ==, 0);
    g_assert_cmpint(listen(given.listener, 8), ==, 0);
    g_assert_cmpint(getsockname(given.listener, (struct sockaddr *)&any, &len), ==, 0);
    given.port = ntohs(any.sin_port);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    given.client = fds[0];
    given.peer = fds[1];
    return given;
}

static void release(const Given *given)
{
    close(given->listener);
    close(given->udp);
    close(given->client);
    close(given->peer);
}

/* In the child: the answer goes through a pipe, because an errno does not fit an exit status. */
static G_NORETURN void try(KxRole role, Attempt attempt, const Given *given, int answer)
{
    KxSandbox sandbox;
    int rc = -2;
    if (role == OUTSIDE || kx_sandbox_enter(role, &sandbox, NULL))
        rc = attempt(given);
    _exit(write(answer, &rc, sizeof rc) == sizeof rc ? 0 : 1);
}

static int outcome(KxRole role, Attempt attempt)
{
    Given given = make_given();
    int fds[2], rc = -3, status;
    g_assert_cmpint(pipe(fds), ==, 0);
    pid_t pid = fork();
    if (pid == 0)
        try(role, attempt, &given, fds[1]);
    close(fds[1]);
    if (read(fds[0], &rc, sizeof rc) != sizeof rc)
        rc = -3;
    close(fds[0]);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    release(&given);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? KILLED : -WTERMSIG(status);
    return rc;
}

static KxSandbox granted(KxRole role)
{
    KxSandbox sandbox = {0};
    int fds[2];
    g_assert_cmpint(pipe(fds), ==, 0);
    pid_t pid = fork();
    if (pid == 0) {
        gboolean ok = kx_sandbox_enter(role, &sandbox, NULL);
        _exit(ok && write(fds[1], &sandbox, sizeof sandbox) == sizeof sandbox ? 0 : 1);
    }
    close(fds[1]);
    g_assert_cmpint(read(fds[0], &sandbox, sizeof sandbox), ==, sizeof sandbox);
    close(fds[0]);
    waitpid(pid, NULL, 0);
    return sandbox;
}

static int wanted_of(const Case *c, KxRole role)
{
    switch (role) {
    case KX_ROLE_EDGE:
        return c->edge;
    case KX_ROLE_CORE:
        return c->core;
    case KX_ROLE_COURIER:
        return c->courier;
    default:
        return c->convert;
    }
}

static void test_role(gconstpointer data)
{
    KxRole role = GPOINTER_TO_UINT(data);
    KxSandbox sandbox = granted(role);
    if (!sandbox.seccomp) {
        g_test_skip("a build with a sanitizer has no system call filter");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        int wanted = wanted_of(c, role);
        if (wanted == -1 || (wanted == EACCES && !sandbox.landlock))
            continue;
        int got = outcome(role, c->attempt);
        if (got != wanted)
            g_test_message("%s: %s gave %d, not %d", kx_role_name(role), c->name, got, wanted);
        g_assert_cmpint(got, ==, wanted);
    }
}

/* The attempts do succeed without a sandbox: what is refused above is refused by it. */
static void test_attempts_work_outside(void)
{
    static const Attempt harmless[] = {
        open_passwd,     open_own_file, make_directory, link_file,     escape_upwards, read_proc,
        make_link,       socket_inet,   socket_unix,    make_pair,     connect_tcp,    connect_udp,
        send_to_address, map_code,      make_code,      accept_client, talk,           own_signals};
    for (guint i = 0; i < G_N_ELEMENTS(harmless); i++)
        g_assert_cmpint(outcome(OUTSIDE, harmless[i]), ==, DONE);
    g_assert_cmpint(unlink("symlink"), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *parent = g_dir_make_tmp("keryx-sandbox-XXXXXX", NULL);
    folder = g_build_filename(parent, "data", NULL);
    g_autofree char *above = g_build_filename(parent, "outside", NULL);
    g_assert_true(g_file_set_contents(above, "x", 1, NULL));
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    g_test_add_func("/server/sandbox/outside", test_attempts_work_outside);
    g_test_add_data_func("/server/sandbox/edge", GUINT_TO_POINTER(KX_ROLE_EDGE), test_role);
    g_test_add_data_func("/server/sandbox/core", GUINT_TO_POINTER(KX_ROLE_CORE), test_role);
    g_test_add_data_func("/server/sandbox/courier", GUINT_TO_POINTER(KX_ROLE_COURIER), test_role);
    g_test_add_data_func("/server/sandbox/convert", GUINT_TO_POINTER(KX_ROLE_CONVERT), test_role);
    int status = g_test_run();
    g_unlink("file");
    g_rmdir(folder);
    g_unlink(above);
    g_rmdir(parent);
    g_free(folder);
    return status;
}

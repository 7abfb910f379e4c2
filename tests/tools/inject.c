/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a running process do a system call: inject PID CALL, as root. What an intruder who controls
 * the process could do, is seen from inside it. Prints "0" (or what the call returned), "errno N",
 * or "killed N" (signal).
 *
 * The process is attached to and stopped; a syscall instruction is written over the bytes at its
 * program counter, run once with the registers of the call, and all is put back. Strings go below
 * the red zone of its stack. x86-64 only.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <sched.h>

enum { ROOM = 256, RED_ZONE = 128 };

/* An argument is a number, or 'at' room in the target's stack that holds `text` or `bytes`. */
typedef struct {
    const char *name;
    long number;
    long args[6];
    int pointer; /* which argument points to `data`; -1: none */
    const void *data;
    size_t size;
} Call;

static const struct sockaddr_in discard = {
    .sin_family = AF_INET, .sin_port = 0x0900, .sin_addr = {0x0100007f}};

#define PATH(text) text, sizeof text
static const Call calls[] = {
    {"open-passwd", SYS_openat, {AT_FDCWD, 0, O_RDONLY}, 1, PATH("/etc/passwd")},
    {"open-data", SYS_openat, {AT_FDCWD, 0, O_RDONLY}, 1, PATH("server.db")},
    {"open-keys", SYS_openat, {AT_FDCWD, 0, O_RDONLY}, 1, PATH("sslcert/server.key")},
    {"open-proc", SYS_openat, {AT_FDCWD, 0, O_RDONLY}, 1, PATH("/proc/self/mem")},
    {"create-tmp",
     SYS_openat,
     {AT_FDCWD, 0, O_WRONLY | O_CREAT, 0600},
     1,
     PATH("/tmp/keryx-injected")},
    {"stat-passwd", SYS_newfstatat, {AT_FDCWD, 0, 0, 0}, 1, PATH("/etc/passwd")},
    {"socket-inet", SYS_socket, {AF_INET, SOCK_STREAM, 0}, -1, NULL, 0},
    {"socket-inet6", SYS_socket, {AF_INET6, SOCK_STREAM, 0}, -1, NULL, 0},
    {"socket-unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, -1, NULL, 0},
    {"connect", SYS_connect, {3, 0, sizeof discard}, 1, &discard, sizeof discard},
    {"bind", SYS_bind, {3, 0, sizeof discard}, 1, &discard, sizeof discard},
    {"listen", SYS_listen, {3, 1}, -1, NULL, 0},
    {"execve", SYS_execve, {0, 0, 0}, 0, PATH("/bin/true")},
    {"fork", SYS_fork, {0}, -1, NULL, 0},
    {"vfork", SYS_vfork, {0}, -1, NULL, 0},
    {"clone", SYS_clone, {SIGCHLD}, -1, NULL, 0},
    {"memory-file", SYS_memfd_create, {0}, 0, PATH("x")},
    {"read-limit", SYS_prlimit64, {0, 2, 0, 0}, -1, NULL, 0},
    {"dup", SYS_dup, {3}, -1, NULL, 0},
    {"unshare", SYS_unshare, {CLONE_NEWUSER}, -1, NULL, 0},
    {"ptrace", SYS_ptrace, {PTRACE_ATTACH, 1}, -1, NULL, 0},
    {"kill", SYS_kill, {1, 0}, -1, NULL, 0},
    {"setuid", SYS_setuid, {0}, -1, NULL, 0},
    {"mount", SYS_mount, {0}, -1, NULL, 0},
    {"map-code", SYS_mmap, {0, 4096, 7, 0x22, -1, 0}, -1, NULL, 0},
    {"io-uring", SYS_io_uring_setup, {1, 0}, -1, NULL, 0},
    {"dumpable", SYS_prctl, {4, 1}, -1, NULL, 0},
    {"getpid", SYS_getpid, {0}, -1, NULL, 0},
};

static int fail(const char *what)
{
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    return 3;
}

/* By words, because a process that may not be dumped still can be poked by its tracer. */
static int poke(pid_t pid, unsigned long at, const void *bytes, size_t len, unsigned char *old)
{
    for (size_t i = 0; i < len; i += sizeof(long)) {
        errno = 0;
        long word = ptrace(PTRACE_PEEKDATA, pid, at + i, NULL);
        if (errno != 0)
            return -1;
        if (old)
            memcpy(old + i, &word, sizeof word);
        size_t n = len - i < sizeof word ? len - i : sizeof word;
        memcpy(&word, (const char *)bytes + i, n);
        if (ptrace(PTRACE_POKEDATA, pid, at + i, word) < 0)
            return -1;
    }
    return 0;
}

static void set_registers(struct user_regs_struct *regs, const Call *call, unsigned long room)
{
    unsigned long args[6];
    for (int i = 0; i < 6; i++)
        args[i] = i == call->pointer ? room : (unsigned long)call->args[i];
    regs->rax = (unsigned long)call->number;
    regs->orig_rax = (unsigned long)-1; /* a call it was stopped in is not begun again meanwhile */
    regs->rdi = args[0];
    regs->rsi = args[1];
    regs->rdx = args[2];
    regs->r10 = args[3];
    regs->r8 = args[4];
    regs->r9 = args[5];
}

static int report(int status, pid_t pid, struct user_regs_struct *regs)
{
    if (WIFSIGNALED(status)) {
        printf("killed %d\n", WTERMSIG(status));
        return 1;
    }
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSYS) {
        printf("killed %d\n", SIGSYS);
        return 1;
    }
    if (ptrace(PTRACE_GETREGS, pid, NULL, regs) < 0)
        return -1;
    long result = (long)regs->rax;
    if (result < 0 && result > -4096)
        printf("errno %ld\n", -result);
    else
        printf("%ld\n", result);
    return 0;
}

static int inject(pid_t pid, const Call *call)
{
    static const unsigned char instruction[8] = {0x0f, 0x05, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
    unsigned char old_code[8], old_room[ROOM];
    struct user_regs_struct saved, regs;
    int status;
    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0)
        return fail("attach");
    if (waitpid(pid, &status, 0) != pid || ptrace(PTRACE_GETREGS, pid, NULL, &saved) < 0)
        return fail("stop");
    ptrace(PTRACE_SETOPTIONS, pid, NULL, 0);
    regs = saved;
    unsigned long room = (saved.rsp - RED_ZONE - ROOM) & ~15UL;
    if (poke(pid, saved.rip, instruction, sizeof instruction, old_code) < 0)
        return fail("write code");
    if (call->pointer >= 0 && poke(pid, room, call->data, call->size, old_room) < 0)
        return fail("write data");
    set_registers(&regs, call, room);
    if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0 ||
        ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid)
        return fail("run");
    int rc = report(status, pid, &regs);
    if (rc < 0)
        return fail("read the result");
    if (rc > 0) {
        ptrace(PTRACE_CONT, pid, NULL, SIGSYS);
        return 0;
    }
    poke(pid, saved.rip, old_code, sizeof old_code, NULL);
    ptrace(PTRACE_SETREGS, pid, NULL, &saved);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            puts(calls[i].name);
        return 0;
    }
    for (size_t i = 0; argc == 3 && i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, argv[2]) == 0)
            return inject((pid_t)atoi(argv[1]), &calls[i]);
    fprintf(stderr, "usage: inject PID CALL | inject list\n");
    return 2;
}

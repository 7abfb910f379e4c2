/* SPDX-License-Identifier: Apache-2.0 */
#include "server/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

/* Memory, time, signals, waiting, and work on descriptors one already has: all roles but convert.
 */
static const char *const common[] = {
    "read",
    "write",
    "readv",
    "writev",
    "close",
    "fstat",
    "lseek",
    "pread64",
    "pwrite64",
    "recvfrom",
    "recvmsg",
    "shutdown",
    "getsockname",
    "getpeername",
    "getsockopt",
    "setsockopt",
    "dup",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "eventfd2",
    "pipe2",
    "timerfd_create",
    "timerfd_settime",
    "signalfd4",
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "futex",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "getrandom",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "restart_syscall",
    "exit",
    "exit_group",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "sched_yield",
    "sched_getaffinity",
    "set_robust_list",
    "rseq",
    "membarrier",
    "uname",
    "sysinfo",
    "getrusage",
    "times",
    "getcpu",
    NULL,
};

static const char *const edge_calls[] = {"accept4", NULL};

static const char *const core_calls[] = {
    "accept4",    "open",       "openat",          "stat",
    "lstat",      "newfstatat", "statx",           "access",
    "faccessat",  "faccessat2", "unlink",          "unlinkat",
    "rename",     "renameat",   "renameat2",       "link",
    "linkat",     "mkdir",      "mkdirat",         "rmdir",
    "getdents64", "truncate",   "ftruncate",       "fallocate",
    "fsync",      "fdatasync",  "sync_file_range", "flock",
    "utimensat",  "chmod",      "fchmod",          "fchmodat",
    "umask",      "getcwd",     "readlink",        "readlinkat",
    "statfs",     "fstatfs",    "copy_file_range", "sendfile",
    "fadvise64",  "mlock",      "munlock",         "memfd_create",
    NULL,
};

static const char *const courier_calls[] = {"connect", "bind", NULL};

/* It reads files and asks KDCs; "replay" is the one file it writes. */
static const char *const kerberos_calls[] = {
    "connect",    "bind",       "open",       "openat",    "stat",      "lstat",
    "newfstatat", "statx",      "access",     "faccessat", "unlink",    "rename",
    "readlink",   "readlinkat", "getdents64", "fsync",     "fdatasync", "ftruncate",
    "faccessat2", "fchmod",     "umask",      "sendmmsg",  "getcwd",    NULL,
};

/* All there is for it: memory, time, and one channel. */
static const char *const convert_calls[] = {
    "read",           "write",         "close",           "recvmsg",   "poll",
    "ppoll",          "munmap",        "mremap",          "madvise",   "brk",
    "futex",          "clock_gettime", "gettimeofday",    "getrandom", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn",  "restart_syscall", "exit",      "exit_group",
    "getpid",         "gettid",        "sched_yield",     NULL,
};

/* Only an intruder tries these. */
static const char *const hostile[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "keyctl",
    "add_key",
    "request_key",
    "reboot",
    "swapon",
    "setuid",
    "setgid",
    "setreuid",
    "setresuid",
    "setgroups",
    "capset",
    "open_by_handle_at",
    "io_uring_setup",
    NULL,
};

/* A sanitizer's run time needs calls of its own. */
#ifdef KX_SANITIZED
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static int add_names(scmp_filter_ctx filter, guint32 action, const char *const *names)
{
    for (; *names; names++) {
        int call = seccomp_syscall_resolve_name(*names);
        if (call == __NR_SCMP_ERROR)
            continue; /* not on this architecture or unknown to this libseccomp */
        int rc = seccomp_rule_add(filter, action, call, 0);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* One argument of a call: allowed if (argument & mask) == value. */
typedef struct {
    const char *call;
    guint argument;
    guint64 mask, value;
    guint roles;
} Condition;

enum {
    MOST = KX_ROLE_EDGE | KX_ROLE_CORE | KX_ROLE_COURIER | KX_ROLE_KERBEROS,
    CONNECT = KX_ROLE_COURIER | KX_ROLE_KERBEROS,
    LOCK = KX_ROLE_CORE | KX_ROLE_KERBEROS,
    ALL = MOST | KX_ROLE_CONVERT,
    NO_CONNECT = KX_ROLE_EDGE | KX_ROLE_CORE | KX_ROLE_CONVERT,
};
#define WHOLE (~0ULL)

static const Condition conditions[] = {
    /* Nothing that was written becomes code. */
    {"mmap", 2, PROT_EXEC, 0, ALL},
    {"mprotect", 2, PROT_EXEC, 0, ALL},
    {"prctl", 0, WHOLE, PR_SET_NAME, MOST},
    {"prctl", 0, WHOLE, PR_SET_VMA, MOST},
    /* Threads, but no processes. clone3 hides its flags from a filter: the C library falls back. */
    {"clone", 0, CLONE_THREAD, CLONE_THREAD, MOST},
    /* Its own limits only. */
    {"prlimit64", 0, WHOLE, 0, MOST},
    /* A thread steps back behind the others. */
    {"setpriority", 1, WHOLE, 0, KX_ROLE_CORE},
    /* F_SETOWN would send signals to other processes. */
    {"fcntl", 1, WHOLE, F_DUPFD, MOST},
    {"fcntl", 1, WHOLE, F_DUPFD_CLOEXEC, MOST},
    {"fcntl", 1, WHOLE, F_GETFD, MOST},
    {"fcntl", 1, WHOLE, F_SETFD, MOST},
    {"fcntl", 1, WHOLE, F_GETFL, MOST},
    {"fcntl", 1, WHOLE, F_SETFL, MOST},
    {"fcntl", 1, WHOLE, F_GETLK, LOCK},
    {"fcntl", 1, WHOLE, F_SETLK, LOCK},
    {"fcntl", 1, WHOLE, F_SETLKW, LOCK},
    {"fcntl", 1, WHOLE, F_OFD_GETLK, LOCK},
    {"fcntl", 1, WHOLE, F_OFD_SETLK, LOCK},
    {"fcntl", 1, WHOLE, F_OFD_SETLKW, LOCK},
    {"fcntl", 1, WHOLE, F_ADD_SEALS, KX_ROLE_CORE},
    /* Fast open would turn a listening socket into an outgoing connection. */
    {"sendmsg", 2, MSG_FASTOPEN, 0, NO_CONNECT},
    {"sendmsg", 2, 0, 0, CONNECT},
    {"sendto", 3, 0, 0, CONNECT},
    {"socket", 0, WHOLE, AF_INET, CONNECT},
    {"socket", 0, WHOLE, AF_INET6, CONNECT},
    {"socketpair", 0, WHOLE, AF_UNIX, KX_ROLE_COURIER}, /* libunbound, inside itself */
    {"socket", 0, WHOLE, AF_UNIX, KX_ROLE_KERBEROS},    /* winbind, sssd */
    {"socket", 0, WHOLE, AF_NETLINK, KX_ROLE_KERBEROS}, /* which addresses can be reached */
    {"ioctl", 1, WHOLE, FIONREAD, KX_ROLE_KERBEROS},    /* the C library's resolver */
};

static int add_condition(scmp_filter_ctx filter, const Condition *condition)
{
    struct scmp_arg_cmp compare = {condition->argument, SCMP_CMP_MASKED_EQ, condition->mask,
                                   condition->value};
    if (condition->mask == WHOLE)
        compare = SCMP_CMP(condition->argument, SCMP_CMP_EQ, condition->value);
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                  seccomp_syscall_resolve_name(condition->call), 1, &compare);
}

static int add_conditional(scmp_filter_ctx filter, KxRole role)
{
    int rc = 0;
    for (guint i = 0; rc == 0 && i < G_N_ELEMENTS(conditions); i++)
        if (conditions[i].roles & role)
            rc = add_condition(filter, &conditions[i]);
    if (rc == 0 && role != KX_ROLE_CONVERT)
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0) /* abort() must reach this process and no other */
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (rc == 0 && (role & (KX_ROLE_EDGE |
                            KX_ROLE_CORE))) /* send(): to where the socket is connected already */
        rc =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2,
                             SCMP_A3(SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, 0), SCMP_A4(SCMP_CMP_EQ, 0));
    /* A channel for each session that downloads; a datagram socket could send elsewhere. */
    if (rc == 0 && role == KX_ROLE_CORE)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
                              SCMP_A1(SCMP_CMP_EQ, SOCK_SEQPACKET | SOCK_CLOEXEC));
    return rc;
}

static const char *const *own_calls(KxRole role)
{
    switch (role) {
    case KX_ROLE_EDGE:
        return edge_calls;
    case KX_ROLE_CORE:
        return core_calls;
    case KX_ROLE_COURIER:
        return courier_calls;
    case KX_ROLE_KERBEROS:
        return kerberos_calls;
    default: /* whatever else there may be gets the least */
        return convert_calls;
    }
}

gboolean kx_seccomp_enter(KxRole role, guint *ret_active, GError **error)
{
    if (SANITIZED) {
        *ret_active = 0;
        return TRUE;
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return kx_fail(error, KX_ERR_FAILED, "cannot make a system call filter");
    int rc = role == KX_ROLE_CONVERT ? 0 : add_names(filter, SCMP_ACT_ALLOW, common);
    if (rc == 0)
        rc = add_names(filter, SCMP_ACT_ALLOW, own_calls(role));
    if (rc == 0)
        rc = add_names(filter, SCMP_ACT_KILL_PROCESS, hostile);
    if (rc == 0)
        rc = add_conditional(filter, role);
    if (rc == 0) /* every thread, so that it does not matter which library started some */
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc < 0)
        return kx_fail(error, KX_ERR_FAILED, "cannot load the system call filter: %s",
                       g_strerror(-rc));
    *ret_active = 1;
    return TRUE;
}

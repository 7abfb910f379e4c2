/* SPDX-License-Identifier: Apache-2.0 */
#include "server/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fsutil.h"
#include "base/paths.h"
#include "base/privileges.h"
#include "net/edge.h"
#include "server/keeper.h"

enum { LOCK_TRIES = 200, LOCK_STEP_MS = 50 };

/*
 * A server writes its process number into the lock file. A command that works on the data without a
 * server empties it, and is done soon.
 */
static gboolean wait_for_lock(int fd)
{
    char digit;
    for (guint i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (i == LOCK_TRIES || pread(fd, &digit, 1, 0) == 1)
            return FALSE;
        g_usleep(LOCK_STEP_MS * 1000);
    }
    return TRUE;
}

/* Holds the lock file open for the life of the process; -1 on failure. */
static int lock_data(GError **error)
{
    int fd = open(KX_PATH_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        kx_error_errno(error, "cannot open " KX_PATH_LOCK);
        return -1;
    }
    if (!wait_for_lock(fd)) {
        kx_fail(error, KX_ERR_IN_USE,
                "a server is running on this data directory already (keryx stop ends it)");
        close(fd);
        return -1;
    }
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || !kx_write_all(fd, text, strlen(text), error)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What is there must be nobody else's business (INST-28). Runs as the directory's owner, so that a
 * link put there leads nowhere else. */
static void repair_mode(const char *path, GPtrArray *notes)
{
    struct stat st;
    if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode) || (st.st_mode & 0077) == 0)
        return;
    guint mode = S_ISDIR(st.st_mode) ? 0700 : 0600;
    const char *name = g_str_equal(path, ".") ? "The data directory" : path;
    g_autofree char *now = chmod(path, mode) == 0
                               ? g_strdup_printf("it is %04o now", mode)
                               : g_strdup_printf("it cannot be changed: %s", g_strerror(errno));
    g_ptr_array_add(notes, g_strdup_printf("%s was open to other users (mode %04o); %s", name,
                                           (guint)st.st_mode & 07777, now));
}

static void repair_modes(GPtrArray *notes)
{
    static const char *const private[] = {".", "server.db", "store", KX_PATH_CERTIFICATES};
    for (guint i = 0; i < G_N_ELEMENTS(private); i++)
        repair_mode(private[i], notes);
    g_autoptr(GDir) keys = g_dir_open(KX_PATH_CERTIFICATES, 0, NULL);
    const char *entry;
    while (keys && (entry = g_dir_read_name(keys))) {
        g_autofree char *path = g_build_filename(KX_PATH_CERTIFICATES, entry, NULL);
        repair_mode(path, notes);
    }
}

static gboolean enter_data(const char *data, GError **error)
{
    if (chdir(data) < 0)
        return kx_error_errno(error, "cannot use the data directory %s (keryx setup makes one)",
                              data);
    if (access("server.db", F_OK) < 0)
        return kx_fail(error, KX_ERR_NOT_FOUND, "%s holds no server yet: run keryx setup --data %s",
                       data, data);
    return TRUE;
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (geteuid() == 0 && limit.rlim_max < 262144)
        limit.rlim_max = 262144;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static guint processors(void)
{
    cpu_set_t set;
    guint n = sched_getaffinity(0, sizeof set, &set) == 0 ? (guint)CPU_COUNT(&set) : 1;
    return CLAMP(n, 1U, (guint)KX_EDGES_MAX);
}

int kx_serve(const char *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
    umask(0077);
    raise_descriptors();
    int lock = -1;
    if (sodium_init() < 0)
        kx_fail(&error, KX_ERR_FAILED, "libsodium cannot start");
    else if (enter_data(data, &error) && kx_privileges_drop(".", &error))
        lock = lock_data(&error);
    if (lock < 0) {
        g_printerr("keryx: %s\n", error->message);
        return 1;
    }
    repair_modes(notes);
    int status = kx_keeper_run(processors(), notes);
    close(lock);
    return status;
}

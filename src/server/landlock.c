/* SPDX-License-Identifier: Apache-2.0 */
#include "server/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/paths.h"
#include "kerberos/realm.h"

/* Rights by the ABI that brought them; Debian's headers may be older than the kernel. */
#define FS_V1       ((1ULL << 13) - 1)
#define FS_REFER    (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL    (1ULL << 15)
#define FS_READ     (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_READ_ONE LANDLOCK_ACCESS_FS_READ_FILE
#define FS_DATA                                                                                    \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                     \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     FS_REFER | FS_TRUNCATE)
#define NET_BIND      (1ULL << 0)
#define NET_CONNECT   (1ULL << 1)
#define RULE_NET_PORT 2
#define SCOPE_ALL     3ULL /* abstract sockets and signals of others */

enum { CONNECTING = KX_ROLE_COURIER | KX_ROLE_KERBEROS };

/* The layout of the newest ABI known here; an older kernel is given less of it. */
typedef struct {
    guint64 fs;
    guint64 net;
    guint64 scoped;
} Ruleset;

static size_t ruleset_size(guint abi)
{
    if (abi >= 6)
        return sizeof(Ruleset);
    return abi >= 4 ? 2 * sizeof(guint64) : sizeof(guint64);
}

static Ruleset handled(KxRole role, guint abi)
{
    Ruleset rules = {FS_V1, 0, 0};
    if (abi >= 2)
        rules.fs |= FS_REFER;
    if (abi >= 3)
        rules.fs |= FS_TRUNCATE;
    if (abi >= 5)
        rules.fs |= FS_IOCTL;
    if (abi >= 4)
        rules.net = role & CONNECTING ? NET_BIND : NET_BIND | NET_CONNECT;
    if (abi >= 6)
        rules.scoped = SCOPE_ALL;
    return rules;
}

static gboolean allow(int ruleset, const char *path, guint64 rights, GError **error)
{
    int dir = open(path, O_PATH | O_CLOEXEC);
    if (dir < 0)
        return kx_error_errno(error, "cannot open %s", path);
    struct landlock_path_beneath_attr beneath = {.allowed_access = rights, .parent_fd = dir};
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(dir);
    return rc == 0 ? TRUE : kx_error_errno(error, "Landlock refuses the rule for %s", path);
}

/* Which address connections come from may be chosen (OVR-51), not a port: nobody can be waited for,
 * as no role but the keeper listens. */
static gboolean allow_sources(int ruleset, GError **error)
{
    const struct {
        guint64 rights, port;
    } any = {NET_BIND, 0};
    long rc = syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &any, 0);
    return rc == 0 ? TRUE : kx_error_errno(error, "Landlock refuses the rule for addresses");
}

static gboolean holds(const char *folder, const char *path)
{
    size_t len = strlen(folder);
    return g_str_equal(folder, "/") ||
           (strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0'));
}

/* The data directory, where we are, is in the folder, or the other way round. */
static gboolean is_near_data(const char *folder)
{
    g_autofree char *here = g_get_current_dir();
    char *real = realpath(folder, NULL);
    gboolean near = real == NULL || holds(real, here) || holds(here, real);
    free(real);
    return near;
}

/* The keytab may be replaced: its folder counts, unless there is more in it than keys. */
static gboolean allow_keytab(int ruleset, GError **error)
{
    g_autofree char *keytab = kx_realm_keytab_path();
    g_autofree char *folder = *keytab ? g_path_get_dirname(keytab) : g_strdup("/etc");
    if (access(folder, F_OK) < 0)
        return TRUE;
    if (!is_near_data(folder))
        return allow(ruleset, folder, FS_READ, error);
    return access(keytab, F_OK) < 0 || allow(ruleset, keytab, FS_READ_ONE, error);
}

/* What the libraries of Kerberos read, as far as it is there; nothing of the data directory but
 * their own folder. */
static gboolean allow_kerberos(int ruleset, guint64 handled, GError **error)
{
    static const char *const read_only[] = {
        "/etc", "/usr", "/lib", "/lib64", "/run", "/var/lib/sss/pubconf", NULL};
    gboolean ok = allow(ruleset, KX_PATH_KERBEROS, FS_DATA & handled, error);
    for (guint i = 0; ok && read_only[i]; i++)
        ok = access(read_only[i], F_OK) < 0 || allow(ruleset, read_only[i], FS_READ, error);
    const char *users = g_getenv("NTLM_USER_FILE");
    g_autofree char *given = g_strjoin(":", g_getenv("KRB5_CONFIG"), users, NULL);
    g_auto(GStrv) files = g_strsplit(given, ":", -1);
    for (guint i = 0; ok && files[i]; i++)
        ok = access(files[i], F_OK) < 0 || allow(ruleset, files[i], FS_READ_ONE, error);
    return ok && allow_keytab(ruleset, error);
}

gboolean kx_landlock_enter(KxRole role, guint *ret_abi, GError **error)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version <= 0) {
        *ret_abi = 0;
        return TRUE;
    }
    guint abi = (guint)version;
    Ruleset rules = handled(role, abi);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, ruleset_size(abi), 0);
    if (ruleset < 0)
        return kx_error_errno(error, "cannot make a Landlock ruleset");
    gboolean ok = TRUE;
    if (role == KX_ROLE_CORE)
        ok = allow(ruleset, ".", FS_DATA & rules.fs, error);
    if (role == KX_ROLE_KERBEROS)
        ok = allow_kerberos(ruleset, rules.fs, error);
    if (ok && role & CONNECTING && rules.net != 0)
        ok = allow_sources(ruleset, error);
    if (ok && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        ok = kx_error_errno(error, "cannot enter the Landlock sandbox");
    close(ruleset);
    if (ok)
        *ret_abi = abi;
    return ok;
}

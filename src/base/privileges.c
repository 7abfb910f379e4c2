/* SPDX-License-Identifier: Apache-2.0 */
#include "base/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/* From the range that systemd hands out to services without an account. */
enum { NO_ACCOUNT_ID = 64980 };

void kx_privileges_service_user(guint *ret_uid, guint *ret_gid)
{
    char room[4096];
    struct passwd entry, *found = NULL;
    getpwnam_r("keryx", &entry, room, sizeof room, &found);
    *ret_uid = found ? found->pw_uid : NO_ACCOUNT_ID;
    *ret_gid = found ? found->pw_gid : NO_ACCOUNT_ID;
}

static gboolean keep_low_ports(GError **error)
{
    cap_t caps = cap_init();
    cap_value_t bind = CAP_NET_BIND_SERVICE;
    int rc = cap_set_flag(caps, CAP_PERMITTED, 1, &bind, CAP_SET);
    if (rc == 0)
        rc = cap_set_flag(caps, CAP_EFFECTIVE, 1, &bind, CAP_SET);
    if (rc == 0)
        rc = cap_set_proc(caps);
    cap_free(caps);
    return rc == 0 ? TRUE : kx_error_errno(error, "cannot keep the right to bind low ports");
}

gboolean kx_privileges_drop(const char *path, GError **error)
{
    if (geteuid() != 0)
        return TRUE;
    struct stat st;
    if (stat(path, &st) < 0)
        return kx_error_errno(error, "cannot look at %s", path);
    if (st.st_uid == 0)
        return kx_fail(error, KX_ERR_DENIED,
                       "the data directory belongs to root: give it to another user (chown -R), "
                       "the server runs as its owner");
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
        setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
        return kx_error_errno(error, "cannot become user %u", (guint)st.st_uid);
    return keep_low_ports(error);
}

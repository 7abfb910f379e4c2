/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"

#include <sys/prctl.h>

#include "base/error.h"
#include "server/landlock.h"
#include "server/seccomp.h"

gboolean kx_sandbox_enter(KxRole role, KxSandbox *ret_sandbox, GError **error)
{
    KxSandbox sandbox = {0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return kx_error_errno(error, "cannot give up new privileges");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return kx_error_errno(error, "cannot forbid core dumps");
    if (!kx_landlock_enter(role, &sandbox.landlock, error) ||
        !kx_seccomp_enter(role, &sandbox.seccomp, error))
        return FALSE;
    *ret_sandbox = sandbox;
    return TRUE;
}

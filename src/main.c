/* SPDX-License-Identifier: Apache-2.0 */
/* One program: a role when the keeper starts it as one, else what an administrator calls. */
#include "admin/admin.h"
#include "server/roles.h"
#include "server/serve.h"

int main(int argc, char **argv)
{
    int status;
    if (kx_role_main(argc, argv, &status))
        return status;
    return kx_cli_main(argc, argv, kx_serve);
}

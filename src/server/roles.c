/* SPDX-License-Identifier: Apache-2.0 */
#include "server/roles.h"

#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/text.h"

/* The keeper decides when a role ends: signals of the terminal are not for roles. */
static void ignore_signals(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

gboolean kx_role_main(int argc, char **argv, int *ret_status)
{
    guint64 index = 0;
    if (argc != 4 || strcmp(argv[1], "--role") != 0 || !kx_parse_uint(argv[3], 63, &index))
        return FALSE;
    if (sodium_init() < 0)
        return FALSE;
    ignore_signals();
    tzset();
    g_set_prgname("keryx");
    prctl(PR_SET_NAME, argv[2], 0, 0, 0);
    if (g_str_equal(argv[2], "edge"))
        *ret_status = kx_role_edge_main((guint)index);
    else if (g_str_equal(argv[2], "core"))
        *ret_status = kx_role_core_main();
    else if (g_str_equal(argv[2], "courier"))
        *ret_status = kx_role_courier_main();
    else if (g_str_equal(argv[2], "convert"))
        *ret_status = kx_role_convert_main();
    else if (g_str_equal(argv[2], "kerberos"))
        *ret_status = kx_role_kerberos_main();
    else
        return FALSE;
    return TRUE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/args.h"

const char *kx_pop3_skip_spaces(const char *args)
{
    while (*args == ' ')
        args++;
    return args;
}

gboolean kx_pop3_take_number(const char **args, guint32 *ret_number)
{
    const char *at = kx_pop3_skip_spaces(*args);
    guint64 number = 0;
    if (!g_ascii_isdigit(*at))
        return FALSE;
    for (; g_ascii_isdigit(*at); at++)
        number = MIN(number * 10 + (guint64)(*at - '0'), G_MAXUINT32);
    if (*at != ' ' && *at != '\0')
        return FALSE;
    *args = at;
    *ret_number = (guint32)number;
    return TRUE;
}

gboolean kx_pop3_args_end(const char *args)
{
    return *kx_pop3_skip_spaces(args) == '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pam/pam.h"

enum {
    SERVICE_MAX = 64,
    USER_MAX = 256,
    ADDRESS_MAX = 64
}; /* the fields of PAM_CHECK in ipc/message-list.h */

static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

gboolean kx_pam_is_service(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= SERVICE_MAX && *name != '.' && strspn(name, PLAIN) == len;
}

gboolean kx_pam_is_user(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > USER_MAX || *name == '-' || !g_utf8_validate(name, -1, NULL))
        return FALSE;
    for (const char *at = name; *at != '\0'; at++)
        if (g_ascii_iscntrl(*at) || *at == '/' || *at == ':')
            return FALSE;
    return TRUE;
}

gboolean kx_pam_is_address(const char *text)
{
    size_t len = strlen(text);
    return len <= ADDRESS_MAX && strspn(text, "0123456789abcdefABCDEF:.") == len;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pop3/capability.h"

static const char ALWAYS[] = "TOP\r\n"
                             "UIDL\r\n"
                             "RESP-CODES\r\n"
                             "AUTH-RESP-CODE\r\n"
                             "PIPELINING\r\n"
                             "EXPIRE NEVER\r\n";

/* USER and PASS are PLAIN in other words. */
static gboolean has_plain(const char *mechanisms)
{
    g_auto(GStrv) names = g_strsplit(mechanisms, " ", -1);
    return g_strv_contains((const char *const *)names, "PLAIN");
}

char *kx_pop3_capabilities(const KxSettings *settings, const char *mechanisms, gboolean secure)
{
    GString *lines = g_string_new(ALWAYS);
    if (!kx_settings_bool(settings, KX_SET_SERVER_HIDE_PROGRAM))
        g_string_append(lines, "IMPLEMENTATION Keryx\r\n");
    if (has_plain(mechanisms))
        g_string_append(lines, "USER\r\n");
    if (*mechanisms)
        g_string_append_printf(lines, "SASL %s\r\n", mechanisms);
    if (!secure)
        g_string_append(lines, "STLS\r\n");
    g_string_append(lines, ".\r\n");
    return g_string_free(lines, FALSE);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log-security.h"

#include "log/log-value.h"

typedef struct Reason {
    const char *before;
    gboolean method;
    const char *after;
} Reason;

static const Reason REASONS[] = {
    [KX_LOGIN_MISSING_PARAMETER] = {"missing parameter in AUTHENTICATE header", FALSE, ""},
    [KX_LOGIN_METHOD_UNKNOWN] = {"authentication method ", TRUE, " is invalid or unknown"},
    [KX_LOGIN_ERROR] = {"error during authentication with method ", TRUE, ""},
    [KX_LOGIN_REFUSED] = {"authentication method ", TRUE, ""},
};

void kx_log_failed_login(KxLogger *logger, const char *service, const char *ip,
                         KxLoginFailure failure, const char *method)
{
    const Reason *reason = &REASONS[failure];
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "Failed %s login from %s, %s", service, ip, reason->before);
    if (reason->method)
        kx_log_append_plain(line, method);
    g_string_append(line, reason->after);
    kx_log(logger, KX_LOG_SECURITY, "%s", line->str);
}

void kx_log_relay_attempt(KxLogger *logger, const char *ip, const char *from, const char *to)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "Relay attempt from IP address %s, mail from ", ip);
    kx_log_append_address(line, from);
    g_string_append(line, " to ");
    kx_log_append_address(line, to);
    g_string_append(line, " rejected");
    kx_log(logger, KX_LOG_SECURITY, "%s", line->str);
}

void kx_log_undelivered(KxLogger *logger, const char *queue_id, const char *from, const char *to,
                        const char *status, const char *reason)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "Message %s from ", queue_id);
    kx_log_append_address(line, from);
    g_string_append(line, " to ");
    kx_log_append_address(line, to);
    g_string_append_printf(line, " could not be delivered: %s ", status);
    kx_log_append_plain(line, reason);
    kx_log(logger, KX_LOG_SECURITY, "%s", line->str);
}

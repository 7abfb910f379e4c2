/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/service.h"

static const KxService services[KX_SERVICE_COUNT] = {
    [KX_SERVICE_SMTP] = {"smtp", "SMTP", KX_PROTOCOL_SMTP, 25, FALSE, FALSE},
    [KX_SERVICE_SMTPS] = {"smtps", "Secure SMTP", KX_PROTOCOL_SMTP, 465, TRUE, TRUE},
    [KX_SERVICE_SUBMISSION] = {"submission", "Submission", KX_PROTOCOL_SMTP, 587, FALSE, TRUE},
    [KX_SERVICE_IMAP] = {"imap", "IMAP", KX_PROTOCOL_IMAP, 143, FALSE, FALSE},
    [KX_SERVICE_IMAPS] = {"imaps", "Secure IMAP", KX_PROTOCOL_IMAP, 993, TRUE, FALSE},
    [KX_SERVICE_POP3] = {"pop3", "POP3", KX_PROTOCOL_POP3, 110, FALSE, FALSE},
    [KX_SERVICE_POP3S] = {"pop3s", "Secure POP3", KX_PROTOCOL_POP3, 995, TRUE, FALSE},
    [KX_SERVICE_HTTP] = {"http", "HTTP", KX_PROTOCOL_HTTP, 80, FALSE, FALSE},
    [KX_SERVICE_HTTPS] = {"https", "Secure HTTP", KX_PROTOCOL_HTTP, 443, TRUE, FALSE},
    [KX_SERVICE_ADMIN] = {"admin", "Administration", KX_PROTOCOL_HTTP, 4040, TRUE, FALSE},
};

const KxService *kx_service(KxServiceId id)
{
    g_assert(id < KX_SERVICE_COUNT);
    return &services[id];
}

gboolean kx_service_find(const char *name, KxServiceId *ret_id)
{
    for (guint id = 0; id < KX_SERVICE_COUNT; id++)
        if (g_ascii_strcasecmp(services[id].name, name) == 0) {
            *ret_id = id;
            return TRUE;
        }
    return FALSE;
}

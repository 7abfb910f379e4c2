/* SPDX-License-Identifier: Apache-2.0 */
/* The network services (SVC-01): one row each; clear and TLS forms are services of their own
 * (SVC-06). */
#pragma once

#include <glib.h>

typedef enum {
    KX_PROTOCOL_SMTP,
    KX_PROTOCOL_IMAP,
    KX_PROTOCOL_POP3,
    KX_PROTOCOL_HTTP,
    KX_PROTOCOL_COUNT
} KxProtocolId;

typedef enum {
    KX_SERVICE_SMTP,
    KX_SERVICE_SMTPS,
    KX_SERVICE_SUBMISSION,
    KX_SERVICE_IMAP,
    KX_SERVICE_IMAPS,
    KX_SERVICE_POP3,
    KX_SERVICE_POP3S,
    KX_SERVICE_HTTP,
    KX_SERVICE_HTTPS,
    KX_SERVICE_ADMIN,
    KX_SERVICE_COUNT
} KxServiceId;

typedef struct {
    const char *name;  /* "imaps", as in settings and on the command line */
    const char *title; /* "Secure IMAP", as administrators know it */
    KxProtocolId protocol;
    guint16 port;
    gboolean implicit_tls;
    gboolean submission; /* SMTP for the users' own programs: sign-in required */
} KxService;

const KxService *kx_service(KxServiceId id);
gboolean kx_service_find(const char *name, KxServiceId *ret_id);

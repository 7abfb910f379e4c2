/* SPDX-License-Identifier: Apache-2.0 */
/* What CAPABILITY says (RFC 9051 section 7.2.2), for both halves. Pure and thread-safe. */
#pragma once

#include "settings/settings.h"

typedef enum {
    KX_IMAP_CAN_STARTTLS = 1 << 0, /* before sign-in: the connection is clear and TLS can start */
    KX_IMAP_CAN_LOGIN = 1 << 1,    /* before sign-in: passwords may be sent */
    KX_IMAP_NO_LOGIN = 1 << 2,     /* before sign-in: passwords must not be sent */
    KX_IMAP_SIGNED_IN = 1 << 3,
    KX_IMAP_CAN_COMPRESS = 1 << 4, /* signed in, and compression is not active yet */
} KxImapCircumstances;

/* "IMAP4rev1 IMAP4rev2 ...", to be freed with g_free. */
char *kx_imap_capabilities(guint circumstances, const KxSettings *settings);

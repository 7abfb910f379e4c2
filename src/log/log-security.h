/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the Security log (LOG-38, LOG-42 to LOG-44). Strings are borrowed for the call and may
 * come from a peer.
 */
#pragma once

#include <glib.h>

#include "log/log.h"

/* Why a login failed; the texts are those of LOG-43, with the method where they name one. */
typedef enum {
    KX_LOGIN_MISSING_PARAMETER, /* bad or missing login data */
    KX_LOGIN_METHOD_UNKNOWN,
    KX_LOGIN_ERROR,   /* e.g. the authentication server does not answer */
    KX_LOGIN_REFUSED, /* unknown user, wrong password, account disabled */
} KxLoginFailure;

/* "Failed IMAP login from 192.168.36.139, authentication method PLAIN". The method is not used for
 * KX_LOGIN_MISSING_PARAMETER. */
void kx_log_failed_login(KxLogger *logger, const char *service, const char *ip,
                         KxLoginFailure failure, const char *method);

/* from: NULL or "" is the null sender. */
void kx_log_relay_attempt(KxLogger *logger, const char *ip, const char *from, const char *to);

/* A message that could not be delivered to a recipient (LOG-38): "Message <queue ID> from <a> to
 * <b> could not be delivered: 5.2.2 mailbox full". The specification shows no form for it. */
void kx_log_undelivered(KxLogger *logger, const char *queue_id, const char *from, const char *to,
                        const char *status, const char *reason);

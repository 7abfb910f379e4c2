/* SPDX-License-Identifier: Apache-2.0 */
/* From which addresses somebody signed in over POP3 lately (SMTP-11). Bounded; thread-safe. */
#pragma once

#include <glib.h>

typedef struct KxRecentLogins KxRecentLogins;

KxRecentLogins *kx_recent_logins_new(void);
void kx_recent_logins_free(KxRecentLogins *logins);

void kx_recent_logins_add(KxRecentLogins *logins, const char *ip);
gboolean kx_recent_logins_has(KxRecentLogins *logins, const char *ip, gint64 within_seconds);

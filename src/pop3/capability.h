/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capabilities (RFC 2449 section 6), which both halves announce: the list may not depend on
 * whether the client has signed in, only on what it may do on this connection.
 */
#pragma once

#include "settings/settings.h"

/* `mechanisms` of SASL, with blanks between, may be empty. The lines with the end; free it. */
char *kx_pop3_capabilities(const KxSettings *settings, const char *mechanisms, gboolean secure);

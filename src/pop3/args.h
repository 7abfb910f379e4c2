/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of commands (RFC 1939 section 3). More spaces than one between them, or at the end, do
 * no harm. Pure. */
#pragma once

#include <glib.h>

const char *kx_pop3_skip_spaces(const char *args);

/* Takes a decimal number off the front; one too large to be true becomes G_MAXUINT32. FALSE: there
 * is none. */
gboolean kx_pop3_take_number(const char **args, guint32 *ret_number);

/* Nothing but spaces is left. */
gboolean kx_pop3_args_end(const char *args);

/* SPDX-License-Identifier: Apache-2.0 */
/* keryx log save: a log, or a part of it, as plain text or as a page with the colors of the
 * highlighting rules (LOG-06, LOG-07). */
#pragma once

#include "admin/cli-private.h"

/* Lines as text, or as HTML that goes into an element of preformatted text. */
char *kx_log_format(KxDirectory *directory, char *const *lines, gboolean html);

/* The command line's part: asks for piece after piece, and writes the page around them. */
int kx_log_save(const KxInvocation *invocation);

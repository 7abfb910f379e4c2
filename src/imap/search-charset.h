/* SPDX-License-Identifier: Apache-2.0 */
/* CHARSET of SEARCH (RFC 9051 section 6.4.4), through ICU, whose tables need no files. Thread-safe.
 */
#pragma once

#include "ipc/message.h"

/* FALSE: unknown; the command is NO [BADCHARSET]. */
gboolean kx_search_charset_known(KxSlice charset);

/* The text as UTF-8; what is not valid in the character set becomes U+FFFD. Free with g_free. */
char *kx_search_charset_convert(KxSlice charset, KxSlice text);

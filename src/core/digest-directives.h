/* SPDX-License-Identifier: Apache-2.0 */
/* The list of directives of DIGEST-MD5 (RFC 2831 section 7.1): name=value, name="quoted \"value\"",
 * separated by commas. Pure. */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* Name, in lower case -> value, both owned. NULL: not such a list, a name appears twice, or there
 * are more than KX_DIRECTIVES_MAX. */
enum { KX_DIRECTIVES_MAX = 32, KX_DIRECTIVES_LEN_MAX = 4096 };
GHashTable *kx_digest_directives(KxSlice text);

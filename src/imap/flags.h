/* SPDX-License-Identifier: Apache-2.0 */
/* Names of flags (RFC 9051 section 2.3.2). Thread-safe. */
#pragma once

#include <glib.h>

#include "store/item.h"

/* Appends "\Seen \Draft $Junk", without parentheses. `keywords` is NULL-terminated or NULL. */
void kx_imap_format_flags(GString *out, guint32 flags, const char *const *keywords);

/* SPDX-License-Identifier: Apache-2.0 */
/* Special uses of folders (RFC 6154, RFC 8457) and their names. Thread-safe. */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* Appends " \Sent" for each bit of KxSpecialUse. */
void kx_imap_format_special_use(GString *out, guint special_use);

/* One bit of KxSpecialUse, or 0 if the name means none that a folder can have. */
guint kx_imap_find_special_use(KxSlice name);

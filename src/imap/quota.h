/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUOTA (RFC 9208). The user's account is one quota root, called "", with its limits of bytes
 * (STORAGE, in units of 1024) and items (MESSAGE); all its folders belong to it.
 */
#pragma once

#include "imap/imap.h"

/* Is there a limit at all? Without one, no folder has a quota root. */
gboolean kx_imap_has_quota(const KxImap *imap);

/* "* QUOTA "" (STORAGE used limit MESSAGE used limit)"; what has no limit is left out. */
void kx_imap_write_quota(KxImap *imap);

/* Where the user's own account is full already: the untagged warning of RFC 9208 section 4.3.1. */
void kx_imap_warn_quota(KxImap *imap);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public folders that take mail: which account of the store they are in, of the domain or of the
 * whole server (DOM-04, ALIAS-07). Threads: from any thread.
 */
#pragma once

#include "directory/directory.h"
#include "store/store.h"

/* The account that holds the public folder for mail of that name; a new reference. NULL with
 * KX_ERR_NOT_FOUND: there is none, or it holds other things. */
KxAccount *kx_public_folder_open(KxStore *store, KxDirectory *directory, const char *domain,
                                 const char *folder, GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access key of a folder, with which its owner signs URLs (RFC 4467 section 5). It is a file of
 * its own, #urlkey, in the folder's directory: it moves with the folder, goes with it, and outlives
 * the index. Thread-safe.
 */
#pragma once

#include "store/view.h"

enum { KX_URL_KEY = 32 }; /* bytes */

/* KX_ERR_NOT_FOUND if there is none and none is to be made. */
gboolean kx_folder_url_key(KxFolder *folder, gboolean make, guint8 ret_key[static KX_URL_KEY],
                           GError **error);

/* A new key: what was signed with the old one is worth nothing any more. A folder that has none
 * gets none. */
gboolean kx_folder_reset_url_key(KxFolder *folder, GError **error);

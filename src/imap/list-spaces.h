/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which namespaces a LIST is about. Wildcards do not lead out of the user's own tree: "*" and "%"
 * are his folders, "~%", "#public/" "*" and the like name others (RFC 9051 section 6.3.9 allows to
 * hide names from wildcards). Subscribed names are found wherever they are: the user has asked for
 * them.
 */
#pragma once

#include "imap/list.h"

/* All names the request can be about. NULL with an error. */
KxListTree *kx_list_spaces(KxImap *imap, const KxListRequest *request, GError **error);

/* Where the namespace of that reference begins: "", "~", "#public/", "#archive/". */
const char *kx_list_root(const char *reference);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking other servers for the mail they hold (ETRN, RFC 1985). They bring it over a new connection
 * to our port 25. That one has nothing, refuses or does not answer is normal (ETRN-04): it is
 * reported and noted in the Debug log.
 *
 * Threads: from any thread; waits for the servers.
 */
#pragma once

#include "directory/directory.h"
#include "flow/ask.h"

/* What a server said about a domain. */
typedef struct {
    char *server, *domain;
    guint code; /* 0: it could not be asked */
    char *text;
} KxEtrnAnswer;

/* Of KxEtrnAnswer, from all servers that are not disabled, or with a name from that one. NULL with
 * KX_ERR_NOT_FOUND. */
GPtrArray *kx_etrn_run(KxDirectory *directory, KxAsks *asks, KxLogger *logger, const char *name,
                       GError **error);

/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 in the edge (RFC 9110, RFC 9112): frames requests, and refuses what is malformed, too
 * big or too slow. All else is the core's. */
#pragma once

#include "net/conn.h"

extern const KxProtocol kx_http_edge;

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge half of POP3: the AUTHORIZATION state and framing. RFC 1939, 2449 (CAPA), 2595 (STLS),
 * 5034 (AUTH), 3206 (response codes). After sign-in each line goes to the core.
 */
#pragma once

#include "net/conn.h"

extern const KxProtocol kx_pop3_edge;

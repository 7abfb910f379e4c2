/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge half of IMAP (RFC 9051, RFC 3501): greeting, framing, and everything before sign-in.
 * Afterwards it passes complete commands to the core (imap/wire.h).
 */
#pragma once

#include "net/conn.h"

extern const KxProtocol kx_imap_edge;

/* SPDX-License-Identifier: Apache-2.0 */
/* The ID command (RFC 2971), before sign-in and after. */
#pragma once

#include "imap/parser.h"

/* Reads the arguments and checks them against the limits of section 3.3. */
gboolean kx_imap_parse_id(KxImapParser *args);

/* The untagged response without CRLF: the name of the server, and nothing an attacker could choose
 * his tools by. */
#define KX_IMAP_ID_RESPONSE "* ID (\"name\" \"Keryx\")"

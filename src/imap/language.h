/* SPDX-License-Identifier: Apache-2.0 */
/* The LANGUAGE command (RFC 5255 section 3), before sign-in and after. There is English, which is
 * also i-default (RFC 2277). */
#pragma once

#include "imap/parser.h"

/* Reads the arguments: the untagged response without CRLF, static; NULL if there is no such
 * language, or if kx_imap_parser_ok() is FALSE. */
const char *kx_imap_parse_language(KxImapParser *args);

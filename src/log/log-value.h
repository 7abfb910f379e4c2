/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values inside the lines of known form: capped, and without the characters that would let a peer
 * pretend to be the next field. Private to the log folder.
 */
#pragma once

#include <glib.h>

#define KX_LOG_VALUE_MAX   1024 /* bytes read of one value; the rest becomes "..." */
#define KX_LOG_ADDRESS_MAX 320  /* the same of an address; RFC 5321 section 4.5.3.1 allows 256 */

void kx_log_append_plain(GString *line, const char *value);              /* as it is, capped */
void kx_log_append_address(GString *line, const char *address);          /* <address>, NULL is <> */
void kx_log_append_quoted(GString *line, const char *value, char quote); /* backslash before both */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How urgent a message says it is (NET-08): Importance and Priority (RFC 2156 sections 2.1.1 and
 * 2.1.2, registered for mail by RFC 4021), X-Priority and X-MSMail-Priority as mail programs write
 * them. Linear, pure and thread-safe.
 */
#pragma once

#include <glib.h>

/* Whether any of these fields says so; the others, and what makes no sense, do not count.
 * `header` may go on past the header. */
gboolean kx_priority_is_high(const char *header, size_t len);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored passwords of other servers, as Dovecot and LDAP directories write them: "{SCHEME}value".
 * They serve until their owner signs in the first time, when ours take their place (USR-21). Pure
 * and thread-safe.
 */
#pragma once

#include <glib.h>

/* The canonical text of one; NULL with KX_ERR_INVALID, which lists the schemes. What would make a
 * check cost too much is refused. */
char *kx_foreign_hash_parse(const char *text, GError **error);

/* Whether a text begins with the name of a scheme that kx_foreign_hash_parse() knows. */
gboolean kx_foreign_hash_is(const char *text);

/* `stored` is canonical; the password is as the client sent it. */
gboolean kx_foreign_hash_check(const char *stored, const char *password);

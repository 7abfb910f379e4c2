/* SPDX-License-Identifier: Apache-2.0 */
/* The ID command (RFC 2971), before sign-in and after. */
#pragma once

#include "imap/parser.h"
#include "settings/settings.h"

/* Reads the arguments and checks them against the limits of section 3.3. */
gboolean kx_imap_parse_id(KxImapParser *args);

/* The untagged response without CRLF: the name of the server, and nothing an attacker could choose
 * his tools by; NIL where not even that is wanted (ADV-02). */
static inline const char *kx_imap_id_response(const KxSettings *settings)
{
    return kx_settings_bool(settings, KX_SET_SERVER_HIDE_PROGRAM) ? "* ID NIL"
                                                                  : "* ID (\"name\" \"Keryx\")";
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that carry an authorisation (URLAUTH, RFC 4467; URL-PARTIAL, RFC 5550), with the mechanism
 * INTERNAL: a MAC of the URL's text under the folder's access key (store/url-key.h). Who shows the
 * URL may read what it names, if he is whom it is meant for. For URLFETCH, and for BURL (RFC 4468).
 * Thread-safe.
 */
#pragma once

#include "core/core.h"
#include "core/url-content.h"

/* Is this the name of this server? `local_ip` is the address the client came to. */
gboolean kx_url_host_is_ours(KxCore *core, const char *host, const char *local_ip);

/* The URL with its verifier, "...:internal:HEX". `text` is what `url` was read from; its mailbox
 * belongs to `account`. */
char *kx_url_sign(KxAccount *account, const KxImapUrl *url, const char *text, GError **error);

/* Who wants to read. */
typedef struct {
    const KxUser *user;
    const char *local_ip;
    gboolean submission; /* a submission server that acts for the user: may use submit+ */
} KxUrlReader;

/* Reads what a signed URL names. All that can be wrong with it is KX_ERR_DENIED or
 * KX_ERR_NOT_FOUND; the client is told no difference. */
gboolean kx_url_fetch(KxCore *core, const KxUrlReader *reader, const KxImapUrl *url,
                      const char *text, KxUrlContent *ret_content, GError **error);

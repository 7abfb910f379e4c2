/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTPS request to a server that a foreign domain or the administrator names. Nothing is sent
 * before its certificate has proved the name of the host, unless HTTP is asked for; no redirects,
 * no proxy, a bounded answer in bounded time.
 *
 * Threads: any; they wait.
 */
#pragma once

#include <openssl/ssl.h>

#include "courier/resolver.h"

enum { KX_WEB_BODY_MAX = 64 * 1024 }; /* bytes of an answer */

typedef struct {
    const char *url;
    const char *type; /* of the body that is posted; NULL: nothing is posted */
    const void *body;
    size_t len;
    const char *user, *password; /* that the server is told (RFC 7617); NULL or "": none */
    guint seconds;               /* that it may take; 0: as is usual here */
    gboolean plain;              /* the URL may be of HTTP: what is answered is signed */
} KxWebRequest;

typedef struct {
    char *name, *value; /* the name in lower case */
} KxWebField;

typedef struct {
    guint code;
    char *type; /* media type; NULL: none said */
    GString *body;
    GPtrArray
        *fields; /* KxWebField: Location, Replay-Nonce, Retry-After, as far as they are there */
} KxWebAnswer;

/* KX_ERR_DENIED: the certificate is not good; KX_ERR_INVALID: not an https URL; KX_ERR_NOT_FOUND:
 * the host has no address; else KX_ERR_IO. The certificates that `tls` trusts vouch for servers. */
gboolean kx_web_ask(KxResolver *resolver, SSL_CTX *tls, const KxWebRequest *request,
                    KxWebAnswer *ret_answer, GError **error);
void kx_web_answer_clear(KxWebAnswer *answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxWebAnswer, kx_web_answer_clear)

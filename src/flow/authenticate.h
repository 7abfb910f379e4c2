/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a message from another server is from, as far as that can be found out: SPF, DKIM, DMARC and
 * ARC, in the words of RFC 8601. The courier asks DNS; the content stays here.
 *
 * Thread-safe; waits for DNS, for a bounded time. What DNS does not say by then is a "temperror".
 */
#pragma once

#include "filter/results.h"
#include "flow/ask.h"

typedef struct {
    KxAsks *asks; /* NULL: DNS is not asked now */
    const char *authserv_id;
    const char *ip, *helo, *sender;
    const char *content;
    size_t len;
} KxAuthenticate;

typedef struct {
    char *field;       /* Authentication-Results, with its line ending */
    char *summary;     /* "spf=pass dkim=none dmarc=fail arc=none" */
    char *author;      /* the domain in From, or NULL */
    gboolean disowned; /* the domain says that such mail is not from it: DMARC fails, or where there
                          is no DMARC policy SPF does; or nobody can tell who all its authors are */
} KxAuthenticated;

void kx_authenticate(const KxAuthenticate *message, KxAuthenticated *ret_results);
void kx_authenticated_clear(KxAuthenticated *results);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxAuthenticated, kx_authenticated_clear)

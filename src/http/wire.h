/* SPDX-License-Identifier: Apache-2.0 */
/* What the halves of HTTP say to each other in HTTP_REQUEST.flags and REPLY.code. */
#pragma once

typedef enum {
    KX_HTTP_KEEP_ALIVE = 1 << 0, /* the connection goes on after the answer */
    KX_HTTP_10 = 1 << 1,         /* the client speaks HTTP/1.0 */
    KX_HTTP_HAS_BODY = 1 << 2,   /* there is a body, which may be empty */
    KX_HTTP_LAST = 1 << 3,       /* and all of it is in this message */
} KxHttpRequestFlags;

typedef enum {
    KX_HTTP_ANSWERED = 0,
    KX_HTTP_GO_ON = 1, /* to a piece of the body: send the next */
    KX_HTTP_LATER = 2, /* nothing is answered yet: ask again (HTTP_BODY, last and empty) after
                          KX_HTTP_LATER_SECONDS. Failed sign-ins are held up so. */
} KxHttpCode;

enum { KX_HTTP_LATER_SECONDS = 1 };

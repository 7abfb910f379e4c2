/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody may do with a folder: the rights of RFC 4314 section 2.1, one bit for each letter.
 */
#pragma once

typedef enum {
    KX_RIGHT_LOOKUP = 1 << 0,          /* l: see that it is there */
    KX_RIGHT_READ = 1 << 1,            /* r: select it, read messages, STATUS */
    KX_RIGHT_SEEN = 1 << 2,            /* s: change \Seen */
    KX_RIGHT_WRITE = 1 << 3,           /* w: change other flags and keywords */
    KX_RIGHT_INSERT = 1 << 4,          /* i: APPEND, COPY into it */
    KX_RIGHT_POST = 1 << 5,            /* p: send mail to it */
    KX_RIGHT_CREATE = 1 << 6,          /* k: make folders below */
    KX_RIGHT_DELETE = 1 << 7,          /* x: remove or rename it */
    KX_RIGHT_DELETE_MESSAGES = 1 << 8, /* t: change \Deleted */
    KX_RIGHT_EXPUNGE = 1 << 9,         /* e: EXPUNGE */
    KX_RIGHT_ADMIN = 1 << 10,          /* a: read and change these rights */
} KxRights;
#define KX_RIGHTS_ALL 0x7ff

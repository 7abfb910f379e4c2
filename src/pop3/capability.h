/* SPDX-License-Identifier: Apache-2.0 */
/* The capabilities (RFC 2449) that do not depend on the state of the connection; both halves answer CAPA. */
#pragma once

#define KX_POP3_CAPABILITIES                                                                       \
    "TOP\r\n"                                                                                      \
    "UIDL\r\n"                                                                                     \
    "RESP-CODES\r\n"                                                                               \
    "AUTH-RESP-CODE\r\n"                                                                           \
    "PIPELINING\r\n"                                                                               \
    "EXPIRE NEVER\r\n"                                                                             \
    "IMPLEMENTATION Keryx\r\n"

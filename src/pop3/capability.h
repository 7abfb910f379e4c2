/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capabilities (RFC 2449 section 6), which both halves announce: the list may not depend on
 * whether the client has signed in, only on what it may do on this connection.
 */
#pragma once

#define KX_POP3_CAPABILITIES                                                                       \
    "TOP\r\n"                                                                                      \
    "UIDL\r\n"                                                                                     \
    "RESP-CODES\r\n"                                                                               \
    "AUTH-RESP-CODE\r\n"                                                                           \
    "PIPELINING\r\n"                                                                               \
    "EXPIRE NEVER\r\n"                                                                             \
    "IMPLEMENTATION Keryx\r\n"

/* Where passwords may be sent. */
#define KX_POP3_CAPABILITIES_SIGN_IN                                                               \
    "USER\r\n"                                                                                     \
    "SASL PLAIN LOGIN\r\n"

/* Outside TLS. */
#define KX_POP3_CAPABILITIES_CLEAR "STLS\r\n"

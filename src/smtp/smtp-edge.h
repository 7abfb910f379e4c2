/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge half of SMTP (RFC 5321, 6409): the dialogue, from greeting to goodbye. What a client may
 * say when, syntax, limits and content framing are decided here; sign-in, recipients and delivery
 * by the core (smtp/smtp.h). For KxProtocol see net/conn.h.
 */
#pragma once

struct KxProtocol;
extern const struct KxProtocol kx_smtp_protocol;

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of a client that proves who it is (GSS-API, RFC 2743, RFC 2744), in the role that has the
 * keys of the host. What comes in is from anybody.
 *
 *   KX_GSS_KERBEROS   GSSAPI of SASL (RFC 4752): after the tokens client and server agree that they
 *                     go on without a layer of its own, and the client says who it wants to be
 *   KX_GSS_SPNEGO     GSS-SPNEGO of SASL: Kerberos, or NTLM where that is allowed (RFC 4178)
 *   KX_GSS_NEGOTIATE  the same for HTTP (RFC 4559)
 *   KX_GSS_NTLM       NTLM of SASL ([MS-NLMP])
 *
 * An exchange is used by one thread at a time.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef struct KxGss KxGss;

KxGss *kx_gss_new(KxGssMechanism mechanism, gboolean ntlm);
void kx_gss_free(KxGss *gss);

/* The answer to a token; what it points to stays until the next call. After any state but
 * KX_GSS_CONTINUE the exchange is over. */
void kx_gss_step(KxGss *gss, KxSlice token, KxMsgGssAnswer *ret_answer);

/* Reads the list of mechanisms and opens their libraries: before the sandbox is entered. */
void kx_gss_warm_up(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxGss, kx_gss_free)

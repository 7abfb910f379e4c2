/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of the role kerberos, as the core sees it. It has the keys of the host, and the core
 * has not: it looks at what clients show that speak GSS-API, and asks KDCs about passwords. The
 * keeper starts it when it is wanted first.
 *
 * Threads: any. Functions that say so wait, for seconds: not for workers (core/checkers.h).
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

typedef struct KxKerberos KxKerberos;

/* Tells the keeper that the process is wanted. Called with a lock held: must not call back. */
typedef void (*KxKerberosTell)(gpointer data);

KxKerberos *kx_kerberos_new(KxKerberosTell tell, gpointer data);
/* Nobody may be in a call any more. */
void kx_kerberos_free(KxKerberos *kerberos);
/* Everybody who waits, now and later, gets KX_ERR_BUSY. */
void kx_kerberos_stop(KxKerberos *kerberos);

/* What the keeper says: a channel to it when it is ready (taken over); it is no more. */
void kx_kerberos_ready(KxKerberos *kerberos, int fd);
void kx_kerberos_ended(KxKerberos *kerberos);

/* ---- tokens of clients (GSS-API, RFC 2743) ---- */

typedef struct KxGssExchange KxGssExchange;

typedef struct {
    KxGssState state;
    GBytes *token;        /* for the client; NULL: none */
    char *name, *authzid; /* set when it is done; authzid NULL: the mechanism does not ask */
    char *text;           /* why not */
} KxGssAnswer;

void kx_gss_answer_clear(KxGssAnswer *answer);

KxGssExchange *kx_gss_exchange_new(KxKerberos *kerberos, KxGssMechanism mechanism, gboolean ntlm);
void kx_gss_exchange_free(KxGssExchange *exchange); /* at any time, from any thread */
/* Waits. One call at a time. What cannot be said is KX_GSS_LATER. */
void kx_gss_exchange_step(KxGssExchange *exchange, KxSlice token, KxGssAnswer *ret_answer);

/* ---- passwords ---- */

/* Waits. `ret_text` says why it is not KX_KERBEROS_GOOD; free it. */
KxKerberosState kx_kerberos_check(KxKerberos *kerberos, const char *realm, const char *name,
                                  const char *password, char **ret_text);

/* What was looked at. */
typedef struct {
    char *about, *text;
    gboolean good;
} KxKerberosFinding;

/* Waits: looks at all that signing in takes. `name` and `password` may be empty. The findings are
 * KxKerberosFinding; free with g_ptr_array_unref(). */
GPtrArray *kx_kerberos_examine(KxKerberos *kerberos, const char *realm, const char *name,
                               const char *password, KxKerberosState *ret_state, char **ret_text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxKerberos, kx_kerberos_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxGssAnswer, kx_gss_answer_clear)

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between a sign-in and the slow password hash: a memory of recent successes and a
 * limit of checks at a time (each takes 19 MiB and a processor). Thread-safe.
 *
 * A success is remembered as a BLAKE2b hash of account, generation and password under a random key
 * of this process, for some minutes; a change of the account makes its old entries unreachable.
 */
#pragma once

#include <glib.h>

enum {
    KX_AUTH_CACHE_SECONDS = 600,
    KX_AUTH_CACHE_MAPPED_SECONDS = 60, /* of what a directory elsewhere said */
    KX_AUTH_CACHE_MAX = 50000,         /* entries; the oldest give way */
    KX_AUTH_WAIT_SECONDS = 5,          /* for a free place */
};

typedef struct KxAuthGate KxAuthGate;

typedef struct {
    guint8 bytes[32];
} KxAuthKey;

KxAuthGate *kx_auth_gate_new(guint places, GError **error);
void kx_auth_gate_free(KxAuthGate *gate);

/* A verifier that fits no password, to be checked for users that do not exist. */
const char *kx_auth_gate_dummy(const KxAuthGate *gate);

void kx_auth_gate_key(const KxAuthGate *gate, gint64 user, guint generation, const char *password,
                      KxAuthKey *ret_key);
/* `now` is monotonic microseconds. */
gboolean kx_auth_gate_knows(KxAuthGate *gate, const KxAuthKey *key, gint64 now);
void kx_auth_gate_remember(KxAuthGate *gate, const KxAuthKey *key, gint64 now, guint seconds);

/* Waits for a place until the monotonic time `until`; FALSE: none became free. */
gboolean kx_auth_gate_enter(KxAuthGate *gate, gint64 until);
void kx_auth_gate_leave(KxAuthGate *gate);

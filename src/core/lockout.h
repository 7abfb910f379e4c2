/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is not let in for a while because too many sign-ins have failed (AUTH-11, HOST-23). Three
 * counts go on beside each other: of an account from one address, of an address with whatever
 * accounts, and of an account from whatever addresses. When one is full, that is locked: the
 * account for the address; the address for all; the account for all addresses it has not come from
 * before, so that guessing from many places does not keep its owner out. The first lock lasts as
 * long as the settings say, each further one within a day twice as long as the one before, a day at
 * most. An address is that of a client, of IPv6 its /64 network.
 *
 * Nothing here asks whether a password is right, so a locked one costs no check of it. In memory
 * only; bounded: the oldest are forgotten. Thread-safe.
 */
#pragma once

#include <glib.h>

#include "directory/directory.h"

typedef struct KxLockout KxLockout;

KxLockout *kx_lockout_new(KxDirectory *directory, KxLogger *logger);
void kx_lockout_free(KxLockout *lockout);

/* Someone who signs in: the login name as given, on a connection from `ip` to `local_ip`. */
typedef struct {
    const char *login, *ip, *local_ip;
} KxLockoutWho;

gboolean kx_lockout_is_locked(KxLockout *lockout, const KxLockoutWho *who);
void kx_lockout_failed(KxLockout *lockout, const KxLockoutWho *who); /* says so in Security */
void kx_lockout_succeeded(KxLockout *lockout, const KxLockoutWho *who);

typedef struct {
    char *account, *address; /* either may be NULL: any */
    gint64 until;            /* Unix seconds */
    guint times;             /* one after the other */
} KxLocked;
void kx_locked_free(KxLocked *locked);

GPtrArray *kx_lockout_list(KxLockout *lockout); /* KxLocked, those that are; by account, address */
/* Forgets locks and failures of an account or an address, or with NULL all. How many were locked.
 */
guint kx_lockout_clear(KxLockout *lockout, const char *account_or_address);

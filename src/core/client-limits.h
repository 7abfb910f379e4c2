/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What single clients do to the server, so that one cannot take all of it (SMTP-16 to SMTP-18): how
 * many connections an address has open, how many messages it or a user sent in the last hour, how
 * many recipients it named that do not exist. Here is the memory; whether somebody is exempt is the
 * caller's business. An IPv6 address stands for its /64 network, as who has one has all of it.
 *
 * The core has one for all edges. Bounded: clients that did nothing for an hour are forgotten; when
 * there are too many all the same, new ones are not counted. A restart of the core forgets all.
 *
 * Threads: all functions from any thread. Numbers of most are limits, where 0 means none.
 */
#pragma once

#include <glib.h>

typedef struct KxClientLimits KxClientLimits;

KxClientLimits *kx_client_limits_new(void);
void kx_client_limits_free(KxClientLimits *limits);

/* Another connection of the address, and its end; returns how many there are with it. */
guint kx_client_limits_connect(KxClientLimits *limits, const char *ip);
void kx_client_limits_disconnect(KxClientLimits *limits, const char *ip);

/* One more thing is looked up in DNS for the address, unless `most` are; and its end. */
gboolean kx_client_limits_begin_check(KxClientLimits *limits, const char *ip, guint most);
void kx_client_limits_end_check(KxClientLimits *limits, const char *ip);

typedef enum {
    KX_LIMIT_KEPT,
    KX_LIMIT_OVER,
    KX_LIMIT_OVER_NEW, /* the first time in this minute: worth a line in a log */
} KxLimitResult;

/* Whether `who`, an address or a login, may send a message; `count`: it is sent. The hour slides in
 * steps of a minute. */
KxLimitResult kx_client_limits_message(KxClientLimits *limits, const char *who, guint most,
                                       gboolean count);

/* One more recipient that is unknown. TRUE: with this the address is blocked, for so many seconds;
 * those of the last hour count. */
gboolean kx_client_limits_unknown(KxClientLimits *limits, const char *ip, guint most,
                                  guint seconds);
gboolean kx_client_limits_is_blocked(KxClientLimits *limits, const char *ip);

typedef struct {
    char *who; /* "192.0.2.1", "2001:db8:0:1::/64", "user@domain" */
    guint connections, messages, unknown;
    guint blocked; /* seconds left */
} KxClientLimit;

/* All that are known, by name; free with g_ptr_array_unref(). */
GPtrArray *kx_client_limits_list(KxClientLimits *limits);

/* Forgets messages, unknown recipients and blocks of one, or with NULL of all; how many that were.
 */
guint kx_client_limits_forgive(KxClientLimits *limits, const char *who);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tickets: what a session needs to be rebuilt in a new core, sealed with a key only the core (and
 * the keeper, who outlives it) has. The edge keeps a ticket without being able to read or alter it;
 * it is bound to the edge, the session and the service, so that it opens no other one.
 * XChaCha20-Poly1305.
 */
#pragma once

#include <glib.h>

enum { KX_TICKET_KEY = 32, KX_TICKET_STATE_MAX = 3072, KX_TICKET_MAX = 4096 };

typedef struct {
    guint32 edge;
    guint32 session;
    guint32 service;
} KxTicketBinding;

/* Who signed in. */
typedef struct {
    const char *login;
    gint64 issued; /* secret that he did it with (directory/issued.h); 0: another */
} KxTicketOwner;

/* Seals owner and state into `out` of KX_TICKET_MAX bytes; returns the length. */
size_t kx_ticket_seal(const guint8 key[static KX_TICKET_KEY], const KxTicketBinding *binding,
                      const KxTicketOwner *owner, const void *state, size_t state_len, char *out);

/* FALSE if the ticket is not ours or for another session. */
gboolean kx_ticket_open(const guint8 key[static KX_TICKET_KEY], const KxTicketBinding *binding,
                        const void *ticket, size_t len, char **ret_login, gint64 *ret_issued,
                        GBytes **ret_state);

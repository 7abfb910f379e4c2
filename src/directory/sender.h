/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for whoever sends a message: his own rules and those of his groups and his domain
 * (USR-34, USR-35, GRP-11, DOM-09, LIM-04 to LIM-06). Every way of sending asks here.
 *
 * Limits hold for whoever claims to be a sender here, as they can only take away. What makes
 * somebody one of the domain holds only if it is certain: he has signed in, or his host is trusted.
 *
 * Threads: from any thread.
 */
#pragma once

#include "directory/directory.h"

typedef struct {
    char *domain;           /* of this server, in which the sender is for certain; or NULL */
    char *address_domain;   /* that of his address, if it is one of this server; or NULL */
    char *confined;         /* he may send to this domain alone; NULL: anywhere */
    guint64 max_size;       /* bytes of a message; 0: no limit */
    gboolean own_addresses; /* has signed in, and may use his own addresses alone */
} KxSender;

/* `login` is who has signed in, or NULL; `address` the sender's of the envelope, "" if there is
 * none; `trusted`: he has signed in, or his host may send to any domain. */
void kx_sender_get(KxDirectory *directory, const char *login, const char *address, gboolean trusted,
                   KxSender *ret_sender);
void kx_sender_clear(KxSender *sender);

/* Whether a message of that many bytes, as it was given, may be sent. KX_ERR_TOO_BIG. */
gboolean kx_sender_check_size(const KxSender *sender, guint64 size, GError **error);

/* Whether an address is the account's own: its name and further addresses, also in aliases of the
 * domain; aliases and groups whose mail it gets. Mail that others forward to it does not count. */
gboolean kx_sender_owns(KxDirectory *directory, const char *login, const char *address);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxSender, kx_sender_clear)

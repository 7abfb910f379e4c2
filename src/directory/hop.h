/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next hop of mail for an address on another server, or for one in a domain here that its
 * forward host knows about. In this order:
 *   1. for an address in a domain here, the routing rule that names it, then the forward host of
 *      the domain (DOM-34)
 *   2. the first routing rule that fits (OVR-52, OVR-53), for other addresses
 *   3. the relay host, if there is one (SMTP-26)
 *   4. the hosts that DNS names for the domain
 *
 * Threads: from any thread. Results are the caller's.
 */
#pragma once

#include "directory/directory.h"
#include "ipc/message.h"

typedef enum { KX_HOP_DNS, KX_HOP_RELAY, KX_HOP_FORWARD, KX_HOP_RULE } KxHopKind;

typedef struct {
    KxHopKind kind;
    char *name; /* of the domain that forwards; else NULL */
    char *rule; /* name of the routing rule; else NULL */
    char *host; /* a domain whose MX records count, or with `mx` FALSE a host */
    gboolean mx;
    guint port;
    KxMailTls tls;
    char *user, *password; /* "": no sign-in */
    char *pop3_host;       /* where that is done (SMTP-27); NULL: at the host, by AUTH */
    guint pop3_port;       /* 0: the usual one */
    char *source;          /* addresses to connect from, separated by a comma; NULL: any */
    KxForwardMode mode;    /* when the mail is sent */
    gboolean verify;       /* the host is to be asked which names it knows */
} KxHop;

/* `sender` "" is that of reports. */
void kx_hop_find(KxDirectory *directory, const char *sender, const char *address, KxHop *ret_hop);
void kx_hop_clear(KxHop *hop);

/* Whether hosts may be talked to at any time (NET-02), or only when it is told (NET-03). */
gboolean kx_hop_online(KxDirectory *directory);

KxMailTls kx_relay_tls(KxRelayTls tls);

/* In words: "mail1.company.com, port 25". */
char *kx_hop_text(const KxHop *hop);

/* The forward host of a domain (not of an alias of it), in any form of the name; FALSE: it has
 * none, or there is no such domain. */
gboolean kx_hop_forward(KxDirectory *directory, const char *domain, KxHop *ret_hop);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KxHop, kx_hop_clear)

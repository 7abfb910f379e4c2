/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to an LDAP server (RFC 4511), signed in to: libldap speaks LDAP, over the same
 * connections and TLS as all the courier has. Referrals are not followed. Everything waits, within
 * the times that are given; after a failure a connection is of no use.
 *
 * Threads: a connection belongs to one thread.
 */
#pragma once

#include "courier/libraries.h"
#include "courier/resolver.h"
#include "courier/smtp-conn.h"

enum { KX_LDAP_MESSAGE_MAX = 16 * 1024 * 1024 }; /* bytes of one from a server */

typedef struct KxLdapConn KxLdapConn;

/* How to come there, and within what time. */
typedef struct {
    KxResolver *resolver;
    SSL_CTX *tls; /* whose authorities vouch for the server */
    KxDirectoryTls mode;
    guint timeout;   /* seconds for one answer */
    gint64 deadline; /* of the whole, monotonic */
    size_t bytes;    /* that the server may send */
} KxLdapWay;

/* "host", "host:port", "[address]:port". NULL with ret_state set to how far it came. */
KxLdapConn *kx_ldap_conn_open(const KxLdapWay *way, const char *host, KxDirectoryState *ret_state,
                              GError **error);
void kx_ldap_conn_free(KxLdapConn *conn);

LDAP *kx_ldap_conn_handle(KxLdapConn *conn);
const char *kx_ldap_conn_ip(const KxLdapConn *conn);
const char *kx_ldap_conn_tls(const KxLdapConn *conn); /* NULL: in the clear */

/* The server has sent more than it may. */
gboolean kx_ldap_conn_is_over(const KxLdapConn *conn);

/* A simple bind; the result code of LDAP. The password is not empty. */
int kx_ldap_conn_bind(KxLdapConn *conn, const char *dn, const char *password);

/* What an operation that ended with that code failed with, in one line, to be freed. */
char *kx_ldap_conn_explain(KxLdapConn *conn, int code);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KxLdapConn, kx_ldap_conn_free)

/* SPDX-License-Identifier: Apache-2.0 */
/* One question to LDAP servers, in the courier; it belongs to its thread. */
#pragma once

#include "courier/ldap-conn.h"
#include "courier/mail-task.h"

typedef struct {
    int channel;             /* to the core */
    KxMsgDirectoryTask task; /* its numbers; the texts are below */
    char **hosts, **attributes;
    char *ca, *user, *password, *base, *filter, *secret;
    const KxMailTools *tools;
    KxLdapConn *conn;
    const char *host; /* of the connection */

    guint entries; /* that were sent */
    char *found;   /* the name of the last */
    gboolean right;
    KxDirectoryState state;
    char *text;
} KxLdapQuestion;

/* Sets the state and why; FALSE. */
gboolean kx_ldap_fail(KxLdapQuestion *question, KxDirectoryState state, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The same with what an operation failed with. */
gboolean kx_ldap_fail_code(KxLdapQuestion *question, KxDirectoryState state, const char *what,
                           int code);

/* Values of the attribute of that place, to the core. */
gboolean kx_ldap_send_values(KxLdapQuestion *question, guint attribute, struct berval **values);
/* The same of those that the entry of that name has in parts, and their rest. */
gboolean kx_ldap_send_parts(KxLdapQuestion *question, LDAPMessage *entry, const char *dn,
                            guint attribute);

/* The next message of an answer, to be freed; NULL: the question has failed. One at a time, so that
 * what has been used is not kept. */
LDAPMessage *kx_ldap_receive(KxLdapQuestion *question, int id, const char *what, int *ret_type);

/* Reads the entries, which go to the core. */
gboolean kx_ldap_search(KxLdapQuestion *question);

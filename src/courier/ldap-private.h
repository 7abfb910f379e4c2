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

/* Reads the entries, which go to the core. */
gboolean kx_ldap_search(KxLdapQuestion *question);

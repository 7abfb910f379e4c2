/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a realm says (Kerberos 5, RFC 4120), in the role that has the keys of the host: whether a
 * password is that of a principal, and whether all that takes is there (KRB-08, KRB-15). The
 * realm's answer counts only if it can open a ticket that one of the host's own keys fits: nobody
 * can put himself in the place of the KDC.
 *
 * Thread-safe. The functions wait for the KDC, at worst for a minute.
 */
#pragma once

#include <glib.h>

#include "ipc/message.h"

/* Points the library at the system's files and ours, in the current directory, and to the keytab:
 * KRB5_KTNAME, or /etc/keryx/krb5.keytab if it is there, or the system's. Before anything else. */
gboolean kx_realm_configure(GError **error);
/* The file of the keytab that will be used, without its type; free it. */
char *kx_realm_keytab_path(void);

/* Opens what the library opens for a question, without asking one: before the sandbox. */
void kx_realm_warm_up(void);

/* `ret_text` says why it is not KX_KERBEROS_GOOD; free it. */
KxKerberosState kx_realm_check(const char *realm, const char *name, const char *password,
                               char **ret_text);

/* What was looked at; `text` is for a person. */
typedef void (*KxRealmFound)(gpointer data, const char *about, gboolean good, const char *text);
/* Looks at what a check takes, one after the other, as far as there is sense in going on. Without a
 * password the principal is only asked about, and GOOD means that the KDC answers. */
KxKerberosState kx_realm_examine(const char *realm, const char *name, const char *password,
                                 KxRealmFound found, gpointer data, char **ret_text);

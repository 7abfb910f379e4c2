/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files on realms. */
#pragma once

#include "kerberos/libraries.h"
#include "kerberos/realm.h"

/* The library's words for an error; free it. */
char *kx_realm_error(krb5_context context, krb5_error_code code);

/* The key of the host in the realm that is best to check with: host/, as every member has it, or
 * any other. NULL: there is none; `ret_why` says what is there. */
krb5_principal kx_realm_find_key(krb5_context context, krb5_keytab keytab, const char *realm,
                                 char **ret_why);

/* Asks the KDC, without looking at whether it is the right one. */
krb5_error_code kx_realm_ask(krb5_context context, krb5_principal who, const char *password,
                             krb5_creds *ret_credentials);

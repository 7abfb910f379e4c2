/* SPDX-License-Identifier: Apache-2.0 */
/* Names in the data directory, relative to it (docs/architecture.md, "The data directory"). */
#pragma once

#define KX_PATH_LOCK         "keryx.lock" /* locked while a server runs; holds its process number */
#define KX_PATH_SRS_KEY      "srs.key"    /* signs the senders of forwarded mail */
#define KX_PATH_DKIM         "dkim" /* <domain>/<selector>.key: what its mail is signed with */
#define KX_PATH_REFUSED      "refused-passwords.txt" /* that nobody may set, one a line */
#define KX_PATH_CONTROL      "keryx.sock"            /* the command line talks to the core here */
#define KX_PATH_CERTIFICATES "sslcert"        /* <name>.crt with <name>.key, and <name>.csr */
#define KX_PATH_ACTIVE       "sslcert/active" /* name of the active certificate */
#define KX_PATH_CA           "sslca"          /* intermediate certificates for all of them */
#define KX_PATH_KERBEROS     "kerberos"       /* krb5.conf and what was shown before; can be lost */

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the directory: domains (A-labels, RFC 5890), local parts (RFC 5321 section 4.1.2, RFC
 * 6531) and IP addresses in the one form in which they are stored and compared. Pure and
 * thread-safe.
 */
#pragma once

#include <glib.h>

enum {
    KX_LOCAL_PART_MAX = 64,     /* bytes, RFC 5321 section 4.5.3.1.1 */
    KX_NAME_OBJECT_MAX = 100,   /* bytes, as in settings that name an object */
    KX_NAME_ADDRESS_MAX = 1024, /* bytes of an address looked at; longer ones are nobody's */
};

/* Lower-case A-labels of a domain in any case, Unicode or A-label form; at most 253 bytes. NULL
 * with KX_ERR_INVALID. */
char *kx_name_domain(const char *name, GError **error);

/* What local parts are compared by: NFKC_Casefold (Unicode Standard Annex 31), which for ASCII is
 * lower case. NULL if the bytes are no UTF-8 or, beyond ASCII, more than KX_NAME_ADDRESS_MAX. */
char *kx_name_fold(const char *local);

/* A local part as it may be given to an account or address: a dot-atom of RFC 5321 or its UTF-8
 * form of RFC 6531, in NFC. Not allowed are * and ?. NULL with KX_ERR_INVALID. */
char *kx_name_local(const char *local, GError **error);

/* The same for the name of an account, which becomes a directory and part of folder names, so that
 * / # % ~ are not allowed either. */
char *kx_name_account(const char *local, GError **error);

/* What public folders are called in addresses, before the name of the folder. */
#define KX_NAME_PUBLIC "#public/"

/* Before the name of an IP address group that is an entry of another. */
#define KX_NAME_IP_GROUP "group:"

/* Between an entry of an IP address group and its description (TOOL-04). */
#define KX_NAME_NOTE " # "

/* The name of a group or of another object that settings refer to: text without commas and @. NULL
 * with KX_ERR_INVALID. */
char *kx_name_object(const char *name, GError **error);

/* What a sorting rule is for: an address, "*@domain" or "*" (POP3D-17). NULL with KX_ERR_INVALID.
 */
char *kx_name_sort_address(const char *name, GError **error);

/* A header field's name (RFC 5322 section 3.6.8), at most 76 bytes. NULL with KX_ERR_INVALID. */
char *kx_name_header(const char *name, GError **error);

/* The name of an alias (ALIAS-03): ASCII letters, digits, . - _ and the wildcards ? and *. NULL
 * with KX_ERR_INVALID. */
char *kx_name_alias(const char *name, GError **error);

/* Splits an address at its last @ outside quotes; a quoted local part loses quotes and backslashes.
 * Without @ ret_domain is NULL. FALSE if it is too long or has no local part. */
gboolean kx_name_split(const char *address, char **ret_local, char **ret_domain);

/* Shortest textual form of an IPv4 or IPv6 address; IPv4-mapped becomes IPv4. NULL if it is none.
 */
char *kx_name_ip(const char *ip);

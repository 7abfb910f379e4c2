/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of single setting values, named in settings/settings-list.h. Each returns FALSE with
 * KX_ERR_INVALID and one line that quotes the value. Pure and thread-safe.
 */
#pragma once

#include <glib.h>

/* A host name: letters, digits and hyphens in labels of at most 63, 253 in all (RFC 1123
 * section 2.1). International names are given as A-labels. */
gboolean kx_check_hostname(const char *value, GError **error);

/* Empty, a host name or an IP address. */
gboolean kx_check_host_or_empty(const char *value, GError **error);

/* Host names with blanks between them, for one certificate: 100 at most, "*." may stand in front.
 */
gboolean kx_check_certificate_names(const char *value, GError **error);

gboolean kx_check_https_url(const char *value, GError **error);

/* Empty, or as text (PEM) certificates, or lists of revoked ones. */
gboolean kx_check_certificates_or_empty(const char *value, GError **error);
gboolean kx_check_revocations_or_empty(const char *value, GError **error);

/* "company.test=verify" or, for all below it, ".company.test=must"; words of smtp.delivery-tls. */
gboolean kx_check_domain_tls(const char *value, GError **error);

/* Empty, or an address of mail in ASCII: "postmaster@company.test". */
gboolean kx_check_sasl_method(const char *value, GError **error);

gboolean kx_check_address_or_empty(const char *value, GError **error);

/* An IP address, maybe with "@PORT". */
gboolean kx_check_dns_server(const char *value, GError **error);

/* A DS or DNSKEY record in presentation format (RFC 4034 sections 2.2 and 5.3). */
gboolean kx_check_trust_anchor(const char *value, GError **error);

/* Empty, or a URI: a scheme, a colon, and something without spaces (RFC 3986 section 3). */
gboolean kx_check_uri_or_empty(const char *value, GError **error);

/* "ADDRESS:PORT", "[IPV6]:PORT" or "*:PORT" (all addresses); ports 1 to 65535. */
gboolean kx_check_listen(const char *value, GError **error);

/* A file below the log directory: relative, no "." or ".." or empty part, and no ending that the
 * logs use themselves (".idx", ".<digits>"). */
gboolean kx_check_log_file(const char *value, GError **error);

/* Empty or one of + - = _ (RFC 5233 leaves the character to the site). */
gboolean kx_check_separator(const char *value, GError **error);

/* A language tag in lower case, like "en" or "pt-br"; never a path. */
gboolean kx_check_language(const char *value, GError **error);

/* Splits what kx_check_listen() accepts. ret_address is NULL for "*". */
gboolean kx_listen_parse(const char *value, char **ret_address, guint16 *ret_port, GError **error);

/* yes/no, true/false, on/off or 1/0 in any case. FALSE: none of them. */
gboolean kx_bool_parse(const char *text, gboolean *ret_value);

/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values that say where a directory elsewhere is, and what is in it. */
#include "base/error.h"
#include "base/text.h"
#include "directory/attributes.h"
#include "directory/kinds.h"
#include "pam/pam.h"
#include "settings/checks.h"

enum { FILTER_MAX = 1000, DEPTH_MAX = 50, REALM_MAX = 253, NT_DOMAIN_MAX = 15 };

static const char *const types[] = {"none",    "active-directory", "openldap",
                                    "freeipa", "edirectory",       NULL};
static const char *const activations[] = {"all", "chosen", NULL};
static const char *const sources[] = {"internal",      "ldap",     "gone",
                                      "gone-disabled", "inactive", NULL};
static const char *const authentications[] = {"password", "kerberos", "pam", NULL};

static char *parse_type(const char *value, GError **error)
{
    return kx_kind_parse_choice(types, value, error);
}

static char *parse_activation(const char *value, GError **error)
{
    return kx_kind_parse_choice(activations, value, error);
}

static char *parse_source(const char *value, GError **error)
{
    return kx_kind_parse_choice(sources, value, error);
}

static char *parse_authentication(const char *value, GError **error)
{
    return kx_kind_parse_choice(authentications, value, error);
}

/* As a host name, in capitals (RFC 4120 section 6.1). */
static char *parse_realm(const char *value, GError **error)
{
    if (strlen(value) > REALM_MAX || !kx_check_host_or_empty(value, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "'%.100s' is not a realm like COMPANY.COM", value);
        return NULL;
    }
    return g_ascii_strup(value, -1);
}

/* A NetBIOS name: 15 bytes ([MS-NBTE]), without what separates it from others. */
static char *parse_nt_domain(const char *value, GError **error)
{
    gsize len = strlen(value);
    if (len > NT_DOMAIN_MAX || strcspn(value, "\\/:*?\"<>|@ .,") != len || !g_str_is_ascii(value)) {
        kx_fail(error, KX_ERR_INVALID, "'%.100s' is not a short domain name like COMPANY", value);
        return NULL;
    }
    return g_ascii_strup(value, -1);
}

static char *parse_pam_service(const char *value, GError **error)
{
    if (*value == '\0' || kx_pam_is_service(value))
        return g_strdup(value);
    kx_fail(error, KX_ERR_INVALID,
            "'%.100s' is not the name of a PAM service: a file in /etc/pam.d, "
            "of letters, digits, '.', '_' and '-'",
            value);
    return NULL;
}

/* "host", "host:port", "192.0.2.1:port", "[2001:db8::1]:port". */
static char *parse_host(const char *entry, GError **error)
{
    const char *port_text;
    g_autofree char *host = kx_split_host_port(entry, &port_text);
    guint64 port = 1;
    if (port_text != NULL && (!kx_parse_uint(port_text, G_MAXUINT16, &port) || port == 0)) {
        kx_fail(error, KX_ERR_INVALID, "'%.100s': the port is a number from 1 to 65535", entry);
        return NULL;
    }
    if (host == NULL || *host == '\0') {
        kx_fail(error, KX_ERR_INVALID, "'%.100s' names no host", entry);
        return NULL;
    }
    if (!kx_check_host_or_empty(host, error))
        return NULL;
    return g_ascii_strdown(entry, -1);
}

/* What is in it is the directory's matter; that it ends where it ends is ours, as it becomes part
 * of another one. */
static char *parse_filter(const char *value, GError **error)
{
    int depth = 0;
    gboolean whole =
        *value == '(' && strlen(value) <= FILTER_MAX && g_utf8_validate(value, -1, NULL);
    for (const char *at = value; whole && *at != '\0'; at++) {
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        whole = depth > 0 || (depth == 0 && at[1] == '\0');
        whole = whole && depth <= DEPTH_MAX && !g_ascii_iscntrl(*at);
    }
    if (whole && depth == 0)
        return g_strdup(value);
    kx_fail(error, KX_ERR_INVALID, "'%.100s' is not an LDAP filter like (objectClass=person)",
            value);
    return NULL;
}

const KxKind kx_kind_directory_type = {
    KX_CLASS_CHOICE, "none|active-directory|openldap|freeipa|edirectory", types, parse_type};
const KxKind kx_kind_activate = {KX_CLASS_CHOICE, "all|chosen", activations, parse_activation};
const KxKind kx_kind_source = {KX_CLASS_CHOICE, "internal|ldap|gone|gone-disabled|inactive",
                               sources, parse_source};
const KxKind kx_kind_authentication = {KX_CLASS_CHOICE, "password|kerberos|pam", authentications,
                                       parse_authentication};
const KxKind kx_kind_realm = {KX_CLASS_TEXT, "REALM", NULL, parse_realm};
const KxKind kx_kind_pam_service = {KX_CLASS_TEXT, "NAME", NULL, parse_pam_service};
const KxKind kx_kind_nt_domain = {KX_CLASS_TEXT, "NAME", NULL, parse_nt_domain};
const KxKind kx_kind_directory_hosts = {KX_CLASS_LIST, "HOST[:PORT],...", NULL, parse_host};
const KxKind kx_kind_filter = {KX_CLASS_TEXT, "FILTER", NULL, parse_filter};
const KxKind kx_kind_attributes = {KX_CLASS_LIST, "WHAT=ATTRIBUTE,...", NULL, kx_attribute_parse};

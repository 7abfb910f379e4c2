/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/checks.h"

#include <arpa/inet.h>

#include "base/error.h"
#include "base/text.h"
#include "settings/sasl.h"

enum { LABEL_MAX = 63, HOSTNAME_MAX = 253, CERTIFICATE_NAMES_MAX = 100 };

static gboolean is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return FALSE;
    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(label[i]) && label[i] != '-')
            return FALSE;
    return TRUE;
}

static gboolean is_hostname(const char *value)
{
    if (strlen(value) > HOSTNAME_MAX)
        return FALSE;
    const char *label = value;
    for (;;) {
        size_t len = strcspn(label, ".");
        if (!is_label(label, len))
            return FALSE;
        if (label[len] == '\0')
            return TRUE;
        label += len + 1;
    }
}

static gboolean is_ip(const char *value)
{
    unsigned char raw[16];
    return inet_pton(AF_INET, value, raw) == 1 || inet_pton(AF_INET6, value, raw) == 1;
}

/* Four numbers with dots that are no address ("300.1.1.1") would otherwise pass as a host name. */
static gboolean looks_like_ipv4(const char *value)
{
    return value[strspn(value, "0123456789.")] == '\0';
}

gboolean kx_check_hostname(const char *value, GError **error)
{
    if (!is_hostname(value) || looks_like_ipv4(value))
        return kx_fail(error, KX_ERR_INVALID,
                       "'%s' is not a host name (letters, digits and hyphens between dots, "
                       "like mail.company.com)",
                       value);
    return TRUE;
}

gboolean kx_check_host_or_empty(const char *value, GError **error)
{
    if (*value == '\0' || is_ip(value) || (is_hostname(value) && !looks_like_ipv4(value)))
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "'%s' is neither a host name nor an IP address", value);
}

gboolean kx_check_certificate_names(const char *value, GError **error)
{
    g_auto(GStrv) names = g_strsplit(value, " ", -1);
    guint n = 0;
    for (guint i = 0; names[i]; i++) {
        const char *name = g_str_has_prefix(names[i], "*.") ? names[i] + 2 : names[i];
        if (!*names[i])
            continue;
        if (!kx_check_hostname(name, error))
            return FALSE;
        if (++n > CERTIFICATE_NAMES_MAX)
            return kx_fail(error, KX_ERR_INVALID, "a certificate has at most %d names",
                           CERTIFICATE_NAMES_MAX);
    }
    return n > 0 || kx_fail(error, KX_ERR_INVALID, "a certificate needs a host name");
}

gboolean kx_check_https_url(const char *value, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(value, G_URI_FLAGS_NONE, NULL);
    if (uri && g_str_equal(g_uri_get_scheme(uri), "https") && g_uri_get_host(uri) &&
        *g_uri_get_host(uri) && !strpbrk(value, " \t"))
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "'%s' is not a URL that begins with https://", value);
}

gboolean kx_check_domain_tls(const char *value, GError **error)
{
    static const char *const words[] = {"never", "may", "must", "verify"};
    const char *equals = strchr(value, '=');
    const char *from = *value == '.' ? value + 1 : value;
    g_autofree char *domain =
        equals && equals > from ? g_strndup(from, (gsize)(equals - from)) : NULL;
    for (guint i = 0; domain && is_hostname(domain) && i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(equals + 1, words[i]))
            return TRUE;
    return kx_fail(error, KX_ERR_INVALID,
                   "'%s' is not a domain and how mail goes there, like company.test=verify "
                   "(never, may, must or verify)",
                   value);
}

gboolean kx_check_sasl_method(const char *value, GError **error)
{
    return kx_sasl_is_method(value) ||
           kx_fail(error, KX_ERR_INVALID,
                   "'%s' is not one of SCRAM-SHA-256, SCRAM-SHA-1, PLAIN and LOGIN", value);
}

gboolean kx_check_address_or_empty(const char *value, GError **error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-/=?^_`{|}~.";
    size_t local = strspn(value, letters);
    if (*value == '\0' ||
        (local > 0 && local <= 64 && value[local] == '@' && is_hostname(value + local + 1)))
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID, "'%s' is not an address like postmaster@company.test",
                   value);
}

gboolean kx_check_dns_server(const char *value, GError **error)
{
    const char *at = strchr(value, '@');
    g_autofree char *address = at ? g_strndup(value, (gsize)(at - value)) : g_strdup(value);
    guint64 port = 53;
    struct in6_addr bytes;
    if ((inet_pton(AF_INET, address, &bytes) == 1 || inet_pton(AF_INET6, address, &bytes) == 1) &&
        (!at || kx_parse_uint(at + 1, 65535, &port)) && port > 0)
        return TRUE;
    return kx_fail(error, KX_ERR_INVALID,
                   "'%s' is not the address of a DNS server (192.0.2.1 or 192.0.2.1@5353)", value);
}

gboolean kx_check_trust_anchor(const char *value, GError **error)
{
    static const char record[] = "^(\\.|([A-Za-z0-9_-]{1,63}\\.){1,127})[ \\t]+([0-9]{1,9}[ \\t]+)?"
                                 "(IN[ \\t]+)?(DS([ \\t]+[0-9]{1,5}){3}[ \\t]+[0-9A-F \\t]{40,}|"
                                 "DNSKEY[ \\t]+[0-9]{1,5}[ \\t]+3[ \\t]+[0-9]{1,3}[ \\t]+"
                                 "[A-Za-z0-9+/= \\t]{40,})$";
    return g_regex_match_simple(record, value, G_REGEX_CASELESS, 0) ||
           kx_fail(error, KX_ERR_INVALID,
                   "'%s' is not a DS or DNSKEY record (company.test. IN DS 4711 13 2 AB12...)",
                   value);
}

gboolean kx_check_uri_or_empty(const char *value, GError **error)
{
    size_t scheme =
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    if (*value == '\0')
        return TRUE;
    if (!g_ascii_isalpha(*value) || value[scheme] != ':' || value[scheme + 1] == '\0' ||
        strpbrk(value, " \t<>\"\\^`{|}"))
        return kx_fail(error, KX_ERR_INVALID,
                       "'%s' is not a URI (like mailto:postmaster@company.com)", value);
    return TRUE;
}

gboolean kx_listen_parse(const char *value, char **ret_address, guint16 *ret_port, GError **error)
{
    const char *colon = strrchr(value, ':');
    guint64 port = 0;
    if (colon == NULL || !kx_parse_uint(colon + 1, 65535, &port) || port == 0)
        return kx_fail(error, KX_ERR_INVALID,
                       "'%s' is not ADDRESS:PORT (like *:25, 192.0.2.1:25 or [2001:db8::1]:25)",
                       value);
    g_autofree char *address = g_strndup(value, (gsize)(colon - value));
    size_t len = strlen(address);
    unsigned char raw[16];
    if (strcmp(address, "*") == 0) {
        g_clear_pointer(&address, g_free);
    } else if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
        memmove(address, address + 1, len - 2);
        address[len - 2] = '\0';
        if (inet_pton(AF_INET6, address, raw) != 1)
            return kx_fail(error, KX_ERR_INVALID, "'%s': %s is not an IPv6 address", value,
                           address);
    } else if (inet_pton(AF_INET, address, raw) != 1) {
        return kx_fail(error, KX_ERR_INVALID,
                       "'%s': %s is neither *, an IPv4 address nor an IPv6 address in brackets",
                       value, address);
    }
    *ret_address = g_steal_pointer(&address);
    *ret_port = (guint16)port;
    return TRUE;
}

gboolean kx_check_listen(const char *value, GError **error)
{
    g_autofree char *address = NULL;
    guint16 port;
    return kx_listen_parse(value, &address, &port, error);
}

static gboolean has_reserved_ending(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (g_str_equal(dot, ".idx") ||
                           (dot[1] != '\0' && dot[1 + strspn(dot + 1, "0123456789")] == '\0'));
}

gboolean kx_check_log_file(const char *value, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(value, "/", -1);
    gboolean good = parts[0] != NULL && !has_reserved_ending(value);
    for (guint i = 0; parts[i] != NULL; i++)
        if (*parts[i] == '\0' || g_str_equal(parts[i], ".") || g_str_equal(parts[i], ".."))
            good = FALSE;
    if (!good)
        return kx_fail(error, KX_ERR_INVALID,
                       "'%s' is not a file below the log directory (like mail.log; not ending in "
                       ".idx or a number)",
                       value);
    return TRUE;
}

gboolean kx_check_separator(const char *value, GError **error)
{
    if (*value != '\0' && strchr("+-=_", *value) == NULL)
        return kx_fail(error, KX_ERR_INVALID, "'%s' is not one of + - = _ and not empty", value);
    return TRUE;
}

gboolean kx_check_language(const char *value, GError **error)
{
    if (!g_regex_match_simple("^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$", value, G_REGEX_DOLLAR_ENDONLY,
                              0))
        return kx_fail(error, KX_ERR_INVALID, "'%s' is not a language (like en or pt-br)", value);
    return TRUE;
}

gboolean kx_bool_parse(const char *text, gboolean *ret_value)
{
    static const char *const WORDS[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (guint i = 0; i < G_N_ELEMENTS(WORDS); i++)
        if (g_ascii_strcasecmp(text, WORDS[i]) == 0) {
            *ret_value = i & 1;
            return TRUE;
        }
    return FALSE;
}

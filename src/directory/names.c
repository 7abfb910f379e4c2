/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/names.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <unicode/unorm2.h>

#include "base/error.h"
#include "settings/checks.h"

enum { DOMAIN_INPUT_MAX = 1000 };

static gboolean is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((guchar)*text >= 0x80)
            return FALSE;
    return TRUE;
}

static char *to_a_labels(const char *name, GError **error)
{
    guint8 *raw = NULL;
    int rc = idn2_lookup_u8((const guint8 *)name, &raw,
                            IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
    if (rc != IDN2_OK) {
        kx_fail(error, KX_ERR_INVALID, "'%s' is not a domain name: %s", name, idn2_strerror(rc));
        return NULL;
    }
    char *copy = g_ascii_strdown((const char *)raw, -1);
    idn2_free(raw);
    return copy;
}

char *kx_name_domain(const char *name, GError **error)
{
    g_autofree char *labels = NULL;
    if (strlen(name) > DOMAIN_INPUT_MAX || !g_utf8_validate(name, -1, NULL)) {
        kx_fail(error, KX_ERR_INVALID, "the domain name is too long or not UTF-8");
        return NULL;
    }
    labels = is_ascii(name) ? g_ascii_strdown(name, -1) : to_a_labels(name, error);
    if (labels == NULL)
        return NULL;
    if (!kx_check_hostname(labels, NULL)) {
        kx_fail(error, KX_ERR_INVALID,
                "'%s' is not a domain name (letters, digits and hyphens between dots, like "
                "company.com)",
                name);
        return NULL;
    }
    return g_steal_pointer(&labels);
}

/* Room for the longest form: NFKC makes at most 18 units of a character of 3 bytes. */
static char *casefold(const char *text)
{
    UChar folded[KX_NAME_ADDRESS_MAX / 3 * 18 + 1];
    UErrorCode code = U_ZERO_ERROR;
    glong units = 0;
    g_autofree gunichar2 *wide = g_utf8_to_utf16(text, -1, NULL, &units, NULL);
    const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&code);
    if (wide == NULL || U_FAILURE(code))
        return NULL;
    int32_t len = unorm2_normalize(form, (const UChar *)wide, (int32_t)units, folded,
                                   G_N_ELEMENTS(folded), &code);
    return U_SUCCESS(code) ? g_utf16_to_utf8((const gunichar2 *)folded, len, NULL, NULL, NULL)
                           : NULL;
}

char *kx_name_fold(const char *local)
{
    if (is_ascii(local))
        return g_ascii_strdown(local, -1);
    if (strlen(local) > KX_NAME_ADDRESS_MAX || !g_utf8_validate(local, -1, NULL))
        return NULL;
    return casefold(local);
}

/* atext of RFC 5322 or, by RFC 6531, a printable character beyond ASCII; invisible ones are kept
 * out because nobody could tell two such names apart. */
static gboolean is_local_char(gunichar c, const char *forbidden)
{
    if (c < 0x80)
        return c > ' ' && (g_ascii_isalnum((char)c) || strchr("!#$%&'*+-/=?^_`{|}~.", (int)c)) &&
               strchr(forbidden, (int)c) == NULL;
    return g_unichar_isprint(c) && !g_unichar_isspace(c) && g_unichar_type(c) != G_UNICODE_FORMAT;
}

static gboolean is_dot_atom(const char *local, const char *forbidden)
{
    size_t len = strlen(local);
    if (len == 0 || local[0] == '.' || local[len - 1] == '.' || strstr(local, "..") != NULL)
        return FALSE;
    for (const char *at = local; *at != '\0'; at = g_utf8_next_char(at))
        if (!is_local_char(g_utf8_get_char(at), forbidden))
            return FALSE;
    return TRUE;
}

static char *checked_local(const char *local, const char *forbidden, const char *what,
                           GError **error)
{
    g_autofree char *name =
        g_utf8_validate(local, -1, NULL) ? g_utf8_normalize(local, -1, G_NORMALIZE_NFC) : NULL;
    if (name == NULL) {
        kx_fail(error, KX_ERR_INVALID, "the %s is not UTF-8", what);
        return NULL;
    }
    if (strlen(name) > KX_LOCAL_PART_MAX) {
        kx_fail(error, KX_ERR_INVALID, "the %s '%s' is longer than %d bytes", what, name,
                KX_LOCAL_PART_MAX);
        return NULL;
    }
    /* Also what it is compared by: a full-width solidus folds to "/", an ellipsis to "...". */
    g_autofree char *key = kx_name_fold(name);
    if (key == NULL || !is_dot_atom(name, forbidden) || !is_dot_atom(key, forbidden)) {
        kx_fail(error, KX_ERR_INVALID,
                "'%s' cannot be a %s: letters, digits and single dots between them are allowed, no "
                "spaces, quotes or any of %s",
                name, what, forbidden);
        return NULL;
    }
    return g_steal_pointer(&name);
}

char *kx_name_local(const char *local, GError **error)
{
    return checked_local(local, "*?@", "local part of an address", error);
}

char *kx_name_account(const char *local, GError **error)
{
    return checked_local(local, "*?@/#%~", "user name", error);
}

char *kx_name_object(const char *name, GError **error)
{
    gboolean good = *name != '\0' && strlen(name) <= KX_NAME_OBJECT_MAX &&
                    g_utf8_validate(name, -1, NULL) && !g_ascii_isspace(name[0]) &&
                    !g_ascii_isspace(name[strlen(name) - 1]);
    for (const char *at = name; good && *at != '\0'; at = g_utf8_next_char(at))
        good = !g_unichar_iscntrl(g_utf8_get_char(at)) && *at != ',' && *at != '@';
    if (good)
        return g_strdup(name);
    kx_fail(error, KX_ERR_INVALID,
            "a name here is UTF-8 text of 1 to %d bytes without commas, @ and control "
            "characters",
            KX_NAME_OBJECT_MAX);
    return NULL;
}

char *kx_name_sort_address(const char *name, GError **error)
{
    g_autofree char *local = NULL, *given = NULL;
    if (strcmp(name, "*") == 0)
        return g_strdup(name);
    if (!kx_name_split(name, &local, &given) || given == NULL || *name == '"') {
        kx_fail(error, KX_ERR_INVALID,
                "'%.100s' is not what can be sorted by: name@domain, *@domain or *", name);
        return NULL;
    }
    g_autofree char *good = strcmp(local, "*") == 0 ? g_strdup(local) : kx_name_local(local, error);
    g_autofree char *domain = good != NULL ? kx_name_domain(given, error) : NULL;
    return domain != NULL ? g_strdup_printf("%s@%s", good, domain) : NULL;
}

char *kx_name_header(const char *name, GError **error)
{
    enum { NAME_MAX_BYTES = 76 };
    size_t len = strlen(name);
    gboolean good = len > 0 && len <= NAME_MAX_BYTES;
    for (const char *at = name; good && *at != '\0'; at++)
        good = g_ascii_isgraph(*at) && *at != ':' && *at != ',';
    if (good)
        return g_strdup(name);
    kx_fail(error, KX_ERR_INVALID, "'%.100s' is not the name of a header field", name);
    return NULL;
}

char *kx_name_alias(const char *name, GError **error)
{
    size_t len = strlen(name);
    gboolean good = len > 0 && len <= KX_LOCAL_PART_MAX;
    for (const char *at = name; good && *at != '\0'; at++)
        good = g_ascii_isalnum(*at) || strchr(".-_?*", *at) != NULL;
    if (good)
        return g_strdup(name);
    kx_fail(error, KX_ERR_INVALID,
            "'%.100s' cannot be an alias: it takes 1 to %d of a-z, A-Z, 0-9, '.', '-', '_' and the "
            "wildcards '?' and '*'",
            name, KX_LOCAL_PART_MAX);
    return NULL;
}

/* RFC 5321 Quoted-string: everything between the quotes, each quoted-pair one character. Returns
 * the byte behind the closing quote, or NULL. */
static const char *unquote(const char *at, GString *out)
{
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        g_string_append_c(out, *at);
    }
    return *at == '"' ? at + 1 : NULL;
}

gboolean kx_name_split(const char *address, char **ret_local, char **ret_domain)
{
    if (strlen(address) > KX_NAME_ADDRESS_MAX)
        return FALSE;
    g_autoptr(GString) local = g_string_new(NULL);
    const char *at;
    if (*address == '"') {
        at = unquote(address, local);
        if (at == NULL || (*at != '@' && *at != '\0'))
            return FALSE;
    } else {
        at = strrchr(address, '@');
        if (at == NULL)
            at = address + strlen(address);
        g_string_append_len(local, address, at - address);
    }
    if (local->len == 0)
        return FALSE;
    *ret_domain = *at == '@' ? g_strdup(at + 1) : NULL;
    *ret_local = g_string_free(g_steal_pointer(&local), FALSE);
    return TRUE;
}

char *kx_name_ip(const char *ip)
{
    struct in6_addr six;
    struct in_addr four;
    char text[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET, ip, &four) == 1)
        return g_strdup(inet_ntop(AF_INET, &four, text, sizeof text));
    if (inet_pton(AF_INET6, ip, &six) != 1)
        return NULL;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return g_strdup(inet_ntop(AF_INET, six.s6_addr + 12, text, sizeof text));
    return g_strdup(inet_ntop(AF_INET6, &six, text, sizeof text));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp/path.h"

#include <arpa/inet.h>

static gboolean is_atext(guchar c)
{
    return g_ascii_isalnum(c) || c >= 0x80 || (c > ' ' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static gboolean literal_valid(const char *text, size_t len)
{
    char address[INET6_ADDRSTRLEN];
    guchar binary[16];
    int family = AF_INET;
    if (len > 5 && g_ascii_strncasecmp(text, "IPv6:", 5) == 0) {
        family = AF_INET6;
        text += 5;
        len -= 5;
    }
    if (len == 0 || len >= sizeof address || memchr(text, '\0', len))
        return FALSE;
    memcpy(address, text, len);
    address[len] = '\0';
    return inet_pton(family, address, binary) == 1;
}

gboolean kx_smtp_domain_valid(const char *text, size_t len, gboolean utf8)
{
    if (len == 0 || len > KX_SMTP_DOMAIN_MAX)
        return FALSE;
    if (text[0] == '[')
        return len > 2 && text[len - 1] == ']' && literal_valid(text + 1, len - 2);
    size_t label = 0;
    for (size_t i = 0; i < len; i++) {
        guchar c = (guchar)text[i];
        if (c == '.') {
            if (label == 0 || text[i - 1] == '-')
                return FALSE;
            label = 0;
            continue;
        }
        gboolean inner = c == '-' && label > 0;
        if (!g_ascii_isalnum(c) && c != '_' && !inner && !(utf8 && c >= 0x80))
            return FALSE;
        if (++label > 63 && !utf8)
            return FALSE;
    }
    return label > 0 && text[len - 1] != '-';
}

/* "@one,@two:" before the mailbox: read and ignored (RFC 5321 appendix C). */
static gboolean skip_route(const char **at, const char *end)
{
    const char *p = *at;
    while (p < end && *p == '@') {
        const char *start = ++p;
        while (p < end && *p != ',' && *p != ':' && *p != '>')
            p++;
        if (p == end || *p == '>' || !kx_smtp_domain_valid(start, (size_t)(p - start), TRUE))
            return FALSE;
        if (*p++ == ':') {
            *at = p;
            return TRUE;
        }
    }
    return FALSE;
}

/* A quoted string into `local` without its quoting; *at is at the opening quote. */
static KxPathResult read_quoted(const char **at, const char *end, GString *local)
{
    const char *p = *at + 1;
    for (; p < end && *p != '"'; p++) {
        if (*p == '\\' && ++p == end)
            return KX_PATH_LOCAL;
        if ((guchar)*p < ' ' || *p == 0x7f)
            return KX_PATH_LOCAL;
        g_string_append_c(local, *p);
        if (local->len > KX_SMTP_ADDRESS_MAX)
            return KX_PATH_TOO_LONG;
    }
    if (p == end)
        return KX_PATH_LOCAL;
    *at = p + 1;
    return KX_PATH_OK;
}

static KxPathResult read_local(const char **at, const char *end, GString *local)
{
    if (**at == '"')
        return read_quoted(at, end, local);
    const char *p = *at;
    while (p < end && (is_atext((guchar)*p) || *p == '.'))
        p++;
    size_t len = (size_t)(p - *at);
    if (len > KX_SMTP_ADDRESS_MAX)
        return KX_PATH_TOO_LONG;
    g_string_append_len(local, *at, (gssize)len);
    *at = p;
    return len > 0 ? KX_PATH_OK : KX_PATH_LOCAL;
}

static gboolean is_dot_string(const GString *local)
{
    if (local->len == 0 || local->str[0] == '.' || local->str[local->len - 1] == '.')
        return FALSE;
    for (size_t i = 0; i < local->len; i++) {
        if (local->str[i] == '.' ? local->str[i + 1] == '.' : !is_atext((guchar)local->str[i]))
            return FALSE;
    }
    return TRUE;
}

/* Appends the local part, quoted only where RFC 5321 wants it. */
static void append_local(GString *out, const GString *local)
{
    if (is_dot_string(local)) {
        g_string_append_len(out, local->str, (gssize)local->len);
        return;
    }
    g_string_append_c(out, '"');
    for (size_t i = 0; i < local->len; i++) {
        if (local->str[i] == '"' || local->str[i] == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, local->str[i]);
    }
    g_string_append_c(out, '"');
}

static gboolean has_eight_bit(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((guchar)text[i] >= 0x80)
            return TRUE;
    }
    return FALSE;
}

/* Everything between the brackets; *at ends at ">". */
static KxPathResult read_mailbox(const char **at, const char *end, guint flags, GString *out)
{
    if (**at == '@' && !skip_route(at, end))
        return KX_PATH_SYNTAX;
    if (*at == end)
        return KX_PATH_SYNTAX;
    gboolean quoted = **at == '"';
    g_autoptr(GString) local = g_string_new(NULL);
    KxPathResult result = read_local(at, end, local);
    if (result != KX_PATH_OK)
        return result;
    if (!quoted && !is_dot_string(local))
        return KX_PATH_LOCAL;
    append_local(out, local);
    if (*at < end && **at == '>')
        return (flags & KX_PATH_BARE) && g_ascii_strcasecmp(out->str, "postmaster") == 0
                   ? KX_PATH_OK
                   : KX_PATH_DOMAIN;
    if (*at == end || **at != '@')
        return KX_PATH_LOCAL;
    const char *domain = ++*at;
    while (*at < end && **at != '>')
        ++*at;
    size_t len = (size_t)(*at - domain);
    if (*at == end || !kx_smtp_domain_valid(domain, len, TRUE))
        return KX_PATH_DOMAIN;
    g_string_append_c(out, '@');
    g_string_append_len(out, domain, (gssize)len);
    return KX_PATH_OK;
}

KxPathResult kx_smtp_parse_path(const char **at, const char *end, guint flags,
                                char out[static KX_SMTP_ADDRESS_MAX + 1])
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        ++*at;
    if (*at == end || **at != '<' || ++*at == end)
        return KX_PATH_SYNTAX;
    g_autoptr(GString) address = g_string_new(NULL);
    if (**at == '>') {
        if (!(flags & KX_PATH_NULL))
            return KX_PATH_SYNTAX;
    } else {
        KxPathResult result = read_mailbox(at, end, flags, address);
        if (result != KX_PATH_OK)
            return result;
    }
    ++*at;
    if (address->len > KX_SMTP_ADDRESS_MAX)
        return KX_PATH_TOO_LONG;
    if (has_eight_bit(address->str, address->len)) {
        if (!g_utf8_validate(address->str, (gssize)address->len, NULL))
            return KX_PATH_SYNTAX;
        if (!(flags & KX_PATH_UTF8))
            return KX_PATH_NEEDS_UTF8;
    }
    memcpy(out, address->str, address->len + 1);
    return KX_PATH_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy-header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
    V1_MAX = 107, /* section 2.1, with CRLF */
    V1_PARTS = 6,
    V2_FIXED = 16,
    V2_VERSION = 0x20,
    V2_LOCAL = 0,
    V2_PROXY = 1,
    V2_TCP4 = 0x11,
    V2_TCP6 = 0x21,
};

static const char V1_BEGIN[] = "PROXY ";
static const guint8 V2_BEGIN[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                    0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static gboolean begins(const void *bytes, size_t len, const void *with, size_t with_len)
{
    return memcmp(bytes, with, MIN(len, with_len)) == 0;
}

/* ---- version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 25" CRLF ---- */

static gboolean read_port(const char *text, in_port_t *ret_port)
{
    char *end;
    guint64 port = g_ascii_strtoull(text, &end, 10);
    *ret_port = htons((guint16)port);
    return g_ascii_isdigit(*text) && *end == '\0' && port <= G_MAXUINT16;
}

static gboolean read_address(int family, const char *ip, const char *port,
                             struct sockaddr_storage *ret_address)
{
    memset(ret_address, 0, sizeof *ret_address);
    ret_address->ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (void *)ret_address;
        return inet_pton(AF_INET, ip, &v4->sin_addr) == 1 && read_port(port, &v4->sin_port);
    }
    struct sockaddr_in6 *v6 = (void *)ret_address;
    return inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1 && read_port(port, &v6->sin6_port);
}

static gssize parse_v1(const char *bytes, size_t len, KxProxyHeader *ret_header)
{
    const char *end = memmem(bytes, MIN(len, V1_MAX), "\r\n", 2);
    if (!end)
        return len >= V1_MAX ? -1 : 0;
    g_autofree char *line = g_strndup(bytes, (gsize)(end - bytes));
    g_auto(GStrv) parts = g_strsplit(line, " ", V1_PARTS);
    gssize used = end + 2 - bytes;
    ret_header->local = parts[1] && g_str_equal(parts[1], "UNKNOWN");
    if (ret_header->local)
        return used;
    int family = g_strcmp0(parts[1], "TCP4") == 0   ? AF_INET
                 : g_strcmp0(parts[1], "TCP6") == 0 ? AF_INET6
                                                    : AF_UNSPEC;
    gboolean good = family != AF_UNSPEC && g_strv_length(parts) == V1_PARTS &&
                    read_address(family, parts[2], parts[4], &ret_header->from) &&
                    read_address(family, parts[3], parts[5], &ret_header->to);
    return good ? used : -1;
}

/* ---- version 2: section 2.2 ---- */

static void take_v4(const guint8 *at, const guint8 *port, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    memcpy(&v4.sin_addr, at, sizeof v4.sin_addr);
    memcpy(&v4.sin_port, port, sizeof v4.sin_port);
    memcpy(ret_address, &v4, sizeof v4);
}

static void take_v6(const guint8 *at, const guint8 *port, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v6.sin6_addr, at, sizeof v6.sin6_addr);
    memcpy(&v6.sin6_port, port, sizeof v6.sin6_port);
    memcpy(ret_address, &v6, sizeof v6);
}

static gssize parse_v2(const guint8 *bytes, size_t len, KxProxyHeader *ret_header)
{
    if (len < V2_FIXED)
        return 0;
    guint command = bytes[12] & 0x0f, family = bytes[13];
    size_t rest = (size_t)bytes[14] << 8 | bytes[15];
    const guint8 *at = bytes + V2_FIXED;
    if ((bytes[12] & 0xf0) != V2_VERSION || command > V2_PROXY ||
        V2_FIXED + rest > KX_PROXY_HEADER_MAX)
        return -1;
    if (len < V2_FIXED + rest)
        return 0;
    if (command == V2_PROXY && family == V2_TCP4 && rest >= 12) {
        take_v4(at, at + 8, &ret_header->from);
        take_v4(at + 4, at + 10, &ret_header->to);
    } else if (command == V2_PROXY && family == V2_TCP6 && rest >= 36) {
        take_v6(at, at + 32, &ret_header->from);
        take_v6(at + 16, at + 34, &ret_header->to);
    } else if (command == V2_LOCAL || family == 0) {
        ret_header->local = TRUE;
    } else {
        return -1;
    }
    return (gssize)(V2_FIXED + rest);
}

gssize kx_proxy_header_parse(const void *bytes, size_t len, KxProxyHeader *ret_header)
{
    memset(ret_header, 0, sizeof *ret_header);
    if (begins(bytes, len, V2_BEGIN, sizeof V2_BEGIN))
        return parse_v2(bytes, len, ret_header);
    if (begins(bytes, len, V1_BEGIN, sizeof V1_BEGIN - 1))
        return parse_v1(bytes, len, ret_header);
    return -1;
}
